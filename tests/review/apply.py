"""Applying reported differences to an object: what :func:`compiler.review.fields.compare_fields` promises."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from compiler.review.model import FieldChange, Match


def apply(value: Any, changes: Sequence[FieldChange], depth: int = 0) -> Any:
    """``value`` after ``changes``, whose paths continue at ``depth``."""
    for change in changes:
        if len(change.path) == depth and change.kind == "changed":
            return copy.deepcopy(change.after)
    if isinstance(value, dict):
        return _apply_map(value, changes, depth)
    if isinstance(value, list):
        return _apply_list(value, changes, depth)
    assert not changes
    return value


def _below(changes: Sequence[FieldChange], depth: int) -> dict[Any, list[FieldChange]]:
    groups: dict[Any, list[FieldChange]] = defaultdict(list)
    for change in changes:
        if len(change.path) > depth:
            groups[change.path[depth]].append(change)
    return groups


def _is_here(change: FieldChange, depth: int) -> bool:
    return len(change.path) == depth + 1 and change.kind in ("added", "removed")


def _apply_map(value: dict[str, Any], changes: Sequence[FieldChange], depth: int) -> dict[str, Any]:
    out = dict(value)
    for key, some in _below(changes, depth).items():
        if not _is_here(some[0], depth):
            out[key] = apply(value[key], some, depth + 1)
        elif some[0].kind == "added":
            assert key not in out
            out[key] = some[0].after
        else:
            del out[key]
    return out


def _apply_list(value: list[Any], changes: Sequence[FieldChange], depth: int) -> list[Any]:
    additions: list[FieldChange] = []
    order: Any = None
    items: list[tuple[str, Any]] = [(str(index), item) for index, item in enumerate(value)]
    steps = [change.path[depth] for change in changes if len(change.path) > depth]
    match = next((step for step in steps if isinstance(step, Match)), None)
    here = [change for change in changes if len(change.path) == depth]
    if here and isinstance(here[0].before, list):
        return list(here[0].after)
    keys = [key for key, _ in match.keys] if match else []
    if here:
        order = here[0].after
        keys = keys or [pair.split("=")[0] for pair in order[0].split(",")]
    if keys:
        items = [(_name(item, keys), item) for item in value]
    removed = set()
    edits: dict[str, list[FieldChange]] = defaultdict(list)
    for change in changes:
        if len(change.path) == depth:
            continue
        if not _is_here(change, depth):
            edits[str(change.path[depth])].append(change)
        elif change.kind == "added":
            additions.append(change)
        else:
            removed.add(str(change.path[depth]))
    kept = [(name, apply(item, edits[name], depth + 1)) for name, item in items if name not in removed]
    if order is not None:
        places = {name: place for place, name in enumerate(order)}
        kept.sort(key=lambda pair: places[pair[0]])
    out = [item for _, item in kept]
    for change in sorted(additions, key=lambda one: one.index or 0):
        assert change.index is not None
        out.insert(change.index, change.after)
    return out


def _name(item: Any, keys: Sequence[str]) -> str:
    pairs = []
    for key in keys:
        found = item
        for part in key.split("."):
            found = found[part]
        pairs.append(f"{key}={found}")
    return ",".join(pairs)
