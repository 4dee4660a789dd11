"""How paths, values and differences read in print, whatever the printer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from compiler.errors import Origin
from compiler.k8s.objects import ObjectKey
from compiler.k8s.yaml import dump
from compiler.printable import printable
from compiler.review.masked import AFTER, BEFORE, STARS
from compiler.review.model import SYMBOLS, FieldChange, Hunk, Match, ObjectGroup, Path, Written
from compiler.review.textdiff import is_text, line_hunks

CONTEXT = 3
"""Unchanged lines around a change of text, as diff prints."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][\w-]*")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference.

    Args:
        kind: ``path`` names the field that the next lines are about.
        text: without mark and line break; harmless to a terminal.
        source: of a path, where it was written; empty where that is not known.
    """

    kind: Literal["path", "removed", "added", "same", "note"]
    text: str
    source: str = ""


def path_text(path: Path) -> str:
    """A path, e.g. ``spec.template.spec.containers[name=api].env[2].value`` or ``data["settings.py"]``."""
    text = ""
    for step in path:
        if isinstance(step, int | Match):
            text += f"[{printable(str(step))}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f'["{printable(step)}"]'
    return text


def object_text(key: ObjectKey) -> str:
    """An object, e.g. ``Deployment pulp-api``."""
    return printable(str(key))


def change_text(group: ObjectGroup) -> str:
    """What happens to an object, with its mark, e.g. ``± ConfigMap pulp-settings (new name a → b)``."""
    text = f"{SYMBOLS[group.kind]} {object_text(group.key)}"
    if group.kind == "renamed" and group.names and len(group.overlays()) == 1:
        return f"{text} (renamed: {printable(group.names[0])} → {printable(group.names[1])})"
    return f"{text} (renamed with its content)" if group.kind == "renamed" else text


def where_text(overlays: Sequence[str], present: Sequence[str], everything: Sequence[str], most: int = 8) -> str:
    """In which overlays something is, exceptions by name.

    Args:
        overlays: where it is.
        present: the overlays where it could be: those that have the object.
        everything: all overlays compared.
        most: names to spell out before counting.
    """
    if len(overlays) == 1:
        return f"in {printable(overlays[0])}"
    if set(overlays) == set(everything):
        return "in both overlays" if len(overlays) == 2 else f"in all {len(overlays)} overlays"
    others = sorted(set(present) - set(overlays))
    if not others:
        return f"in {len(overlays)} overlays: {names_text(overlays, most)}"
    text = f"in {len(overlays)} of {len(present)} overlays"
    if len(others) > len(overlays):
        return f"{text}: {names_text(overlays, most)}"
    return f"{text}; {len(others)} {'differs' if len(others) == 1 else 'differ'}: {names_text(others, most)}"


def names_text(names: Sequence[str], most: int) -> str:
    """Names in a row, the rest counted."""
    shown = ", ".join(printable(name) for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def source_text(written: Written | None) -> str:
    """Where a difference was written, e.g. ``overlays/prod/patches/x.yaml:7, content.replicas``.

    The line of the spec stands beside its key only where it is another file than one would look for: a layer.
    """
    if written is None:
        return ""
    text = f"{'was ' if written.side == 'before' else ''}{_place(written.origin)}"
    if written.key is not None:
        text += f", spec {written.key}"
        text += f" at {_place(written.said)}" if written.said is not None else ""
    return printable(text)


def _place(origin: Origin) -> str:
    return origin.path if origin.line is None else f"{origin.path}:{origin.line}"


def hunk_lines(hunk: Hunk) -> Iterator[Line]:
    """The lines of a hunk of an object on both sides; :func:`body_lines` are those of one that is new or gone."""
    following: dict[str, int] = {}
    for field in hunk.fields:
        if field.follows:
            following[field.follows] = following.get(field.follows, 0) + 1
        else:
            yield from field_lines(field)
    for name, times in following.items():
        yield Line("note", f"{times} reference{'s' if times > 1 else ''} to {printable(name)}: its content is new")


def field_lines(field: FieldChange) -> Iterator[Line]:
    """The lines of one difference."""
    path, source = path_text(field.path), source_text(field.written)
    if field.kind == "resealed":
        yield Line("note", "re-sealed: encrypted anew")
        return
    if field.kind == "order":
        yield Line("path", f"{path} (order)", source)
        yield Line("removed", _order_text(field.before))
        yield Line("added", _order_text(field.after))
        return
    yield Line("path", path, source)
    if field.kind == "changed" and is_text(field.before, field.after):
        yield from text_lines(field.before, field.after, 0 if field.alike else CONTEXT)
        return
    if field.kind != "added":
        yield from (Line("removed", line) for line in value_lines(field.before))
    if field.kind != "removed":
        yield from (Line("added", line) for line in value_lines(field.after))


def body_lines(hunk: Hunk, kind: Literal["removed", "added"]) -> Iterator[Line]:
    """A whole object, as YAML, below the place where it was written."""
    source = source_text(hunk.written)
    if source:
        yield Line("note", source)
    yield from (Line(kind, line) for line in value_lines(hunk.body))


def value_lines(value: Any) -> list[str]:
    """A value as YAML, a text of several lines as it is."""
    if isinstance(value, str):
        return [printable(line) for line in value.split("\n")] if "\n" in value else [_scalar(value)]
    if isinstance(value, dict | list) and value:
        return [printable(line) for line in dump(_dumpable(value)).rstrip("\n").split("\n")]
    return [_scalar(value)]


def _scalar(value: Any) -> str:
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    if value in (STARS, BEFORE, AFTER):
        return str(value)
    # Quoted where a text would otherwise read as something else: a number, a word of YAML, nothing.
    plain = dump(_dumpable(value)).rstrip("\n").removesuffix("\n...")
    return printable(str(value) if "\n" in plain else plain)


def _dumpable(value: Any) -> Any:
    """``value`` with characters that YAML cannot carry written as escapes."""
    if isinstance(value, dict):
        return {_dumpable(key): _dumpable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_dumpable(item) for item in value]
    if isinstance(value, str):
        return "\n".join(printable(line) for line in value.split("\n"))
    return value


def _order_text(items: Any) -> str:
    return ", ".join(printable(item) if isinstance(item, str) else " ".join(value_lines(item)) for item in items)


def text_lines(before: str, after: str, context: int = CONTEXT) -> Iterator[Line]:
    """Two texts of several lines, as a line difference with lines of context."""
    for number, hunk in enumerate(line_hunks(before, after, context)):
        if number or hunk.start > 0:
            yield Line("note", f"line {hunk.start + 1}")
        yield from (Line(kind, printable(line)) for kind, line in hunk.lines)
