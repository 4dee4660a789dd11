"""Replacements inside JSON or YAML text that a field holds (Kustomize 5.8)."""

from __future__ import annotations

from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.fieldpath import find_places, get_place, is_key
from compiler.kustomize.reader import read_document
from compiler.kustomize.scalars import copy, text_of
from compiler.kustomize.setter import put, with_text
from compiler.kustomize.values import plain


def set_in_text(node: dict[str, Any], segments: tuple[str, ...], value: Any, made: Any) -> bool:
    """Set a value inside the text of the first scalar on a path.

    Args:
        node: the object.
        segments: the path; those behind the scalar lead inside its text.
        value: the value's node.
        made: makes a missing last field, or None.

    Returns:
        Whether it was done; False leaves everything as it was.

    Raises:
        KustomizeError: the scalar is empty, and something should be made in it.
    """
    below: Any = node
    for i in range(len(segments) - 1):
        if type(below) is dict and is_key(segments[i]):
            inner = below.get(segments[i])
            if type(inner) is dict or type(inner) is list:
                below = inner
                continue
        try:
            place = get_place(below, segments[i : i + 1])
        except KustomizeError:
            return False
        if place is None:
            return False
        below = place[0][place[1]]
        if not isinstance(below, dict | list):
            return _replace(place, segments[i + 1 :], value, made)
    return False


def _replace(place: tuple[Any, Any], inner: tuple[str, ...], value: Any, made: Any) -> bool:
    container, key = place
    text = str(text_of(container[key]))
    if not text and made is not None and type(container) is dict:
        # No text is YAML to the real tool, too, but of no kind in which anything could be made.
        wanted, empty = ("MappingNode", "{}") if is_key(inner[0]) else ("SequenceNode", "[]")
        raise KustomizeError(
            f"wrong node kind: expected {wanted} but got : node contents: null", hint=f"write {key}: {empty}"
        )
    if not any(mark in text for mark in ":{[-"):
        return False
    try:
        document = read_document(text)
        if document is None or not isinstance(document.node, dict | list):
            return False
        places = find_places(document.node, inner, made)
        if not places:
            return False
        if text.strip()[0] in "{[":
            new = _as_json(document.node, places, value, text)
        else:
            new = _as_yaml(document.node, places, value, text)
    except KustomizeError as error:
        if error.unsupported:
            raise
        return False
    put(container, key, with_text(container[key], new))
    return True


def _as_json(node: Any, places: list[tuple[Any, Any]], value: Any, text: str) -> str:
    from compiler.kustomize.hashing import go_json

    for below, name in places:
        old = below[name]
        below[name] = copy(value) if isinstance(old, dict | list) else with_text(old, text_of(value))
    return go_json(plain(node), exact=True, indent=2 if "\n" in text and "  " in text else None)


def _as_yaml(node: Any, places: list[tuple[Any, Any]], value: Any, text: str) -> str:
    from compiler.kustomize.yamltext import rewrite

    for below, name in places:
        old = below[name]
        if not isinstance(old, dict | list):
            below[name] = with_text(old, text_of(value))
        elif isinstance(value, dict | list):
            raise KustomizeError(
                "copying a map or list into YAML text is not supported",
                hint="write the text as JSON, or replace the whole field",
                unsupported=True,
            )
        else:
            below[name] = value
    return rewrite(text, node)
