"""Reading objects that may be malformed: the schema rules report wrong types, the other rules look past them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def at(value: Any, *path: str) -> Any:
    """The value at ``path`` of nested maps, or ``None``."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def map_at(value: Any, *path: str) -> dict[str, Any]:
    """The map at ``path``, or an empty one."""
    found = at(value, *path)
    return found if isinstance(found, dict) else {}


def maps_at(value: Any, *path: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The maps of the list at ``path``, with their index."""
    found = at(value, *path)
    if isinstance(found, list):
        for index, item in enumerate(found):
            if isinstance(item, dict):
                yield index, item


def text_at(value: Any, *path: str) -> str:
    """The text at ``path``, or an empty one."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def labels_of(value: Any, *path: str) -> dict[str, str]:
    """The labels (text to text) at ``path``."""
    return {key: text for key, text in map_at(value, *path).items() if isinstance(key, str) and isinstance(text, str)}
