"""The label and annotation transformers (kustomize.md, 8.3 and 8.4)."""

from __future__ import annotations

from collections.abc import KeysView, Mapping
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.fieldspec import FieldSpec, Specs, merge_specs
from compiler.kustomize.resource import Resource, Resources
from compiler.kustomize.routes import Hit
from compiler.kustomize.scalars import NULL, Shared, is_null, text_of
from compiler.kustomize.setter import is_quoted, made_key, put, set_style

_METADATA_LABELS = FieldSpec("", "", "", "metadata/labels", True)


def label_specs(entry: Mapping[str, Any], config: Mapping[str, tuple[FieldSpec, ...]]) -> Specs:
    """The fields that an entry of ``labels`` sets.

    Args:
        entry: ``pairs``, ``fields``, ``includeSelectors``, ``includeTemplates``.
        config: the tables in force.

    Raises:
        KustomizeError: ``fields`` disagree with a table.
    """
    specs = tuple(
        FieldSpec(
            field.get("group", ""),
            field.get("version", ""),
            field.get("kind", ""),
            field.get("path", ""),
            field.get("create", False),
        )
        for field in entry.get("fields", ())
    )
    specs = merge_specs(specs, config["labels"], "labels")
    if entry.get("includeSelectors"):
        return Specs(merge_specs(specs, config["commonLabels"], "labels"))
    if entry.get("includeTemplates"):
        specs = merge_specs(specs, config["templateLabels"], "labels")
    return Specs(merge_specs(specs, (_METADATA_LABELS,), "labels"))


def set_pairs(resources: Resources, pairs: Mapping[str, str], specs: Specs) -> None:
    """Set labels or annotations in every field that the specs name.

    One node serves all places of one object, as in the real tool: see :class:`compiler.kustomize.scalars.Shared`.
    """
    if not pairs:
        return
    setters = [_Setter(key, value) for key, value in sorted(pairs.items())]
    bare = any(spec.path == _ANNOTATIONS and not spec.create for spec in specs.specs)
    for resource in resources:
        if bare and any(spec.path == _ANNOTATIONS and not spec.create for spec in specs.of(resource)):
            _show_annotations(resource)
        maps = _maps_without(pairs.keys(), specs.hits(resource, dict))
        for setter in setters:
            if maps is None:
                setter.run(resource, specs)
            else:
                setter.add(maps, setter.given)


def _maps_without(keys: KeysView[str], hits: list[Hit] | None) -> list[dict[str, Any]] | None:
    """The maps to set keys in, where all are maps and none has any of the keys: then no old value says how."""
    if hits is None:
        return None
    maps = []
    for _, container, key in hits:
        found = container[key]
        if type(found) is not dict or not keys.isdisjoint(found):
            return None
        maps.append(found)
    return maps


_ANNOTATIONS = "metadata/annotations"


def _show_annotations(resource: Resource) -> None:
    """Give an object a map of annotations where the real tool keeps its own notes in one, so that there is one."""
    metadata = resource.metadata
    if resource.noted() and is_null(metadata.get("annotations", NULL)):
        metadata["annotations"] = {}


class _Setter:
    """Sets one key in the maps of one object after another."""

    def __init__(self, key: str, value: str) -> None:
        self.key = key
        self.made = made_key(key)
        self.given = value
        self.value: Any = value
        self.places: list[dict[str, Any]] = []

    def run(self, resource: Resource, specs: Specs) -> None:
        """Set it wherever the specs lead."""
        self.value = self.given
        self.places = []
        specs.each(resource, self.write, dict)
        self.add(self.places, self.value)

    def add(self, maps: list[dict[str, Any]], value: Any) -> None:
        """Set a value in maps that had none."""
        if len(maps) > 1:
            value = Shared(value)
        for found in maps:
            found[self.made] = value

    def write(self, container: Any, key: Any) -> None:
        found = container[key]
        if type(found) is not dict:
            if isinstance(found, list):
                raise KustomizeError("wrong node kind: expected MappingNode but got SequenceNode")
            if is_null(found):
                return
            raise KustomizeError(
                f"wrong node kind: expected MappingNode but got ScalarNode: node contents: {text_of(found)}"
            )
        if self.key not in found:
            found[self.made] = self.value
            self.places.append(found)
            return
        if any(place is found for place in self.places):
            return
        old = found[self.key]
        self.value = set_style(old, self.value)
        if isinstance(old, dict | list):
            found[self.key] = self.value
        else:
            put(found, self.key, self.value)
        if is_quoted(old):
            self.value = set_style(old, self.value)
