"""Documents that differ in their values only: from the ninth on, a function made for their shape builds them.

A hundred tenants, a thousand applications: such documents have line for line the same keys in the same columns. What
:mod:`compiler.kustomize.lines` would find out about each line again is the same for all of them, so it is written down
once as a Python expression of maps and lists, in which every value is taken from its line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

AFTER = 8
"""How many documents of a shape are read before a function is made for it: that costs as much as reading a dozen."""
MAX_LINES = 400
"""The longest document that is looked at: a shape is remembered by its lines."""
MAX_SHAPES = 2_000
"""The most shapes that are remembered."""
MAX_DEPTH = 60
"""The deepest nesting; Python's own parser ends at 200 brackets."""

Build = Callable[[list[Any], Any], Any]
"""Makes a document from the values of its lines, and from what an empty value is."""


class Slot:
    """Where the value of a line goes.

    Args:
        line: the number of the line.
        copied: whether the value is a list, of which every document gets its own.
    """

    __slots__ = ("copied", "line")

    def __init__(self, line: int, *, copied: bool = False) -> None:
        self.line = line
        self.copied = copied


class Shape:
    """What is known of the documents of one shape."""

    __slots__ = ("build", "first", "met")

    def __init__(self) -> None:
        self.met = 1
        """How many there were."""
        self.build: Build | None = None
        self.first = 0
        """The number of their first line that says something."""

    def learn(self, document: Any, first: int) -> None:
        """Make the function.

        Args:
            document: a document of this shape with a :class:`Slot` in place of every value that a line holds.
            first: the number of its first line that says something.
        """
        # Nothing of a document gets into the source but its keys, each as Python writes a string.
        self.first = first
        source = f"lambda values, empty: {_expression(document)}"
        self.build = eval(source, {"__builtins__": {}})  # noqa: S307 - see above


def depth(node: Any) -> int:
    """How deep maps and lists are nested."""
    if type(node) is dict:
        return 1 + max(map(depth, node.values()), default=0)
    return 1 + max(map(depth, node), default=0) if type(node) is list else 0


def _expression(node: Any) -> str:
    if type(node) is dict:
        return f"{{{', '.join(f'{key!r}: {_expression(value)}' for key, value in node.items())}}}"
    if type(node) is list:
        return f"[{', '.join(map(_expression, node))}]"
    if type(node) is Slot:
        return f"[*values[{node.line}]]" if node.copied else f"values[{node.line}]"
    return "empty"
