"""The patches of one object: a strategic merge as far as it goes, JSON 6902 operations for the rest.

What a strategic merge does is not argued here, it is tried: the proposal of :mod:`compiler.overlay.strategic` is merged
by the engine, and what is still different becomes operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from compiler.k8s.objects import Object
from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.merge import strategic_merge
from compiler.overlay.operations import Operation, operations
from compiler.overlay.strategic import DIRECTIVE, strategic_patch


@dataclass(frozen=True, slots=True)
class ObjectPatch:
    """What turns one object into another; the merge is applied first.

    Args:
        merge: a strategic-merge patch document, complete, or None.
        operations: JSON 6902 operations, none for most objects.
    """

    merge: Object | None = None
    operations: tuple[Operation, ...] = ()


def patch_between(old: Object, new: Object) -> ObjectPatch:
    """The shortest patch that turns ``old`` into ``new``.

    Args:
        old: an object as the parent renders it.
        new: the object that is wanted; ``apiVersion``, ``kind`` and ``metadata.name`` are those of ``old``.
    """
    old, new = without_empty_annotations(old), without_empty_annotations(new)
    direct = operations(old, new)
    if not direct:
        return ObjectPatch()
    fields = strategic_patch(old, new)
    if fields and not _has_empty_key(old) and not _has_empty_key(new):
        merge = addressed(old, fields)
        merged = _merged(old, merge)
        if merged is not None:
            rest = operations(merged, new)
            if len(rest) < len(direct) or not rest:
                return ObjectPatch(merge, tuple(rest))
    return ObjectPatch(operations=tuple(direct))


def deletion(old: Object) -> Object:
    """The patch document that deletes ``old``."""
    return {DIRECTIVE: "delete", **addressed(old, {})}


def addressed(old: Object, fields: dict[str, Any]) -> Object:
    """A patch document for ``old`` that holds ``fields``."""
    names: dict[str, Any] = {key: old["metadata"][key] for key in ("name", "namespace") if key in old["metadata"]}
    kind: dict[str, Any] = {key: old[key] for key in ("apiVersion", "kind") if key in old}
    rest = {key: value for key, value in fields.items() if key != "metadata"}
    return {**kind, "metadata": {**names, **fields.get("metadata", {})}, **rest}


def without_empty_annotations(obj: Object) -> Object:
    """``obj`` without ``metadata.annotations`` when it is empty: Kustomize drops it in every rendering."""
    metadata = obj["metadata"]
    if "annotations" not in metadata or metadata["annotations"]:
        return obj
    return {**obj, "metadata": {key: value for key, value in metadata.items() if key != "annotations"}}


def _has_empty_key(value: Any) -> bool:
    """Kustomize 5.8.1 cannot merge a map with the key ``""`` ("expected ScalarNode but got MappingNode")."""
    if isinstance(value, dict):
        return "" in value or any(map(_has_empty_key, value.values()))
    return isinstance(value, list) and any(map(_has_empty_key, value))


def _merged(old: Object, patch: Object) -> Object | None:
    try:
        merged = strategic_merge(old, patch)
    except KustomizeError:
        return None
    return None if merged is None else without_empty_annotations(merged)
