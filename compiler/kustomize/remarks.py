"""Comments that hold JSON: beside a map or list, one is the schema of that field to Kustomize (kustomize.md, 9.6)."""

from __future__ import annotations

import re

from compiler.kustomize.lazy import Pattern

NONE, EMPTY, RULING = range(3)
"""What the comments of a text say: no schema; schemas without a word on merging, which only take away the one that the
field has; or such as may say how something merges."""

_BRACES = Pattern(r"#[ \t]*(\{[^\n]*\})[ \t]*$", re.MULTILINE)
_SCALAR_FIELD = Pattern(r" *[^\s#&!*|>{\[:-][^\n:]*: +(?:&\S+ +)?[^\s#&!*{\[]")
_WORDS = ("$ref", "properties", "items", "x-kubernetes-", "additionalProperties", "allOf")


def schemas_in(text: str) -> int:
    """What the comments of a YAML text say of how its maps and lists merge."""
    found, scalars = NONE, None
    for match in _BRACES.finditer(text):
        start = text.rfind("\n", 0, match.start()) + 1
        if not _is_schema(match[1]) or not _is_beside_a_container(text, start, match.start()):
            continue
        if scalars is None:
            scalars = _scalars(text)
        line = text.count("\n", 0, start)
        if any(first < line <= last for first, last in scalars):
            continue  # words of a text that looks like one
        found = max(found, RULING if any(word in match[1] for word in _WORDS) else EMPTY)
    return found


def _is_schema(words: str) -> bool:
    import json

    try:
        return bool(json.loads(words))
    except ValueError:
        return False


def _is_beside_a_container(text: str, start: int, mark: int) -> bool:
    before = text[start:mark].rstrip(" #")
    if before:
        return before[-1] in ":]}"  # else beside a scalar, whose schema changes nothing
    above = text[text.rfind("\n", 0, max(start - 1, 0)) + 1 : max(start - 1, 0)]
    indent = text[start:mark].rstrip("#")
    if above.startswith(f"{indent}#"):
        return False  # not the beginning of its comment, of which only the first words are read
    below = text.find("\n", mark) + 1 or len(text)
    return _SCALAR_FIELD.match(text[below : text.find("\n", below)]) is None


def _scalars(text: str) -> list[tuple[int, int]]:
    """The first and last line of each scalar."""
    import yaml

    found = []
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            first, last = event.start_mark, event.end_mark
            if isinstance(event, yaml.ScalarEvent) and first is not None and last is not None:
                found.append((first.line, last.line if last.column else last.line - 1))
    except yaml.YAMLError:
        pass
    return found
