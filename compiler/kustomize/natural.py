"""The order of keys in printed maps: go-yaml v2's "natural" order (kustomize.md, 18.3)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cmp_to_key


def compare(a: str, b: str) -> int:
    """Negative when ``a`` comes first, positive when ``b`` does. Not a total order, as in the real tool."""
    for i in range(min(len(a), len(b))):
        x, y = a[i], b[i]
        if x == y:
            continue
        x_letter, y_letter = x.isalpha(), y.isalpha()
        if x_letter and y_letter:
            return ord(x) - ord(y)
        if x_letter or y_letter:
            return -1 if y_letter else 1
        start = _carried(a, i) if "0" in (x, y) else 0
        x_value, x_end = _digits(a, i, start)
        y_value, y_end = _digits(b, i, start)
        if x_value != y_value:
            return -1 if x_value < y_value else 1
        if x_end != y_end:
            return x_end - y_end
        return ord(x) - ord(y)
    return len(a) - len(b)


def _carried(text: str, i: int) -> int:
    j = i - 1
    while j >= 0 and text[j].isdecimal():
        if text[j] != "0":
            return 1
        j -= 1
    return 0


def _digits(text: str, i: int, value: int) -> tuple[int, int]:
    while i < len(text) and text[i].isdecimal():
        value = (value * 10 + ord(text[i]) - 48 + (1 << 63)) % (1 << 64) - (1 << 63)
        i += 1
    return value, i


_BY_COMPARE = cmp_to_key(compare)


def sort_keys(keys: Iterable[str]) -> list[str]:
    """The keys in printing order."""
    listed = list(keys)
    if all(key.isalpha() and key.isascii() for key in listed):
        listed.sort()
    else:
        listed.sort(key=_BY_COMPARE)
    return listed
