"""The ``configMapGenerator`` entries between two models, and the files that they read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from compiler.errors import CompilerError
from compiler.k8s.objects import GeneratedConfigMap, Model, Object

_KEY = re.compile(r"(?!\.\.?\Z)[-._a-zA-Z0-9]+\Z")
"""A key of a ConfigMap that is also a file name (Kubernetes: ``[-._a-zA-Z0-9]+``, not ``.`` or ``..``)."""


@dataclass(frozen=True, slots=True)
class Generators:
    """What generators have to do.

    Args:
        entries: of ``configMapGenerator``.
        files: relative path to text.
        relabelled: ConfigMaps of the parent whose labels change: as they are, as they are wanted.
        gone: ConfigMaps of the parent that are not wanted.
    """

    entries: tuple[dict[str, Any], ...]
    files: Mapping[str, str]
    relabelled: tuple[tuple[Object, Object], ...] = ()
    gone: tuple[Object, ...] = ()


def generators(parent: Model | None, wanted: Model, *, moving: bool) -> Generators:
    """The generators that turn the generated ConfigMaps of ``parent`` into those of ``wanted``.

    Args:
        moving: whether the kustomization sets the namespace of everything in it.

    Raises:
        CompilerError: a key is no file name, or a ConfigMap is generated on one side and an object on the other.
    """
    old = {config_map.name: config_map for config_map in parent.config_maps} if parent else {}
    new = {config_map.name: config_map for config_map in wanted.config_maps}
    place = (parent.namespace or "default") if parent else ""
    here = moving or place == (wanted.namespace or "default")
    if parent:
        _refuse(parent, wanted, old.keys() & new.keys() if not here else ())
    entries: list[dict[str, Any]] = []
    files: dict[str, str] = {}
    relabelled: list[tuple[Object, Object]] = []
    for name, config_map in sorted(new.items()):
        before = old.get(name) if here else None
        if before is None:
            entry: dict[str, Any] = {"name": name}
            if wanted.namespace and not moving:
                entry["namespace"] = wanted.namespace
            entry.update(_sources(config_map, config_map.files, files))
            if config_map.labels:
                entry["options"] = {"labels": dict(sorted(config_map.labels.items()))}
            entries.append(entry)
            continue
        if dict(before.files) != dict(config_map.files):
            changed = {key: text for key, text in config_map.files.items() if before.files.get(key) != text}
            merge = before.files.keys() <= config_map.files.keys() and len(changed) < len(config_map.files)
            entry = {"name": name}
            if parent and parent.namespace:
                entry["namespace"] = parent.namespace
            entry["behavior"] = "merge" if merge else "replace"
            entries.append({**entry, **_sources(config_map, changed if merge else config_map.files, files)})
        if dict(before.labels) != dict(config_map.labels):
            relabelled.append((_as_object(before, parent), _as_object(config_map, parent)))
    gone = tuple(_as_object(before, parent) for name, before in sorted(old.items()) if name not in new or not here)
    return Generators(tuple(entries), files, tuple(relabelled), gone)


def _sources(config_map: GeneratedConfigMap, texts: Mapping[str, str], files: dict[str, str]) -> dict[str, Any]:
    paths = []
    for key, text in sorted(texts.items()):
        if not _KEY.match(key) or not _KEY.match(config_map.name):
            raise CompilerError(f"ConfigMap {config_map.name}: the key {key!r} cannot be the name of a file")
        path = f"files/{config_map.name}/{key}"
        files[path] = text
        paths.append(path)
    return {"files": paths} if paths else {}


def _as_object(config_map: GeneratedConfigMap, parent: Model | None) -> Object:
    """A generated ConfigMap as patches see it in the parent's rendering, without its data."""
    metadata: dict[str, Any] = {"name": config_map.name}
    if parent and parent.namespace:
        metadata["namespace"] = parent.namespace
    if config_map.labels:
        metadata["labels"] = dict(sorted(config_map.labels.items()))
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def _refuse(parent: Model, wanted: Model, stranded: Iterable[str]) -> None:
    """What Kustomize cannot do: generate what was an object (or the reverse), or move a generated ConfigMap alone.

    A generator finds what it replaces by every namespace that it ever had, so a second ConfigMap of the name collides.
    """
    old = {config_map.name for config_map in parent.config_maps}
    new = {config_map.name for config_map in wanted.config_maps}
    for name in sorted((old & _plain(wanted)) | (new & _plain(parent))):
        raise CompilerError(
            f"ConfigMap {name} is generated from files on one side and an object on the other",
            hint="give one of the two another name",
        )
    for name in sorted(stranded):
        raise CompilerError(
            f"the generated ConfigMap {name} moves to another namespace, but not all objects do",
            hint="give it another name there",
        )


def _plain(model: Model) -> set[str]:
    return {
        str(obj["metadata"]["name"])
        for obj in model.objects
        if obj.get("kind") == "ConfigMap" and obj.get("apiVersion") == "v1"
    }
