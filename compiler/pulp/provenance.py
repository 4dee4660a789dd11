"""Where a value in an object comes from: values are marked while it is built, and the marks read off at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class From:
    """A value (or a whole subtree) together with the spec key that decided it.

    Args:
        key: dotted path in the effective spec, e.g. ``api.replicas``.
        value: plain data, possibly with further marks inside.
    """

    key: str
    value: Any


def strip(value: Any) -> tuple[Any, dict[str, str]]:
    """Plain data without marks, and the marks.

    ``None`` members of mappings are left out, so that an optional field is written as ``"field": value_or_none``.

    Returns:
        The data, and JSON Pointer (RFC 6901) -> spec key for every marked place that is still there.
    """
    marks: dict[str, str] = {}
    return _strip(value, "", marks), marks


def _strip(value: Any, pointer: str, marks: dict[str, str]) -> Any:
    if isinstance(value, From):
        plain = _strip(value.value, pointer, marks)
        if plain is not None:
            marks.setdefault(pointer, value.key)
        return plain
    if isinstance(value, dict):
        members: dict[str, Any] = {}
        for key, member in value.items():
            if isinstance(member, str):
                members[key] = member
            elif member is not None:
                plain = _strip(member, f"{pointer}/{escape(key)}", marks)
                if plain is not None:
                    members[key] = plain
        return members
    if isinstance(value, (list, tuple)):
        return [_strip(item, f"{pointer}/{index}", marks) for index, item in enumerate(value)]
    return value


def escape(token: str) -> str:
    """One reference token of a JSON Pointer."""
    return token.replace("~", "~0").replace("/", "~1") if "/" in token or "~" in token else token


def bare(value: Any) -> Any:
    """The data without marks, when nobody asks where it came from."""
    return strip(value)[0]
