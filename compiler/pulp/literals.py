"""Python literals as text: what is printed evaluates to what was given, with keys sorted and no room for injection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Code:
    """An expression that stands in the output as it is; only ever made from our own text."""

    text: str


def literal(value: Any, indent: int = 0) -> str:
    """The Python source of ``value``.

    Args:
        value: ``None``, bool, int, float, str, sequences and string-keyed mappings of them, or :class:`Code`.
        indent: depth of the line it stands in, in columns, where the closing bracket goes.

    Raises:
        TypeError: there is no literal for this type.
    """
    flat = _flat(value)
    if len(flat) + indent <= _WIDTH or not isinstance(value, (Mapping, list, tuple)) or not value:
        return flat
    pad = " " * indent
    if isinstance(value, Mapping):
        items = [f"{_flat(key)}: {literal(member, len(pad) + 4)}" for key, member in sorted(value.items())]
        opening, closing = "{", "}"
    else:
        items = [literal(member, len(pad) + 4) for member in value]
        opening, closing = ("(", ")") if isinstance(value, tuple) else ("[", "]")
    body = "".join(f"{pad}    {item},\n" for item in items)
    return f"{opening}\n{body}{pad}{closing}"


def _flat(value: Any) -> str:
    match value:
        case Code(text=text):
            return text
        case None | bool() | int() | float():
            return repr(value)
        case str():
            return text_literal(value)
        case Mapping():
            return "{" + ", ".join(f"{_flat(key)}: {_flat(member)}" for key, member in sorted(value.items())) + "}"
        case tuple():
            inner = ", ".join(_flat(member) for member in value)
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        case Sequence():
            return "[" + ", ".join(_flat(member) for member in value) + "]"
        case _:
            raise TypeError(f"no Python literal for {type(value).__name__}")


def text_literal(text: str) -> str:
    """A string literal, in double quotes where they need no escape."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return repr(text)
