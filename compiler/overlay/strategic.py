"""The strategic-merge patch between two objects: what it can say, as short and as robust as it can be said.

:func:`strategic_patch` proposes; it never promises that the proposal is the whole truth. What a strategic merge cannot
say (a null, a field that turns from a map into a text, a list of two merge keys in another order that also holds
strange elements) is left out, and :mod:`compiler.overlay.patches` finds the rest by merging and looking.

The rules are Kustomize's (5.8.1), not Kubernetes': elements of a patch come first and in the patch's order, so a list
that merges by one key is put in order by naming its elements; a list that merges by two keys keeps the old order.
"""

from __future__ import annotations

from typing import Any, Final

from compiler.k8s.yaml import dump
from compiler.kustomize.schema import Schema, schema_of

DIRECTIVE: Final = "$patch"
_NOTHING: Final = object()
"""No difference, or none that a strategic merge could say."""


def strategic_patch(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The fields of a patch that turns ``old`` into ``new``, as far as a strategic merge can say it.

    Args:
        old: an object with ``apiVersion`` and ``kind``.
        new: the same object (same group, version, kind, name, namespace) with other contents.

    Returns:
        The fields that the patch holds beside ``apiVersion``, ``kind``, ``metadata.name`` and
        ``metadata.namespace``; empty when there are none.
    """
    patch = _map(_without_identity(old), _without_identity(new), _schema_of(old), directive=False)
    return patch if isinstance(patch, dict) else {}


def same(left: Any, right: Any) -> bool:
    """Equality of plain data that tells ``1``, ``1.0`` and ``true`` apart."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)


def _without_identity(obj: dict[str, Any]) -> dict[str, Any]:
    """The object without what Kustomize puts back after a merge.

    ``annotations`` is always there: removing the whole map would also remove what Kustomize itself keeps in it.
    """
    rest = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind")}
    metadata = {key: value for key, value in obj["metadata"].items() if key not in ("name", "namespace")}
    metadata["annotations"] = metadata.get("annotations") or {}
    return {**rest, "metadata": metadata}


def _schema_of(obj: dict[str, Any]) -> Schema | None:
    if "kind" not in obj or "apiVersion" not in obj:
        return None
    return schema_of(str(obj["apiVersion"] or ""), str(obj["kind"] or ""))


def _value(old: Any, new: Any, schema: Schema | None) -> Any:
    """What to write for a field that both sides have."""
    if same(old, new) or new is None:
        return _NOTHING
    if old is None:
        return _fresh(new, schema)
    match old, new:
        case dict(), dict():
            return _map(old, new, schema)
        case list(), list():
            return _list(old, new, schema)
        case (dict() | list(), _) | (_, dict() | list()):
            return _NOTHING  # another kind of node is an error to Kustomize
        case str(), int() | float():
            return _NOTHING  # the field keeps the quotes that it may have, and with them its type
    return new


def _map(old: dict[str, Any], new: dict[str, Any], schema: Schema | None, *, directive: bool = True) -> Any:
    """Field by field, or as a whole where no field stays and that is shorter."""
    schema = schema or _schema_of(old)  # an object inside a field merges by its own kind
    patch: dict[str, Any] = {}
    for key, value in new.items():
        if key == DIRECTIVE:
            continue
        below = schema.field(key) if schema else None
        said = _value(old[key], value, below) if key in old else _fresh(value, below)
        if said is not _NOTHING:
            patch[key] = said
    patch.update({key: None for key in old if key not in new and key != DIRECTIVE})
    if directive and patch and not old.keys() & new.keys():
        whole = _fresh(new, schema)
        if _exact(whole, new) and len(dump({DIRECTIVE: "replace", **whole})) < len(dump(patch)):
            return {DIRECTIVE: "replace", **whole}
    return patch or _NOTHING


def _fresh(value: Any, schema: Schema | None) -> Any:
    """What to write where nothing (or null) was: without what the merge would drop or take for a directive."""
    match value:
        case None:
            return _NOTHING
        case dict():
            if DIRECTIVE in value:
                return _NOTHING
            schema = schema or _schema_of(value)
            said = {key: _fresh(below, schema.field(key) if schema else None) for key, below in value.items()}
            return {key: below for key, below in said.items() if below is not _NOTHING}
        case list() if merges(schema):
            assert schema is not None  # noqa: S101 - merges() has looked
            elements = [_fresh(element, schema.elements()) for element in value]
            return elements if _exact(elements, value) and keyed(value, schema) else _NOTHING
    return value


def _exact(said: Any, value: Any) -> bool:
    return said is not _NOTHING and same(said, value)


def merges(schema: Schema | None) -> bool:
    """Whether a list of this schema merges element by element."""
    return schema is not None and "merge" in schema.strategy.split(",")


def _list(old: list[Any], new: list[Any], schema: Schema | None) -> Any:
    if schema is None or not merges(schema):
        return new
    if not schema.keys:
        return _primitives(old, new)
    whole = [{DIRECTIVE: "replace"}, *new] if _exact(_fresh(new, schema), new) else None
    named = _elements(old, new, schema)
    if named is None:
        return _NOTHING if whole is None else whole
    return named if whole is None or len(dump(named)) <= len(dump(whole)) else whole


def _primitives(old: list[Any], new: list[Any]) -> Any:
    """Values of a patch come first, the others of the old list follow; a merge cannot take one away."""
    if len(set(map(repr, new))) != len(new) or any(value not in new for value in old):
        return _NOTHING
    for count in range(len(new) + 1):
        head = new[:count]
        if same(head + [value for value in old if value not in head], new):
            return head or _NOTHING
    return _NOTHING


def keyed(elements: list[Any], schema: Schema) -> bool:
    """Whether every element is found by its merge keys and by nothing else.

    Of several merge keys each is either in every element or in none; the ones that are there make the element unique.
    """
    return _present(elements, schema.keys) is not None


def _present(elements: list[Any], keys: tuple[str, ...]) -> tuple[str, ...] | None:
    """The merge keys that the elements have, None when they are not found by them."""
    if not all(isinstance(element, dict) and DIRECTIVE not in element for element in elements):
        return None
    present = tuple(key for key in keys if any(key in element for element in elements))
    if elements and not present:
        return None
    identities = [_identity(element, present) for element in elements]
    if not all(all(isinstance(part, str | int) and part != "" for part in identity) for identity in identities):
        return None
    return present if len({tuple(map(str, identity)) for identity in identities}) == len(identities) else None


def _identity(element: dict[str, Any], keys: tuple[str, ...]) -> tuple[Any, ...]:
    """The values of the merge keys; a missing or unfit one is None."""
    values = (element.get(key) for key in keys)
    return tuple(None if isinstance(value, bool | dict | list) else value for value in values)


def _elements(old: list[Any], new: list[Any], schema: Schema) -> list[Any] | None:
    """The elements to name so that a merge puts the new list in order, None when naming cannot do it."""
    keys = _present([*new], schema.keys)
    if keys is None or not new or (old and _present(old, schema.keys) != keys):
        return None
    before = {_identity(element, keys): element for element in old}
    after = {_identity(element, keys): element for element in new}
    either = before.keys() | after.keys()
    if len({tuple(map(str, identity)) for identity in either}) != len(either):
        return None  # a key that is 1 here and "1" there: Kustomize compares the texts
    below = schema.elements()
    said: dict[tuple[Any, ...], Any] = {}
    for identity, element in after.items():
        names = dict(zip(keys, identity, strict=True))
        if identity not in before:
            fresh = _fresh(element, below)
            if fresh is _NOTHING:
                return None
            said[identity] = fresh
        else:
            patch = _map(before[identity], element, below, directive=False)
            said[identity] = names if patch is _NOTHING else {**names, **patch}
    gone = [
        {**dict(zip(keys, identity, strict=True)), DIRECTIVE: "delete"} for identity in before if identity not in after
    ]
    changed = {identity for identity in after if identity not in before or not same(before[identity], after[identity])}
    if len(schema.keys) > 1:
        kept = [identity for identity in before if identity in after]
        added = [identity for identity in after if identity not in before]
        in_order = [*added, *kept] == list(after)
        return [said[identity] for identity in after if identity in changed] + gone if in_order else None
    return [said[identity] for identity in _head(list(before), list(after), changed)] + gone


def _head(
    before: list[tuple[Any, ...]], after: list[tuple[Any, ...]], changed: set[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    """The shortest beginning of ``after`` that must be named: the rest is unchanged and stands in its old order."""
    place = {identity: index for index, identity in enumerate(before)}
    start = len(after)
    while start and after[start - 1] not in changed:
        if start < len(after) and place[after[start - 1]] > place[after[start]]:
            break
        start -= 1
    return after[:start]
