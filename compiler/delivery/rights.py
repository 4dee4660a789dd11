"""The rights that applying an overlay takes: verbs by resources in its namespace, and nothing more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from compiler.delivery.names import namespaced_kinds
from compiler.k8s.objects import Object

VERBS = ("get", "list", "watch", "create", "patch", "update", "delete")
"""What server-side apply, drift detection and pruning do."""

_WATCHED = {"Deployment": ("ReplicaSet", "Pod"), "StatefulSet": ("Pod",)}
_READ = ("get", "list", "watch")


def applier_role(
    objects: Sequence[Object], *, name: str, namespace: str, kinds: Iterable[tuple[str, str]] = ()
) -> Object:
    """A Role with what an applier needs to apply and prune ``objects``, by group and resource.

    Args:
        objects: what the overlay renders to; objects of the cluster are left out, a Role cannot allow them.
        name: of the Role.
        namespace: of the Role.
        kinds: group and kind of what is applied besides, e.g. ``("", "Secret")`` for what sops seals.

    Returns:
        a ``rbac.authorization.k8s.io/v1`` Role, its rules sorted by group; the last ones allow to read what waiting for
        Deployments and StatefulSets looks at (kstatus lists their ReplicaSets and Pods).
    """
    used = namespaced_kinds(objects) | set(kinds)
    by_group: dict[str, list[str]] = {}
    for group, kind in sorted(used):
        by_group.setdefault(group, []).append(resource_of(kind))
    rules: list[dict[str, Any]] = [
        {"apiGroups": [group], "resources": sorted(resources), "verbs": list(VERBS)}
        for group, resources in sorted(by_group.items())
    ]
    watched = {kind for _, parent in used for kind in _WATCHED.get(parent, ())}
    for kind, group in (("Pod", ""), ("ReplicaSet", "apps")):
        if kind in watched and (group, kind) not in used:
            rules.append({"apiGroups": [group], "resources": [resource_of(kind)], "verbs": list(_READ)})
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": name, "namespace": namespace},
        "rules": rules,
    }


def resource_of(kind: str) -> str:
    """The resource of a kind as Kubernetes' own naming has it: ``NetworkPolicy`` is ``networkpolicies``."""
    word = kind.lower()
    if word == "endpoints":
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"
