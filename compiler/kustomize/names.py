"""The name prefix and suffix transformers (kustomize.md, 8.2)."""

from __future__ import annotations

from functools import cache
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.fieldspec import FieldSpec, Specs, apply_spec, made_scalar
from compiler.kustomize.identity import group_version
from compiler.kustomize.resource import Resources
from compiler.kustomize.scalars import text_of
from compiler.kustomize.setter import put, undecided, untagged


def add_affix(resources: Resources, text: str, specs: Specs, *, suffix: bool = False) -> None:
    """Put a prefix before, or a suffix after, the name of every resource.

    Args:
        text: the prefix or suffix; nothing happens when it is empty.
        specs: the fields (``metadata/name`` unless configured otherwise).
        suffix: whether it goes after the name.
    """
    if not text:
        return

    def write(container: Any, key: Any) -> None:
        old = container[key]
        if type(old) is str:
            container[key] = undecided(old + text if suffix else text + old)
            return
        if isinstance(old, dict | list):
            raise KustomizeError("wrong node kind: expected ScalarNode", hint="a name is a string")
        name = text_of(old)
        put(container, key, untagged(old, name + text if suffix else text + name))

    @cache
    def specs_of(api_version: str, original: str) -> list[FieldSpec]:
        """The specs for an object by the kind of which it was first."""
        if original in ("CustomResourceDefinition", "Namespace"):
            return []
        if original == "APIService" and api_version.startswith("apiregistration.k8s.io/"):
            return []
        group, version = group_version(api_version)
        return [spec for spec in specs.specs if spec.matches(group, version, original)]

    for resource in resources:
        original = resource.previous[0][2] if resource.previous else resource.kind
        for spec in specs_of(resource.api_version, original):
            walked = spec.matches(*group_version(resource.api_version), resource.kind)  # as it is by now
            if spec.path == "metadata/name":
                (resource.suffixes if suffix else resource.prefixes).append(text)
                resource.push_history()
                if walked and type(resource.metadata.get("name")) is str:
                    write(resource.metadata, "name")  # as below, at once
                    continue
            if walked:
                apply_spec(resource, spec, write, made_scalar)
    resources.changed()
