"""Several field paths as one tree, so that an object is walked once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, TypeAlias

from compiler.kustomize.scalars import Scalar

_number = itemgetter(0)

Hit: TypeAlias = "tuple[int, Any, Any]"
"""The number of a path, and the container and key that it leads to."""
_Fork: TypeAlias = "tuple[str, tuple[int, ...], bool, bool, list[_Fork]]"
"""A field's name, the paths that end there, whether it is made where it is missing, whether it is written as a list,
and what the paths pass below it."""


class Routes:
    """Paths of fields, each a tuple of names (``containers[]`` is a list); lists are walked through.

    Args:
        paths: each with whether its fields are made where they are missing. None is empty or has an empty name, none
            begins as another one ends, and none that is made goes through what is a list in another: they would see
            what the other did.
    """

    __slots__ = ("_forks",)

    def __init__(self, paths: Iterable[tuple[tuple[str, ...], bool]]) -> None:
        self._forks = _forks([(path, number, make) for number, (path, make) in enumerate(paths)])

    def hits(self, node: Any, made: Callable[[], Any] | None) -> list[Hit] | None:
        """The places that the paths lead to, path by path.

        Args:
            node: an object.
            made: makes a missing last field.

        Returns:
            None when something unusual stands on the way: then each path is to be walked by itself. Some fields may
            have been made by then, which those walks make as well.
        """
        found: list[Hit] = []
        if not _gather(node, self._forks, made, found):
            return None
        if len(found) > 1:
            found.sort(key=_number)
        return found


def _forks(paths: list[tuple[tuple[str, ...], int, bool]]) -> list[_Fork]:
    below: dict[str, list[tuple[tuple[str, ...], int, bool]]] = {}
    for entry in paths:
        below.setdefault(entry[0][0], []).append(entry)
    forks: list[_Fork] = []
    for segment, entries in below.items():
        name = segment.removesuffix("[]")
        ends = tuple(number for path, number, _ in entries if len(path) == 1)
        deeper = [(path[1:], number, make) for path, number, make in entries if len(path) > 1]
        make = name == segment and any(entry[2] for entry in entries)
        forks.append((name, ends, make, name != segment, _forks(deeper)))
    return forks


def _gather(node: Any, forks: list[_Fork], made: Callable[[], Any] | None, found: list[Hit]) -> bool:
    if type(node) is dict:
        for name, ends, make, listed, below in forks:
            value = node.get(name)
            if value is None:
                if not make or made is None:
                    continue
                value = node[name] = {} if below else made()
            elif type(value) is Scalar and value.tag == "null":
                if listed or (make and made is not None):
                    return False
                for number in ends:
                    found.append((number, node, name))
                continue
            for number in ends:
                found.append((number, node, name))
            if below and not _gather(value, below, made, found):
                return False
    elif type(node) is list:
        for element in node:
            if not _gather(element, forks, made, found):
                return False
    elif type(node) is not Scalar or node.tag != "null":
        return False
    return True
