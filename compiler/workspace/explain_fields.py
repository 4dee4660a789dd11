"""Field paths as people write them: reading, matching against an object, and writing them back.

``spec.template.spec.containers[name=api].image``: keys are joined by dots, a dot inside a key is escaped (``\\.``) or
the key is quoted in brackets (``["a.b/c"]``), and an item of a list is an index (``[0]``, ``.0``) or the values of its
fields (``[port=80,protocol=TCP]``, also after a dot, as Kustomize writes it). ``*`` stands for anything within a key,
an item or a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from compiler.errors import CompilerError
from compiler.kustomize.trace_chain import Path, item_keys, value_at

_HINT = "for example: spec.template.spec.containers[name=api].image"


@dataclass(frozen=True, slots=True)
class Part:
    """One step of a field path.

    Args:
        text: a key or an index, ``*`` in it standing for anything.
        literal: ``*`` is only a star.
        fields: instead: fields of an item, each with the text of its value.
    """

    text: str = ""
    literal: bool = False
    fields: tuple[tuple[str, str], ...] = ()

    def chooses(self, step: str | int, item: Any) -> bool:
        """Whether it means this key or item."""
        if self.fields:
            return isinstance(step, int) and all(_says(item, name, text) for name, text in self.fields)
        return self.text == str(step) if self.literal else like(self.text, str(step))


def parse(text: str) -> tuple[Part, ...]:
    """Read a field path.

    Raises:
        CompilerError: it is malformed.
    """
    parts: list[Part] = []
    rest = text.removeprefix(".")
    while rest:
        if rest[0] == "[":
            quoted = re.match(r'\[(["\'])(.*?)\1\]', rest)
            end = quoted.end() if quoted else rest.find("]") + 1
            if not end:
                raise CompilerError(f"field path {text!r} lacks a ]", hint=_HINT)
            parts.append(Part(quoted[2], literal=True) if quoted else _bracket(rest[1 : end - 1], text))
        else:
            found = re.match(r"(?:\\.|[^.\[\\])+", rest)
            if found is None:
                raise CompilerError(f"field path {text!r} has an empty part", hint=_HINT)
            end = found.end()
            parts.append(Part(re.sub(r"\\(.)", r"\1", found[0])))
        rest = rest[end:]
        if rest == ".":
            raise CompilerError(f"field path {text!r} ends in a dot", hint=_HINT)
        rest = rest.removeprefix(".")
    return tuple(parts)


def _bracket(inside: str, text: str) -> Part:
    if inside == "*" or inside.isdigit():
        return Part(inside)
    pairs = [pair.partition("=") for pair in re.split(r",(?=[\w.]+=)", inside)]
    if not inside or any(not name or not equals for name, equals, _ in pairs):
        raise CompilerError(f"field path {text!r}: [{inside}] is no index and no [name=value]", hint=_HINT)
    return Part(fields=tuple((name, value) for name, _, value in pairs))


def find(data: Any, parts: tuple[Part, ...], path: Path = ()) -> Iterator[Path]:
    """The paths in an object that a field path means, in its order."""
    if not parts:
        yield path
        return
    steps: list[tuple[str | int, Any]] = []
    if isinstance(data, dict):
        steps = list(data.items())
    elif isinstance(data, list):
        steps = list(enumerate(data))
    for step, value in steps:
        if parts[0].chooses(step, value):
            yield from find(value, parts[1:], (*path, step))


def write(root: Any, path: Path) -> str:
    """A path as a person would write it: items by the fields that tell them apart, where there are such."""
    text = ""
    for number, step in enumerate(path):
        if isinstance(step, str):
            key = re.sub(r"([.\[\\])", r"\\\1", step)
            text += f".{key}" if text else key
        else:
            items = value_at(root, path[:number])
            keys = item_keys(root, path[:number], items) if isinstance(items, list) else None
            if keys and len({str(item[keys[0]]) for item in items}) == len(items):
                keys = keys[:1]
            said = ",".join(f"{key}={_shown(items[step][key])}" for key in keys) if keys else str(step)
            text += f"[{step}]" if "]" in said else f"[{said}]"
    return text


def like(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern in which ``*`` stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


def _says(item: Any, name: str, text: str) -> bool:
    value = value_at(item, (name,)) if "." not in name else value_at(item, tuple(name.split(".")))
    return not isinstance(value, dict | list) and like(text, _shown(value))


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
