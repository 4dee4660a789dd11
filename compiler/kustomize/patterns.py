"""Regular expressions as Go means them: RE2 where there is something to match, plain comparison where there is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.lazy import Pattern

Matcher = Callable[[str], bool]
_LITERAL = Pattern(r"[A-Za-z0-9_/@:%,;<>=~!\"'& -]*\Z")


@cache
def compile_pattern(pattern: str, *, literal: str | None = None, tail: str = "") -> Matcher:
    """A function that says whether a pattern matches somewhere in a text.

    Args:
        pattern: RE2 syntax.
        literal: the part of the pattern that a person wrote; when it has no metacharacter, Python's own (linear here)
            expressions do.
        tail: the fixed rest of the pattern.

    Raises:
        KustomizeError: RE2 refuses the pattern.
    """
    if literal is not None and _LITERAL.match(literal):
        return _truth(re.compile(f"{re.escape(literal)}{tail}", re.ASCII).fullmatch)
    return re2_search(pattern)


def re2_search(pattern: str) -> Matcher:
    """An unanchored RE2 search.

    Raises:
        KustomizeError: RE2 refuses the pattern.
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return _truth(re2.compile(pattern, options).search)
    except re2.error as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
        said = said.partition(": ")[0].replace("missing )", "missing closing )")
        raise KustomizeError(
            f"error parsing regexp: {said}: `{pattern}`", hint="selectors are regular expressions in RE2 syntax"
        ) from None


@cache
def anchored(pattern: str) -> Matcher:
    """A selector's pattern, which must match the whole text (``^(?:…)$``); the empty one matches everything."""
    if not pattern:
        return lambda _: True
    if _LITERAL.match(pattern):
        return lambda text: text == pattern
    return re2_search(f"^(?:{pattern})$")


def is_literal(pattern: str) -> bool:
    """Whether a pattern matches nothing but itself."""
    return _LITERAL.match(pattern) is not None


def _truth(function: Callable[[str], Any]) -> Matcher:
    return lambda text: function(text) is not None
