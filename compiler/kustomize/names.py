"""The name prefix and suffix transformers (kustomize.md, 8.2)."""

from __future__ import annotations

from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.fieldspec import Specs, apply_spec, made_scalar
from compiler.kustomize.identity import group_version
from compiler.kustomize.resource import Resources
from compiler.kustomize.scalars import text_of
from compiler.kustomize.setter import put, untagged


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
        if isinstance(old, dict | list):
            raise KustomizeError("wrong node kind: expected ScalarNode", hint="a name is a string")
        name = text_of(old)
        put(container, key, untagged(old, name + text if suffix else text + name))

    for resource in resources:
        api_version, kind = resource.api_version, resource.kind
        original = resource.previous[0][2] if resource.previous else kind
        if _is_skipped(api_version, original):
            continue
        group, version = group_version(api_version)
        for spec in specs.specs:
            if not spec.matches(group, version, original):
                continue
            named = False
            if spec.path == "metadata/name":
                (resource.suffixes if suffix else resource.prefixes).append(text)
                resource.push_history()
                named = type(resource.metadata.get("name")) is str
            if kind != original and not spec.matches(group, version, kind):
                continue
            if named:
                write(resource.metadata, "name")
            else:
                apply_spec(resource, spec, write, made_scalar)
    resources.changed()


def _is_skipped(api_version: str, kind: str) -> bool:
    if kind in ("CustomResourceDefinition", "Namespace"):
        return True
    return kind == "APIService" and api_version.startswith("apiregistration.k8s.io/")
