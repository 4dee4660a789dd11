"""Reaching into an object whose shape nobody has checked: what is not there, or not a map, is ``None``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def at(value: Any, *keys: str) -> Any:
    """The value below ``keys``, or ``None``."""
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def text_at(value: Any, *keys: str) -> str:
    """The text below ``keys``, or an empty one."""
    found = at(value, *keys)
    return found if isinstance(found, str) else ""


def items_at(value: Any, *keys: str) -> list[Any]:
    """The list below ``keys``, or an empty one."""
    found = at(value, *keys)
    return found if isinstance(found, list) else []
