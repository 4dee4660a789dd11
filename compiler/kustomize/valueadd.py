"""ValueAddTransformer: one value into fields, or into a place of the file paths that they hold (kustomize.md, 16.2)."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.fieldpath import Place, get_place, is_condition, split_condition
from compiler.kustomize.loader import Loader
from compiler.kustomize.namespace import put_namespace
from compiler.kustomize.reader import decode
from compiler.kustomize.resource import Resources
from compiler.kustomize.scalars import EMPTY_NULL, text_of
from compiler.kustomize.selectors import select
from compiler.kustomize.setter import made_key, put, untagged
from compiler.kustomize.strict import decode as decode_struct
from compiler.kustomize.yaml11 import read_yaml11

_NAMESPACE = "metadata/namespace"


def value_add(config: Mapping[str, Any], loader: Loader) -> Callable[[Resources], None]:
    """The transformer of a configuration.

    Args:
        config: ``value`` (default: the name of the kustomization's folder), ``targets``, ``targetFilePath``.

    Raises:
        KustomizeError: no target, a target without a field path, or a file that cannot be read.
    """
    value = config.get("value", "").strip() or posixpath.basename(loader.root)
    if not value:
        raise KustomizeError("no value, and the folder at the top of the tree has no name", hint="add value: …")
    targets = list(config.get("targets", ()))
    path = config.get("targetFilePath")
    if path:
        content, where = loader.load(path)
        try:
            data = read_yaml11(decode(content))[0]
            fields = decode_struct(data, "ValueAddTargets", what="", known_only=False, coerce=True)
        except KustomizeError as error:
            raise error.at(where) from None
        targets += fields.get("targets", [])
    if not targets:
        raise KustomizeError("must specify at least one target", hint="add targets: [{fieldPath: …}]")
    for target in targets:
        position = target.get("filePathPosition", 0)
        if not target.get("fieldPath"):
            raise KustomizeError("fieldPath cannot be empty", hint="write fieldPath as spec/template/…")
        if position < 0:
            raise KustomizeError(f"value of FilePathPosition ({position}) cannot be negative", hint="1 is the first")
    return lambda resources: _run(resources, value, targets)


def _run(resources: Resources, value: str, targets: Sequence[Mapping[str, Any]]) -> None:
    for target in targets:
        selector = target.get("selector")
        chosen = list(resources) if selector is None else select(resources, selector)
        path, position = target["fieldPath"], target.get("filePathPosition", 0)
        for resource in chosen:
            try:
                if path == _NAMESPACE:
                    put_namespace(resource, value)
                else:
                    _add(resource.node, _segments(path), value, position)
            except KustomizeError as error:
                raise error.at(resource.origin.path, line=resource.origin.line) from None
        resources.changed()


def _segments(path: str) -> list[str]:
    """The segments of ``a/b``; a backslash keeps the slash after it in its segment."""
    found: list[str] = []
    for piece in path.split("/"):
        if found and found[-1].endswith("\\"):
            found[-1] = f"{found[-1][:-1]}/{piece}"
        else:
            found.append(piece)
    return [segment for segment in (piece.strip() for piece in found) if segment]


def _add(node: dict[str, Any], segments: list[str], value: str, position: int) -> None:
    place = _made(node, segments)
    if place is None:
        return
    container, key = place
    old = container[key]
    if isinstance(old, dict | list):
        found = "MappingNode" if isinstance(old, dict) else "SequenceNode"
        raise KustomizeError(f"wrong node kind: expected ScalarNode but got {found}")
    put(container, key, untagged(old, _inserted(text_of(old), position, value) if position else value))


def _inserted(path: str, position: int, value: str) -> str:
    """A file path with a part more, at a 1-based position; a position beyond its end appends."""
    parts = [] if not path else [""] if path == "/" else path.split("/")
    at = min(position - 1, len(parts))
    if parts and not parts[0] and at < len(parts):
        at += 1
    parts.insert(at, value)
    joined = posixpath.normpath("/".join(part for part in parts if part))
    return f"/{joined}" if not parts[0] else joined


def _made(node: dict[str, Any], segments: list[str]) -> Place | None:
    """The place of a path whose missing maps, elements and last field are made; None beyond the end of a list."""
    place: Place = ([node], 0)
    for at, segment in enumerate(segments):
        current = place[0][place[1]]
        found = get_place(current, (segment,))
        if found is None and is_condition(segment):
            field, text = split_condition(segment)
            current.append({made_key(field): untagged(None, text)} if field else untagged(None, text))
            found = (current, len(current) - 1)
        elif found is None and isinstance(current, dict):
            current[made_key(segment)] = _empty(segments[at + 1] if at + 1 < len(segments) else None)
            found = (current, segment)
        if found is None:
            return None
        place = found
    return place


def _empty(following: str | None) -> Any:
    if following is None:
        return EMPTY_NULL
    return [] if is_condition(following) or following.isdigit() or following == "-" else {}
