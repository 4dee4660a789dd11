"""Replacements inside JSON or YAML text that a field holds (Kustomize 5.8)."""

from __future__ import annotations

import re
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.fieldpath import find_places, get_place
from compiler.kustomize.hashing import go_json
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.reader import read_document
from compiler.kustomize.scalars import Scalar, copy, plain, put, resolve_plain, text_of, with_text

_COMMENT = Pattern(r"(?:^|\s)#", re.MULTILINE)


def set_in_text(node: dict[str, Any], segments: tuple[str, ...], value: Any, made: Any) -> bool:
    """Set a value inside the text of the first scalar on a path.

    Args:
        node: the object.
        segments: the path; those behind the scalar lead inside its text.
        value: the value's node.
        made: makes a missing last field, or None.

    Returns:
        Whether it was done; False leaves everything as it was.
    """
    below: Any = node
    for i in range(len(segments) - 1):
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
    text = text_of(container[key])
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
            new = _as_yaml(text, document.node, places, value, made)
    except KustomizeError as error:
        if error.unsupported:
            raise
        return False
    put(container, key, with_text(container[key], new))
    return True


def _as_json(node: Any, places: list[tuple[Any, Any]], value: Any, text: str) -> str:
    for below, name in places:
        old = below[name]
        below[name] = copy(value) if isinstance(old, dict | list) else with_text(old, text_of(value))
    return go_json(plain(node), indent=2 if "\n" in text and "  " in text else None)


def _as_yaml(text: str, node: Any, places: list[tuple[Any, Any]], value: Any, made: Any) -> str:
    """Write into YAML text keeping its quotes, by libyaml's own nodes."""
    import yaml
    from yaml import CSafeDumper, CSafeLoader

    if _COMMENT.search(text) or made is not None or isinstance(value, dict | list):
        raise KustomizeError(
            "replacing inside commented YAML text, creating a field there or copying a map is not supported yet",
            hint="write the text as JSON, or replace the whole field",
            unsupported=True,
        )
    tree = yaml.compose(text, Loader=CSafeLoader)
    for below, name in places:
        target = _twin(tree, node, below, name)
        if not isinstance(target, yaml.ScalarNode):
            raise KustomizeError(
                "replacing a map or list inside YAML text is not supported yet",
                hint="replace the whole field",
                unsupported=True,
            )
        old = below[name]
        target.value = text_of(value)
        found = resolve_plain(target.value)
        if isinstance(old, str):
            target.tag = "tag:yaml.org,2002:str"
            if target.style is None and type(found) is Scalar:
                target.style = '"'
    written = yaml.serialize(tree, Dumper=CSafeDumper, width=1 << 30, allow_unicode=True)
    return str(written).strip()


def _twin(tree: Any, node: Any, below: Any, name: Any) -> Any:
    """libyaml's node for a place of ours."""
    if isinstance(node, dict):
        for key, twin in tree.value:
            child = node.get(key.value)
            if node is below and key.value == name:
                return twin
            if isinstance(child, dict | list):
                found = _twin(twin, child, below, name)
                if found is not None:
                    return found
    elif isinstance(node, list):
        for i, twin in enumerate(tree.value):
            if node is below and i == name:
                return twin
            if isinstance(node[i], dict | list):
                found = _twin(twin, node[i], below, name)
                if found is not None:
                    return found
    return None
