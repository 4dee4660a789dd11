"""Field paths of replacements and vars: splitting, reading one place, finding or making many (kustomize.md, 15)."""

from __future__ import annotations

from functools import cache
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.patterns import Matcher, is_literal, re2_search
from compiler.kustomize.scalars import is_null, text_of
from compiler.kustomize.setter import is_quoted, made_key, untagged

Place = tuple[Any, Any]
"""A container (dict or list) and a key or index in it."""

_INDEX = Pattern(r"[+-]?[0-9]+\Z")


@cache
def split_field_path(path: str) -> tuple[str, ...]:
    """The segments of a dotted path: ``\\.`` is a dot, ``[a.b/c]`` one literal key, ``[name=x.y]`` one condition."""
    parts: list[str] = []
    for piece in path.split("."):
        if parts and parts[-1].endswith("\\"):
            parts[-1] = parts[-1][:-1] + "." + piece
        else:
            parts.append(piece)
    if len(parts) > 1 and not parts[0]:
        del parts[0]  # as in ``.metadata.name``
    result: list[str] = []
    i = 0
    while i < len(parts):
        part = parts[i]
        if part.startswith("[") and not part.endswith("]"):
            start = i
            while i < len(parts) - 1:
                i += 1
                if parts[i].endswith("]"):
                    break
            joined = ".".join(parts[start : i + 1])
            result.append(joined if "=" in joined else joined.strip("[]"))
        else:
            result.append(part)
        i += 1
    return tuple(result)


def get_place(node: Any, path: tuple[str, ...]) -> Place | None:
    """The place a path leads to, or None when something on the way is missing.

    Raises:
        KustomizeError: a wildcard, a negative index, or a scalar on the way.
    """
    place: Place = ([node], 0)
    for part in path:
        part = part.strip()
        if not part:
            continue
        current = place[0][place[1]]
        if type(current) is dict and is_key(part):
            if part not in current:
                return None
            place = (current, part)
        elif is_condition(part):
            _require(current, list)
            found = _element(current if type(current) is list else [], *split_condition(part))
            if found is None:
                return None
            place = (current, found)
        elif _INDEX.match(part):
            index = int(part)
            if index < 0:
                raise KustomizeError(f"array index {index} cannot be negative")
            _require(current, list)
            if type(current) is not list or index >= len(current):
                return None
            place = (current, index)
        elif part == "-":
            _require(current, list)
            if type(current) is not list or not current:
                return None
            place = (current, len(current) - 1)
        elif part == "*":
            raise KustomizeError("wildcard is not supported in PathGetter")
        else:
            _require(current, dict)
            if type(current) is not dict or part not in current:
                return None
            place = (current, part)
    return place


def _element(elements: list[Any], field: str, value: str) -> int | None:
    for i, element in enumerate(elements):
        if not field:
            if text_of(element) == value:
                return i
        elif type(element) is dict and field in element:
            found = element[field]
            if found == value if type(found) is str else text_of(found) == value:
                return i
    return None


def find_places(node: Any, path: tuple[str, ...], made: Any = None) -> list[Place]:
    """All places a target path leads to.

    Args:
        node: the object.
        path: segments; ``[k=v]`` is an unanchored pattern here, ``*`` every element.
        made: makes the last field when it is missing; None not to create anything.

    Raises:
        KustomizeError: the path runs into something of another kind.
    """
    found: list[Place] = []
    _find([node], 0, path, 0, made, found)
    return found


def find_at_once(node: Any, path: tuple[str, ...]) -> list[Place] | None:
    """The places of :func:`find_places` where only maps, and lists with conditions, stand on the way, as nearly always.

    Returns:
        None when something else does, or a segment is no plain key or condition; empty when nothing is found.
    """
    plan = _plan(path)
    if plan is None:
        return None
    places: list[Place] = [([node], 0)]
    for key, field, matches in plan:
        found: list[Place] = []
        for container, at in places:
            below = container[at]
            if matches is None:
                if type(below) is not dict:
                    return None
                if key in below:
                    found.append((below, key))
                continue
            if type(below) is not list:
                return None
            for i, element in enumerate(below):
                if type(element) is dict and field in element and matches(_shown(element[field])):
                    found.append((below, i))
        places = found
    return places


@cache
def _plan(path: tuple[str, ...]) -> list[tuple[str, str, Matcher | None]] | None:
    """What :func:`find_at_once` does: a key, or the field of a condition and a test; None for other segments."""
    plan: list[tuple[str, str, Matcher | None]] = []
    for part in path:
        if is_key(part):
            plan.append((part, "", None))
        elif is_condition(part) and "=" in part and is_literal(split_condition(part)[1]) and split_condition(part)[0]:
            field, pattern = split_condition(part)
            plan.append((part, field, _finder(pattern)))
        else:
            return None
    return plan


