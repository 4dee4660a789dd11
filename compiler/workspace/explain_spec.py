"""The key of the spec behind a rendered value, for the folders that the compiler writes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from compiler.errors import Origin
from compiler.k8s.objects import Object, ObjectKey, key_of
from compiler.k8s.tree import Tree
from compiler.kustomize.trace import History, same
from compiler.kustomize.trace_chain import Path, counterpart, value_at
from compiler.pulp.provenance import escape
from compiler.workspace.compilation import Compilation
from compiler.workspace.repository import SPEC


@dataclass(frozen=True, slots=True)
class SpecSource:
    """The key of the spec that decided a value.

    Args:
        key: dotted path in the effective spec, e.g. ``content.replicas``.
        said: who said it: ``overlays/prod/pulp.yaml:12``, ``environment replica`` or ``default``; empty for a section,
            whose keys together decide.
        origin: the line of the layer (of its ``environment``, when that decides); None for a default.
    """

    key: str
    said: str
    origin: Origin | None


class SpecSources:
    """Finds keys for the objects of one folder.

    Args:
        tree: the repository.
        folder: the folder; it need not have a spec.
    """

    def __init__(self, tree: Tree, folder: str) -> None:
        self._folder = folder
        self._models = Compilation(tree)
        self._has_spec = tree.is_file(f"{folder}/{SPEC}")

    @cached_property
    def _objects(self) -> dict[ObjectKey, Object]:
        """The objects of the model, generated ConfigMaps among them."""
        model = self._models.compiled(self._folder).model
        objects = model.by_key()
        for made in model.config_maps:
            key = ObjectKey("", "ConfigMap", model.namespace or "", made.name)
            objects[key] = {"apiVersion": "v1", "kind": "ConfigMap", "data": dict(made.files)}
        return objects

    def source(self, history: History, path: Path, wanted: Any) -> SpecSource | None:
        """The key behind a value.

        Args:
            history: of the object.
            path: of the field in the object as it was printed; empty for the whole object.
            wanted: its value before names followed others; the model must have the same.

        Returns:
            None when the model does not have it: a sealed object, or something that a person's component wrote.

        Raises:
            CompilerError: the spec is wrong.
        """
        if not self._has_spec:
            return None
        effective = self._models.spec(self._folder)
        compiled = self._models.compiled(self._folder)
        objects = self._objects
        rendered = key_of(history.data)
        keys = [ObjectKey(rendered.group, rendered.kind, rendered.namespace, name) for name in history.names]
        keys = [one for one in keys if one in compiled.sources and one in objects]
        if not keys:
            return None
        key = keys[0]
        place = counterpart(objects[key], history.data, path)
        if place is None or (path and not same(value_at(objects[key], place), wanted)):
            return None
        marks = compiled.sources[key]
        pointers = ["".join(f"/{escape(str(step))}" for step in place[:end]) for end in range(len(place), -1, -1)]
        name = next((marks[pointer] for pointer in pointers if marks.get(pointer)), None)
        if name is None:
            return None
        if _is_section(effective.spec, name):
            return SpecSource(name, "", effective.origin(name))
        said = effective.value_source(name)
        origin = effective.origin("environment") if said.startswith("environment ") else effective.origin(name)
        return SpecSource(name, said, origin)


def _is_section(spec: Any, key: str) -> bool:
    """Whether a key of the spec holds a map, and not one value."""
    from pydantic import BaseModel

    for name in key.split("."):
        spec = spec.get(name) if isinstance(spec, dict) else getattr(spec, name, None)
    return isinstance(spec, BaseModel | dict)
