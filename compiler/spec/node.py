"""A layer as a tree of nodes: plain values that remember the file, line and column they stand at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from compiler.errors import Origin

Path = tuple[str | int, ...]
"""Keys and list indexes from the top of a spec to a value."""

_SIMPLE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place: ``source`` is a file, or ``environment production`` (then ``line`` is 0)."""

    source: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands.

    Args:
        value: a scalar (``None``, bool, int, float, str), a tuple of nodes, or a mapping of nodes in the file's order.
        mark: where the value begins.
        key: where its key begins, for a value of a mapping.
        fresh: for a mapping: it replaces what lower layers say instead of merging with it.
        text: how a scalar that is not a string was written.
    """

    value: Any
    mark: Mark
    key: Mark | None = field(default=None, compare=False)
    fresh: bool = False
    text: str | None = field(default=None, compare=False)

    @property
    def is_mapping(self) -> bool:
        """Whether this is a mapping."""
        return isinstance(self.value, dict)

    @property
    def is_sequence(self) -> bool:
        """Whether this is a list."""
        return isinstance(self.value, tuple)

    @property
    def place(self) -> Mark:
        """Where a person looks for it: its key, or the value itself in a list."""
        return self.key or self.mark


def plain(node: Node) -> Any:
    """The node's value as plain data; entries of mappings that are null are left out, since null means absent."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items() if child.value is not None}
    if isinstance(node.value, tuple):
        return [plain(child) for child in node.value]
    return node.value


def from_plain(data: Any, mark: Mark) -> Node:
    """Plain data as nodes that all stand at ``mark``."""
    if isinstance(data, Mapping):
        return Node({key: replace(from_plain(child, mark), key=mark) for key, child in data.items()}, mark)
    if isinstance(data, list | tuple):
        return Node(tuple(from_plain(child, mark) for child in data), mark)
    return Node(data, mark)


def find(node: Node, path: Path) -> Node | None:
    """The node at ``path``, or ``None``."""
    for step in path:
        if isinstance(node.value, dict) and isinstance(step, str):
            child = node.value.get(step)
        elif isinstance(node.value, tuple) and isinstance(step, int) and 0 <= step < len(node.value):
            child = node.value[step]
        else:
            return None
        if child is None:
            return None
        node = child
    return node


def nearest(node: Node, path: Path) -> tuple[Node, Path]:
    """The deepest node that exists along ``path``, and its own path."""
    for end in range(len(path), 0, -1):
        found = find(node, path[:end])
        if found is not None:
            return found, path[:end]
    return node, ()


def leaves(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Every scalar, list, and empty mapping below ``node`` with its path; null entries are left out."""
    if isinstance(node.value, dict) and node.value:
        for key, child in node.value.items():
            yield from leaves(child, (*path, key))
    elif node.value is not None:
        yield path, node


def render(path: Path) -> str:
    """``("pulp", "plugins", 1)`` as ``pulp.plugins[1]``; keys with dots or slashes in brackets and quotes."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _SIMPLE_KEY.match(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


_STEP = re.compile(r"""\.?([^.\[\]"]+)|\[(\d+)\]|\["([^"]*)"\]""")


def parse_path(text: str) -> Path:
    """The inverse of :func:`render`.

    Raises:
        ValueError: ``text`` is not a path.
    """
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if not match:
            raise ValueError(text)
        position = match.end()
        key, index, quoted = match.groups()
        steps.append(int(index) if index is not None else key if key is not None else quoted)
    return tuple(steps)


def origin(mark: Mark, path: Path = ()) -> Origin:
    """``mark`` as an :class:`~compiler.errors.Origin`."""
    known = mark.line > 0
    return Origin(mark.source, mark.line if known else None, mark.column if known else None, render(path) or None)