def _find(container: Any, key: Any, path: tuple[str, ...], at: int, made: Any, found: list[Place]) -> None:
    node = container[key]
    while type(node) is dict and at < len(path) and path[at] in node and is_key(path[at]):
        container, key = node, path[at]
        node = container[key]
        at += 1
    if at == len(path):
        found.append((container, key))
        return
    part = path[at]
    if not part:
        kind = "SequenceNode" if type(node) is list else "MappingNode"
        raise KustomizeError(f"wrong node kind: expected ScalarNode but got {kind}", hint="remove the empty part")
    if type(container) is dict and not isinstance(node, dict | list) and not is_null(node):
        _find([_inside(node)], 0, path, at, made, found)
    elif made is not None and is_null(node) and part != "*" and (not _is_index(part) or int(part) == 0):
        # What the real tool makes below a null is not printed: the null stays.
        found.append(([made()], 0))
    elif _is_index(part):
        _require(node, list)
        elements = node if type(node) is list else []
        index = int(part)
        if index == len(elements) and made is not None and type(node) is list:
            node.append(_new(path, at + 1, made))
        if index >= len(elements):
            raise KustomizeError(f"index {index} specified but only {len(elements)} elements found")
        _find(node, index, path, at + 1, made, found)
    elif is_condition(part):
        _find_matching(node, part, path, at, made, found)
    elif part == "*":
        _require(node, list)
        for i in range(len(node) if type(node) is list else 0):
            _find(node, i, path, at + 1, made, found)
    else:
        _require(node, dict)
        if type(node) is not dict:
            return
        if part not in node:
            if made is None:
                return
            node[made_key(part)] = _new(path, at + 1, made)
        _find(node, part, path, at + 1, made, found)


def _inside(scalar: Any) -> Any:
    """What the text of a field holds as YAML. What is written there is lost: a text that could be changed has been
    changed before (:mod:`compiler.kustomize.structured`), and the real tool says nothing of others.

    Raises:
        KustomizeError: no map or list.
    """
    from compiler.kustomize.reader import read_document

    document = read_document(str(text_of(scalar)))
    node = None if document is None else document.node
    if not isinstance(node, dict | list):
        _require(scalar, dict)
    return node


def _is_index(part: str) -> bool:
    return part.isdigit() and part.isascii()


def _find_matching(node: Any, part: str, path: tuple[str, ...], at: int, made: Any, found: list[Place]) -> None:
    field, pattern = split_condition(part)
    _require(node, list)
    elements = node if type(node) is list else []
    matches = _finder(pattern)
    count = len(found)
    for i, element in enumerate(elements):
        if not field:
            if matches(_shown(element)):
                found.append((node, i))
        elif type(element) is dict and field in element and matches(_shown(element[field])):
            _find(node, i, path, at + 1, made, found)
    if made is None or len(found) > count or type(node) is not list:
        return
    value = untagged(None, pattern)
    node.append(value if not field else {made_key(field): value})
    if field:
        _find(node, len(node) - 1, path, at + 1, made, found)
    else:
        found.append((node, len(node) - 1))


@cache
def _finder(pattern: str) -> Matcher:
    return (lambda text: pattern in text) if is_literal(pattern) else re2_search(pattern)


def _new(path: tuple[str, ...], at: int, made: Any) -> Any:
    if at == len(path):
        return made()
    part = path[at]
    return [] if is_condition(part) or _is_index(part) or part == "*" else {}


def _shown(node: Any) -> str:
    """A scalar as it stands in YAML: quoted ones keep their quotes, which an anchored pattern notices."""
    if type(node) is str:
        return node
    return f'"{text_of(node)}"' if is_quoted(node) else text_of(node)


@cache
def is_key(part: str) -> bool:
    """Whether a segment means the key of a map wherever it stands, and nothing else."""
    stripped = part.strip()
    return stripped == part and part not in ("", "-", "*") and not _INDEX.match(part) and not is_condition(part)


def is_condition(part: str) -> bool:
    """Whether a segment is ``[field=value]`` or ``[=value]``."""
    return part.startswith("[") and part.endswith("]")


@cache
def split_condition(part: str) -> tuple[str, str]:
    """Field and value of a condition.

    Raises:
        KustomizeError: it has no ``=``.
    """
    field, equals, value = part.removesuffix("]").removeprefix("[").partition("=")
    if not equals:
        raise KustomizeError("list path element must contain fieldName=fieldValue for element to match")
    return field, value


def _require(node: Any, kind: type) -> None:
    if is_null(node) or type(node) is kind:
        return
    wanted = "SequenceNode" if kind is list else "MappingNode"
    found = "SequenceNode" if type(node) is list else "MappingNode" if type(node) is dict else "ScalarNode"
    raise KustomizeError(
        f"wrong node kind: expected {wanted} but got {found}",
        hint=f"the path goes on, and what stands there is no {'list' if kind is list else 'map'}",
    )
