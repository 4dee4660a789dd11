"""RoleBindings to their Roles and ServiceAccounts."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.check.finding import Finding
from compiler.check.rendering import Rendering
from compiler.check.rules import found
from compiler.check.shape import map_at, maps_at, text_at


def check_role_bindings(rendering: Rendering) -> Iterator[Finding]:
    """The Role of a RoleBinding, and its ServiceAccounts of the same namespace, exist."""
    for item in rendering.of_kind("RoleBinding"):
        namespace = item.key.namespace
        ref = map_at(item.data, "roleRef")
        name = text_at(ref, "name")
        if ref.get("kind") == "Role" and not rendering.exists("Role", namespace, name):
            yield found("reference/role", item, "roleRef.name", f"Role {name} is not in the rendering")
        for index, subject in maps_at(item.data, "subjects"):
            name, place = text_at(subject, "name"), text_at(subject, "namespace") or namespace
            if subject.get("kind") != "ServiceAccount" or place != namespace or name == "default":
                continue
            if not rendering.exists("ServiceAccount", namespace, name):
                text = f"ServiceAccount {name} is not in the rendering"
                yield found("reference/role", item, f"subjects[{index}].name", text)
