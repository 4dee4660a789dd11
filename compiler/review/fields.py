"""Comparing two values field by field: maps by key, lists by the keys of their items or by content."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from compiler.review.listkeys import match_items
from compiler.review.masked import Masked
from compiler.review.model import FieldChange, Path

# Beyond this many pairs of differing items a list without keys is shown as a whole: finding the longest common
# part is quadratic at best, and nobody reads such a list item by item.
_PAIRS = 250_000


def same(before: Any, after: Any) -> bool:
    """Whether two values are the same to a reader of the rendering: ``1``, ``1.0`` and ``true`` are three values."""
    if type(before) is not type(after):
        return False
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(same(value, after[key]) for key, value in before.items())
    if isinstance(before, list):
        return len(before) == len(after) and all(map(same, before, after))
    if isinstance(before, float):
        return repr(before) == repr(after)
    return bool(before == after)


def compare_fields(before: Any, after: Any, path: Path = ()) -> Iterator[FieldChange]:
    """The differences between two values, sorted by key within a map.

    Applying them to ``before`` gives ``after``: in each list first the changes inside items, then the removals, then
    the new order, then the additions, each at its index.

    Args:
        before: plain data.
        after: plain data.
        path: where the values stand in their object.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            if key not in after:
                yield FieldChange((*path, key), "removed", before=before[key])
            elif key not in before:
                yield FieldChange((*path, key), "added", after=after[key])
            else:
                yield from compare_fields(before[key], after[key], (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        if not same(before, after):
            yield from _compare_lists(before, after, path)
    elif not same(before, after):
        yield FieldChange(path, "changed", before, after)


def _compare_lists(before: list[Any], after: list[Any], path: Path) -> Iterator[FieldChange]:
    names = match_items(path, before, after)
    if names is None:
        yield from _by_content(before, after, path)
        return
    left, right = names
    items = dict(zip(right, after, strict=True))
    kept = set(left)
    for index, (name, item) in enumerate(zip(left, before, strict=True)):
        if name in items:
            yield from compare_fields(item, items[name], (*path, name))
        else:
            yield FieldChange((*path, name), "removed", before=item, index=index)
    old_order = tuple(str(name) for name in left if name in items)
    new_order = tuple(str(name) for name in right if name in kept)
    if old_order != new_order:
        yield FieldChange(path, "order", old_order, new_order)
    for index, (name, item) in enumerate(zip(right, after, strict=True)):
        if name not in kept:
            yield FieldChange((*path, name), "added", after=item, index=index)


def _by_content(before: list[Any], after: list[Any], path: Path) -> Iterator[FieldChange]:
    left = [canonical(item) for item in before]
    right = [canonical(item) for item in after]
    if sorted(left) == sorted(right):
        yield FieldChange(path, "order", before, after)
        return
    if _differing(left, right) > _PAIRS:
        yield FieldChange(path, "changed", before, after)
        return
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        paired = 0
        while i1 + paired < i2 and j1 + paired < j2 and _alike(before[i1 + paired], after[j1 + paired]):
            yield from compare_fields(before[i1 + paired], after[j1 + paired], (*path, i1 + paired))
            paired += 1
        for index in range(i1 + paired, i2):
            yield FieldChange((*path, index), "removed", before=before[index], index=index)
        for index in range(j1 + paired, j2):
            yield FieldChange((*path, index), "added", after=after[index], index=index)


def _differing(left: list[str], right: list[str]) -> int:
    """How many pairs of items remain when the equal ends are put aside."""
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    end = 0
    while end < min(len(left), len(right)) - start and left[-1 - end] == right[-1 - end]:
        end += 1
    return (len(left) - start - end) * (len(right) - start - end)


def _alike(before: Any, after: Any) -> bool:
    """Whether an item that took another's place is better read as a change of it than as another item."""
    if isinstance(before, dict) and isinstance(after, dict):
        common = before.keys() & after.keys()
        return before.keys() == after.keys() or any(same(before[key], after[key]) for key in common)
    return not isinstance(before, dict) and not isinstance(after, dict)


def canonical(value: Any) -> str:
    """A text that is the same for the same values and different for different ones, whatever the order of keys."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=_token)


def _token(value: Any) -> str:
    if isinstance(value, Masked):
        return value.token()
    raise TypeError(f"{type(value).__name__} is not plain data")
