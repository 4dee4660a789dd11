"""Lines of places inside YAML text, by libyaml's marks: for people who want to know where something stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import yaml
from yaml import CSafeLoader

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.reader import split_documents

Path = tuple[str | int, ...]
Pick: TypeAlias = Callable[[list[Any], Path, int], int | None]
"""Chooses the item of a list: from its nodes, the path of the list and the index that is wanted."""


def compose(text: str, line: int = 1) -> Any:
    """The document that a line of a file is in, its marks counting from the file's start; None when it has none.

    Args:
        text: the file.
        line: 1-based.
    """
    try:
        pieces = [piece for piece in split_documents(text) if piece[1] < line]
        body, first = pieces[-1]
        return next(iter(yaml.compose_all("\n" * first + body, Loader=CSafeLoader)), None)
    except (yaml.YAMLError, KustomizeError, RecursionError, IndexError, ValueError):
        return None


def block(node: Any) -> str | None:
    """The text of a block scalar (``|``), below as many empty lines as stand above it in its file; else None."""
    if not isinstance(node, yaml.ScalarNode) or node.style != "|":
        return None
    return "\n" * (node.start_mark.line + 1) + str(node.value)


def line_of(node: Any) -> int:
    """The 1-based line of a node."""
    return int(node.start_mark.line) + 1


def child(node: Any, key: str) -> Any:
    """The value of a key of a map, also one that ``<<`` brings in; None when there is none. Letter case is as in JSON
    for Go: it does not count.
    """
    found = _entry(node, key)
    return None if found is None else found[1]


def by_index(items: list[Any], path: Path, index: int) -> int | None:
    """The item at the index that is wanted."""
    return index


def find(node: Any, path: Path, pick: Pick = by_index) -> tuple[int | None, int]:
    """The line of a path, as near as it can be found.

    Args:
        node: a document, or a part of one.
        path: keys and indexes.
        pick: chooses items of lists.

    Returns:
        The 1-based line, None when there is no document; and how many steps of the path were found.
    """
    line = None if node is None else line_of(node)
    for depth, step in enumerate(path):
        if isinstance(step, int):
            items = node.value if isinstance(node, yaml.SequenceNode) else []
            index = pick(items, path[:depth], step)
            if index is None or index >= len(items):
                return line, depth
            node = items[index]
            line = line_of(node)
        else:
            found = _entry(node, step)
            if found is None:
                return line, depth
            line, node = line_of(found[0]), found[1]
    return line, len(path)


def at(node: Any, path: Path) -> Any:
    """The node at a path, None when there is none."""
    for step in path:
        if isinstance(step, int):
            node = node.value[step] if isinstance(node, yaml.SequenceNode) and step < len(node.value) else None
        else:
            node = child(node, step)
    return node


def text_at(node: Any, *path: str) -> str | None:
    """The text of a scalar below a map."""
    found = at(node, path)
    return str(found.value) if isinstance(found, yaml.ScalarNode) else None


def member(node: Any, kind: str, name: str) -> Any:
    """The object of a kind and name inside the items of a ``List``; the node itself when it is none."""
    items = child(node, "items")
    if not (text_at(node, "kind") or "").endswith("List") or not isinstance(items, yaml.SequenceNode):
        return node
    if text_at(node, "kind") == kind and text_at(node, "metadata", "name") == name:
        return node
    for item in items.value:
        found = member(item, kind, name)
        if text_at(found, "kind") == kind and text_at(found, "metadata", "name") == name:
            return found
    return node


def _entry(node: Any, key: str) -> tuple[Any, Any] | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    near: tuple[Any, Any] | None = None
    for name, value in node.value:
        if not isinstance(name, yaml.ScalarNode):
            continue
        if name.value == key:
            return name, value
        if name.value.lower() == key.lower():
            near = name, value
        elif name.value == "<<" and near is None:
            sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
            near = next((found for source in sources if (found := _entry(source, key)) is not None), None)
    return near
