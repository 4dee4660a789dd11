"""Texts with a form of their own: quantities, base64, times. Each test answers what was expected, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

from compiler.k8s.quantity import is_quantity

_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z")
_TIME = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?"
    r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)\Z"
)


def is_base64(text: str) -> bool:
    """Whether Go's ``base64.StdEncoding`` decodes ``text``: it skips line breaks and wants the padding."""
    return _BASE64.match(text.replace("\n", "").replace("\r", "")) is not None


def is_time(text: str) -> bool:
    """Whether ``text`` is an RFC 3339 time."""
    return _TIME.match(text) is not None


FORMATS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "q": ('a quantity such as "500m" or "2Gi"', is_quantity),
    "y": ("base64", is_base64),
    "t": ('a time such as "2026-01-31T12:00:00Z"', is_time),
}
"""Type letter to what is expected, in words, and its test."""
