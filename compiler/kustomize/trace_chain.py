"""The story of one field: which steps made its value, read backwards from a history.

A path counts in the object as it was printed. On the way back a list may have another order or other items, so each
item is found again by its merge keys, else by a name that is its own, else by its content.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

from compiler.kustomize.schema import merge_keys
from compiler.kustomize.trace import Cause, History, same

Path = tuple[str | int, ...]
"""A place inside an object: keys and list indexes."""


FOLLOWERS = ("HashTransformer", "NameReferenceTransformer", "Output")
"""Steps that run once at the end, and follow from what others wrote."""


class Missing:
    """The value of a field that is not there."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


class Link(NamedTuple):
    """One step of a story.

    Args:
        cause: what made the change.
        moment: the place of the step in the history.
        path: where the field stood after it (before it, when it was removed).
        before: its value before, :data:`MISSING` when it was not there.
        after: its value after, :data:`MISSING` when it was removed.
    """

    cause: Cause
    moment: int
    path: Path
    before: Any
    after: Any


def chain(history: History, path: Path) -> tuple[Link, ...]:
    """The steps that made a field, in order; the last one yields its value.

    Args:
        history: of the object.
        path: the field in the object as it was printed, or as it last was when it has been removed.

    Returns:
        At least one step; none when the object never had such a field.
    """
    moments = history.moments
    links: list[Link] = []
    last = len(moments) - 1
    while last >= 0 and value_at(moments[last].data, path) is MISSING:
        last -= 1
    if last < 0:
        return ()
    if last + 1 < len(moments):
        cause = moments[last + 1].cause
        links.append(Link(cause, last + 1, path, value_at(moments[last].data, path), MISSING))
    for number in range(last, -1, -1):
        cause, data = moments[number]
        after = value_at(data, path)
        earlier = counterpart(moments[number - 1].data, data, path) if number else None
        if earlier is None:
            links.append(Link(cause, number, path, MISSING, after))
            break
        before = value_at(moments[number - 1].data, earlier)
        if not same(before, after):
            links.append(Link(cause, number, path, before, after))
        path = earlier
    return tuple(reversed(links))


def maker(history: History, path: Path) -> Link | None:
    """The step that a person should look at for a field: the last that wrote a scalar, the first that made a map or
    list; for a field that is not there, the one of the nearest place above it.
    """
    while path and value_at(history.data, path) is MISSING:
        path = path[:-1]
    links = chain(history, path)
    if not links:
        return None
    if isinstance(links[-1].after, dict | list):
        return links[0]
    return next((link for link in reversed(links) if link.cause.kind not in FOLLOWERS), links[-1])


def counterpart(before: Any, after: Any, path: Path) -> Path | None:
    """The path in one state of an object of what stands at ``path`` in a later one; None when it was not there."""
    root = after
    found: list[str | int] = []
    for number, step in enumerate(path):
        if isinstance(step, int):
            if not isinstance(before, list) or not isinstance(after, list):
                return None
            index = _item(root, path[:number], before, after, step)
            if index is None:
                return None
            found.append(index)
            before, after = before[index], after[step]
        else:
            if not isinstance(before, dict) or step not in before:
                return None
            found.append(step)
            before, after = before[step], after[step]
    return tuple(found)


def value_at(data: Any, path: Path) -> Any:
    """The value at a path, or :data:`MISSING`."""
    for step in path:
        if isinstance(data, dict) if isinstance(step, str) else isinstance(data, list):
            try:
                data = data[step]
            except LookupError:
                return MISSING
        else:
            return MISSING
    return data


def leaves(data: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of the scalars (and of empty maps and lists) below a value."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from leaves(value, (*path, key))
    elif isinstance(data, list) and data:
        for index, value in enumerate(data):
            yield from leaves(value, (*path, index))
    else:
        yield path


def item_keys(root: Any, path: Path, items: list[Any]) -> tuple[str, ...] | None:
    """The fields that tell the items of a list apart.

    Args:
        root: the object, whose kind chooses the merge keys.
        path: of the list.
        items: maps; the keys must be there in every one, and unique.
    """
    names = tuple(step for step in path if isinstance(step, str))
    version, kind = str(root.get("apiVersion", "")), str(root.get("kind", ""))
    for keys in _candidates(version, kind, names):
        if all(isinstance(item, dict) and all(_is_key(item.get(key)) for key in keys) for item in items):
            values = [tuple(item[key] for key in keys) for item in items]
            if len(set(values)) == len(values):
                return keys
    return None


# Beside the merge keys of Kubernetes' schema, which CRDs do not have and which are not always there or unique.
_USUAL: tuple[tuple[str, ...], ...] = (
    *(("name",), ("mountPath",), ("containerPort", "protocol"), ("containerPort",), ("port", "protocol"), ("port",)),
    *(("topologyKey",), ("key", "operator"), ("key",), ("path",), ("host",), ("secretName",), ("type",), ("id",)),
)


@cache
def _candidates(version: str, kind: str, names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    keys = merge_keys(version, kind, names) or ()
    ports = ((*keys, "protocol"),) if keys == ("containerPort",) or keys == ("port",) else ()
    return (*ports, *((keys,) if keys else ()), *_USUAL)


def _is_key(value: Any) -> bool:
    return isinstance(value, str | int)


def _item(root: Any, path: Path, before: list[Any], after: list[Any], index: int) -> int | None:
    if index < len(before) and len(before) == len(after) and same(before[index], after[index]):
        return index
    keys = item_keys(root, path, after) if after else None
    if keys is not None and item_keys(root, path, before) is not None:
        wanted = [after[index].get(key) for key in keys]
        for place, item in enumerate(before):
            if isinstance(item, dict) and [item.get(key) for key in keys] == wanted:
                return place
        # A step that renames an item leaves the others where they are.
        if len(before) != len(after) or any(
            isinstance(item, dict) and [item.get(key) for key in keys] == [before[index].get(key) for key in keys]
            for item in after
        ):
            return None
        return index
    return _by_content(before, after, index)


def _by_content(before: list[Any], after: list[Any], index: int) -> int | None:
    free = list(range(len(before)))
    pairs: dict[int, int] = {}
    for place, item in enumerate(after):
        twin = next((one for one in free if same(before[one], item)), None)
        if twin is not None:
            pairs[place] = twin
            free.remove(twin)
    if index in pairs:
        return pairs[index]
    changed = [place for place in range(len(after)) if place not in pairs]
    return free[changed.index(index)] if len(changed) == len(free) else None
