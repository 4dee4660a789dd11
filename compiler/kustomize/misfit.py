"""A patch that does not fit its object: what is wrong, and where in the two."""

from __future__ import annotations

from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.scalars import is_null

DIRECTIVE = "$patch"
DIRECTIVES = ("delete", "replace", "merge")

_NAMES: dict[type, tuple[str, str]] = {
    dict: ("MappingNode", "map"),
    list: ("SequenceNode", "list"),
    str: ("ScalarNode", "single value"),
}


class Misfit(KustomizeError):
    """An error of a merge. The steps that lead there are collected on the way out, the innermost first."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.steps: list[str | dict[str, str]] = []
        """Fields, and elements of lists by their merge keys."""

    @property
    def where(self) -> str:
        """The field, e.g. ``spec.containers[name].env``; empty for the root."""
        steps = (f".{step}" if isinstance(step, str) else f"[{', '.join(step.values())}]" for step in self.steps[::-1])
        return "".join(steps).removeprefix(".")

    def line_in(self, text: str, line: int) -> int:
        """The line of the field in a patch, as near as it can be found.

        Args:
            text: the file of the patch.
            line: where the document starts.
        """
        from compiler.kustomize.marks import child, compose, find

        steps = self.steps[::-1]

        def pick(items: list[Any], above: tuple[str | int, ...], index: int) -> int | None:
            keys = steps[len(above)]
            for number, item in enumerate(items):
                if isinstance(keys, dict) and all(_text(child(item, key)) == value for key, value in keys.items()):
                    return number
            return None

        path = tuple(step if isinstance(step, str) else 0 for step in steps)
        return find(compose(text, line), path, pick)[0] or line


def _text(node: Any) -> str:
    value = getattr(node, "value", "")
    return value if isinstance(value, str) else ""


def wrong_kind(expected: type, found: type) -> Misfit:
    """The error for a map, list or scalar (``str``) where there is something else."""
    names, said = _NAMES[expected], _NAMES[found]
    return Misfit(
        f"wrong node kind: expected {names[0]} but got {said[0]}",
        hint=f"the object has a {names[1]} there, the patch a {said[1]}",
    )


def unknown_directive(value: str) -> Misfit:
    """The error for a ``$patch`` that says nothing."""
    return Misfit(f"unknown patch strategy '{value}'", hint="use delete, replace or merge")


def kind_of(node: Any) -> type | None:
    """``dict``, ``list`` or (for any scalar) ``str``; None for nothing and for null."""
    if node is None or is_null(node):
        return None
    if type(node) is dict:
        return dict
    return list if type(node) is list else str


def require_kind(kind: type, *nodes: Any) -> None:
    """Stop at the first node of another kind; nothing and null are of every kind.

    Args:
        kind: as :func:`kind_of` says it.
        nodes: what is looked at.

    Raises:
        Misfit: a node is of another kind.
    """
    for node in nodes:
        found = kind_of(node)
        if found is not None and found is not kind:
            raise wrong_kind(kind, found)
