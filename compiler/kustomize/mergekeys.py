"""The merge key ``<<``: what the real tool makes of it, and of the aliases beside it, once a document is read.

It merges maps as they are written. A merged map that merges itself brings its ``<<`` along, which stays a field like
any other: transformers do not see what is in it, and only printing merges it.
"""

from __future__ import annotations

from typing import Any

from compiler.kustomize.scalars import Key, Repeated, copy, repeated_key

_AGAIN = repeated_key({"<<": None}, "<<")


class MergeKey(str):
    """The key ``<<``, written plain."""

    __slots__ = ()


class Alias:
    """An alias of a map or list, in a document with merge keys.

    Args:
        target: the map or list as it is written.
        size: how many nodes it expands to.
        depth: how deep they nest.
    """

    __slots__ = ("depth", "size", "target")

    def __init__(self, target: Any, size: int, depth: int) -> None:
        self.target = target
        self.size = size
        self.depth = depth


def settle(root: Any) -> Any:
    """A document with its aliases expanded and its maps merged, in the order in which the real tool does so."""
    return _settled(root, {}, False)


def _settled(node: Any, done: dict[int, Any], below_alias: bool) -> Any:
    """A node settled.

    Args:
        node: as it is written; it stays so, for a later alias may merge it.
        done: what aliases stand for and is settled, by id: from then on, it merges as it is settled.
        below_alias: whether the node is what an alias stands for, or an item of such a list.
    """
    kind = type(node)
    if kind is Alias:
        target = node.target
        if id(target) not in done:
            _settled(target, done, True)
        return copy(done[id(target)])
    if kind is not list and kind is not dict:
        return node
    result: Any
    if kind is list:
        result = [_settled(value, done, below_alias) for value in node]
    else:
        pairs = _merged(node, done) if "<<" in node else node
        result = {}
        for key, value in pairs.items():
            if type(value) is Repeated:
                result[key] = Repeated(value.key, value.line, _settled(value.node, done, False))
            else:
                result[_left_over(key) if type(key) is MergeKey else key] = _settled(value, done, False)
    if below_alias:
        done[id(node)] = result
    return result


def _left_over(name: str) -> Key:
    key = Key(name)
    key.tag = "merge"
    return key


def _merged(node: dict[str, Any], done: dict[int, Any]) -> dict[str, Any]:
    """A map with what its ``<<`` merges: the first such key goes, and only what is plain merges."""
    merges = any(type(key) is MergeKey for key in node)
    own = dict(node)
    value = own.pop("<<")
    other = own.pop(_AGAIN, None)
    if type(other) is Repeated:
        own["<<"] = other.node
    if not merges:
        return own
    merged: dict[str, Any] = {}
    for source in reversed(_sources(value, done)):
        for key, below in source.items():
            if type(below) is not Repeated:
                merged.pop(key, None)  # so that the key is the last one's, too
                merged[key] = below
    for key, below in merged.items():
        if key not in own:
            own[key] = below
    return own


def _sources(value: Any, done: dict[int, Any]) -> list[dict[str, Any]]:
    sources = value if type(value) is list else [value]
    return [done.get(id(one.target), one.target) if type(one) is Alias else one for one in sources]


def unmerged(node: dict[str, Any]) -> dict[str, Any]:
    """A map as go-yaml reads it once it is written: without a ``<<`` that was left over.

    Raises:
        KustomizeError: another key is not a string, or nothing can be merged.
    """
    if Key not in map(type, node):
        return node
    result: dict[str, Any] = {}
    left: Key | None = None
    for key, value in node.items():
        if type(key) is not Key:
            result[key] = value
        elif key.tag == "merge":
            left = key
        else:
            raise key.refusal()
    if left is not None:
        value = node[left]
        for source in value if type(value) is list else [value]:
            if type(source) is not dict:
                raise left.refusal()
            for key, below in unmerged(source).items():
                result.setdefault(key, below)
    return result


def with_texts_for_keys(node: dict[str, Any]) -> dict[str, Any]:
    """A whole object as go-yaml reads it: its own keys are texts whatever they look like (``1:`` is ``"1":``)."""
    if Key not in map(type, node):
        return node
    read = {}
    for key, value in node.items():
        read[key.text if type(key) is Key and key.tag not in ("merge", "map", "null") else key] = value
    return unmerged(read)
