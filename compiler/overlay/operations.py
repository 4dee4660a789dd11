"""JSON 6902 operations (RFC 6902) between two values, for what a strategic merge cannot say."""

from __future__ import annotations

from typing import Any

from compiler.overlay.strategic import same

Operation = dict[str, Any]


def operations(old: Any, new: Any, path: str = "") -> list[Operation]:
    """The operations that turn ``old`` into ``new``, in the order to apply them.

    A list is replaced as a whole unless only some of its elements changed and none came or went: an operation on an
    index is short, but it means something else as soon as somebody inserts an element before it.

    Args:
        old: plain data.
        new: plain data of the same kind (map or list) at the root.
        path: the JSON pointer (RFC 6901) of both.
    """
    if same(old, new):
        return []
    if isinstance(old, dict) and isinstance(new, dict):
        found: list[Operation] = []
        for key in old:
            if key not in new:
                found.append({"op": "remove", "path": f"{path}/{pointer(key)}"})
        for key, value in new.items():
            place = f"{path}/{pointer(key)}"
            if key in old:
                found += operations(old[key], value, place)
            else:
                found.append({"op": "add", "path": place, "value": value})
        return found
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        changed = [index for index in range(len(old)) if not same(old[index], new[index])]
        if len(changed) * 2 <= len(old):
            return [op for index in changed for op in operations(old[index], new[index], f"{path}/{index}")]
    return [{"op": "replace", "path": path, "value": new}]


def pointer(key: str) -> str:
    """A key as a segment of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")
