"""Texts of several lines (settings.py, nginx.conf, scripts), compared line by line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

LineKind = Literal["removed", "added", "same"]

# difflib is quadratic at worst; of longer texts all that lies between their equal ends is replaced as a whole.
_MOST = 3_000


@dataclass(frozen=True, slots=True)
class LineHunk:
    """Lines that changed, with what stands around them.

    Args:
        start: the index of the first line in the text before.
        lines: what happens to each line, and the line.
    """

    start: int
    lines: tuple[tuple[LineKind, str], ...]


def is_text(before: Any, after: Any) -> bool:
    """Whether two values are compared line by line."""
    return isinstance(before, str) and isinstance(after, str) and ("\n" in before or "\n" in after)


def edits(before: str, after: str) -> list[tuple[str, str]]:
    """The lines removed and added, in order, without what stands around them."""
    return [line for hunk in line_hunks(before, after, 0) for line in hunk.lines]


def line_hunks(before: str, after: str, context: int) -> Iterator[LineHunk]:
    """The differences between two texts.

    A line break at the end of a text counts: it is an empty last line.

    Args:
        before: the text before.
        after: the text after.
        context: how many unchanged lines to keep around each change.
    """
    old, new = before.split("\n"), after.split("\n")
    for group in _groups(old, new, context):
        lines: list[tuple[LineKind, str]] = []
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += [("same", line) for line in old[i1:i2]]
            else:
                lines += [("removed", line) for line in old[i1:i2]]
                lines += [("added", line) for line in new[j1:j2]]
        yield LineHunk(group[0][1], tuple(lines))


_Opcode = tuple[str, int, int, int, int]


def _groups(old: list[str], new: list[str], context: int) -> Iterator[list[_Opcode]]:
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    if max(len(old), len(new)) - start - end > _MOST:
        i1, i2, j1, j2 = start, len(old) - end, start, len(new) - end
        above, below = min(context, start), min(context, end)
        group: list[_Opcode] = [("replace", i1, i2, j1, j2)]
        if above:
            group.insert(0, ("equal", i1 - above, i1, j1 - above, j1))
        if below:
            group.append(("equal", i2, i2 + below, j2, j2 + below))
        yield group
        return
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for opcodes in matcher.get_grouped_opcodes(context):
        # With no context difflib keeps empty equal runs.
        yield [opcode for opcode in opcodes if opcode[0] != "equal" or opcode[1] < opcode[2]]
