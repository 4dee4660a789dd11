"""Regular expressions that are compiled when they are first needed: a small build needs few of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator


class Pattern:
    """A pattern whose methods compile it on first use and then are the compiled ones.

    Args:
        source: Python syntax.
        flags: of :mod:`re`.
    """

    __slots__ = ("_compiled", "findall", "finditer", "fullmatch", "match", "search", "sub")

    match: Callable[[str], re.Match[str] | None]
    search: Callable[[str], re.Match[str] | None]
    fullmatch: Callable[[str], re.Match[str] | None]
    sub: Callable[[Callable[[re.Match[str]], str], str], str]
    findall: Callable[[str], list[tuple[str, ...]]]
    finditer: Callable[[str], Iterator[re.Match[str]]]

    def __init__(self, source: str, flags: int = 0) -> None:
        self._compiled = (source, flags)

    def __getattr__(self, name: str) -> object:
        compiled = re.compile(*self._compiled)
        for method in ("match", "search", "fullmatch", "sub", "findall", "finditer"):
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)
