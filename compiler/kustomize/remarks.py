"""Comments that hold JSON: beside a map or list, one is the schema of that field to Kustomize (kustomize.md, 9.6).

kyaml reads a comment behind or above a field whose value is a map or a list, and above an item of a list; when JSON
begins it, that is the schema there, whatever the kind's own says (``# {"$kpt-set": "names"}`` makes a list that is
replaced). Here such a comment only counts when a merge comes by, and is refused then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from compiler.kustomize.lazy import Pattern

ANY = ""
"""Stands for a field whose name is hard to tell."""


class Remark(NamedTuple):
    """A comment that holds a schema.

    Args:
        line: its 1-based line in the file.
        merges: whether it may say how something merges; most only take away the schema that a field of the kind has.
    """

    line: int
    merges: bool


_COMMENT = Pattern(r"(?:^|[ \t])#+[ \t]*(?=\{[ \t]*\")", re.MULTILINE)
_KEY = r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s\"'#&!\[\]{}-][^#\n]*?|-[^\s#][^#\n]*?"
_FIELD = Pattern(rf"[ \t]*(?:-[ \t]+)*({_KEY})[ \t]*:(?=[ \t]|$)")
_PROPERTIES = Pattern(r"[&!]\S")
_WORDS = ("$ref", "properties", "items", "x-kubernetes-", "additionalProperties", "allOf")


def schemas_in(text: str, first_line: int) -> dict[str, Remark]:
    """The fields beside which a comment may hold a schema, by name or as :data:`ANY`; none for nearly all texts.

    Args:
        text: a YAML document.
        first_line: its 0-based line within its file.
    """
    if _COMMENT.search(text) is None:
        return {}
    lines = text.split("\n")
    found: dict[str, Remark] = {}
    scalars: list[tuple[int, int]] | None = None
    for number, line in enumerate(lines):
        match = _COMMENT.search(line)
        if match is None or not _begins_with_json(line[match.end() :]):
            continue
        if scalars is None:
            scalars = _scalars(text)
        if any(first < number <= last for first, last in scalars):
            continue  # words of a text that looks like one
        remark = Remark(first_line + number + 1, any(word in line for word in _WORDS))
        before = line[: match.start()].strip()
        for name in _beside(before) if before else _above(lines, number):
            if remark.merges or name not in found:
                found[name] = remark
    return found


def names_in(node: Any) -> Iterator[str]:
    """The names of all fields in a node."""
    if type(node) is dict:
        for key, value in node.items():
            yield key
            yield from names_in(value)
    elif type(node) is list:
        for item in node:
            yield from names_in(item)


def _begins_with_json(text: str) -> bool:
    import json

    try:
        return bool(json.JSONDecoder().raw_decode(text)[0])
    except ValueError:
        return False


def _beside(line: str) -> Iterator[str]:
    """The fields of a comment at the end of a line: of its map or list in braces, or of the one that begins below."""
    field = _FIELD.match(line)
    value = line[field.end() :].strip() if field is not None else line
    if field is not None and (not value or value[0] in "[{"):
        yield _name(field[1])
        if value and ":" in value:
            yield ANY
    elif field is None and value[-1] in "]}":
        yield ANY


def _above(lines: list[str], number: int) -> Iterator[str]:
    """The fields of a comment on a line of its own: of the field or the item below it."""
    if number and lines[number - 1].lstrip().startswith("#"):
        return  # not the beginning of its comment, of which only the first words are read
    if not any(line.strip() not in ("", "---") and not line.lstrip().startswith("#") for line in lines[:number]):
        return  # the document's own
    below = number + 1
    while below < len(lines) and lines[below].lstrip().startswith("#"):
        below += 1
    if _opens(lines, number):
        while below < len(lines) - 1 and not lines[below].strip():
            below += 1
    line = lines[below] if below < len(lines) else ""
    if not line.strip():
        return  # it belongs to what stands above
    if line.lstrip().startswith("- "):
        yield _list_of(lines, below)
    else:
        field = _FIELD.match(line)
        value = line[field.end() :].strip() if field is not None else ""
        if field is None:
            yield ANY
        elif not value or value[0] in "[{#" or _PROPERTIES.match(value):
            yield _name(field[1])


def _opens(lines: list[str], number: int) -> bool:
    """Whether a line is the first below a key or a dash: then no blank line parts it from what follows."""
    above = lines[number - 1].partition(" #")[0].rstrip()
    return above.endswith((":", " -"))


def _list_of(lines: list[str], number: int) -> str:
    """The field whose list has its item at a line."""
    indent = len(lines[number]) - len(lines[number].lstrip())
    for line in reversed(lines[:number]):
        words = line.lstrip()
        here = len(line) - len(words)
        if not words or words.startswith("#") or here > indent or (here == indent and words.startswith("- ")):
            continue
        field = _FIELD.match(line)
        return _name(field[1]) if field is not None and here <= indent else ANY
    return ANY


def _name(key: str) -> str:
    return key[1:-1] if key[0] in "\"'" else key


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
