"""The report as a comment on a pull request: worst things first, and always within the forge's limit.

Whatever comes from a resource or a file stands in a code span or a fenced block longer than any run of backticks in
it: there neither HTML nor Markdown nor ``@mentions`` nor ``#references`` have a meaning.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from compiler.printable import printable
from compiler.review.display import (
    Line,
    body_lines,
    change_text,
    hunk_lines,
    names_text,
    object_text,
    where_text,
)
from compiler.review.model import EFFECTS, Effect, ObjectGroup, Report, WholeOverlay
from compiler.review.words import EFFECT_TITLES, summary

LIMIT = 65_536
"""Characters that GitHub accepts in a comment ("body is too long (maximum is 65536 characters)")."""

MARKER = "<!-- compiler-diff -->"
"""The first line, by which a workflow finds its comment again."""

_RESERVE = 2_000  # for what says how much was cut, and the spaces between sections
_SHARES = {"failures": 0.10, "effects": 0.09, "overlays": 0.05}
_INLINE = 300  # characters of a code span
_LINE = 500  # characters of a line in a fenced block
_CUTS = (20_000, 6_000, 2_000, 600)  # characters for one object, tried in turn until all objects fit
_MARKS = {"removed": "- ", "added": "+ ", "same": "  ", "note": "# "}


def print_markdown(report: Report, *, limit: int = LIMIT) -> str:
    """The report as Markdown of at most ``limit`` characters (UTF-16 code units, the strictest way to count).

    Args:
        report: what differs.
        limit: the most characters, at least 8,000.

    Raises:
        ValueError: the limit is below 8,000.
    """
    if limit < 8_000:
        raise ValueError("a limit below 8000 characters leaves no room for a report")
    parts = [_head(report)]
    room = limit - _RESERVE - size(parts[0])
    for section in _sections(report, limit):
        if section:
            parts.append(section)
            room -= size(section) + 1
    details, cut = _details(report, room)
    parts += details
    if cut:
        parts.append("_Cut to fit into a comment. `compiler diff` prints all of it._\n")
    return "\n".join(parts)


def size(text: str) -> int:
    """Length in UTF-16 code units: a character beyond U+FFFF counts twice."""
    return len(text) + sum(1 for one in text if ord(one) > 0xFFFF)


def code(text: str) -> str:
    """``text`` as a code span on one line."""
    shown = _clip(printable(text), _INLINE) or " "
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _clip(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most} more characters)"


def _fenced(lines: Iterable[str], language: str = "") -> str:
    content = "\n".join(lines)
    longest = max((len(run) for run in re.findall("`+", content)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{content}\n{fence}\n"


def _head(report: Report) -> str:
    sides = " → ".join(code(side) for side in report.sides)
    return f"{MARKER}\n## What the change renders to\n\n{sides}: **{summary(report)}**\n"


def _sections(report: Report, limit: int) -> Iterator[str]:
    failures = (_failure(report, index) for index in range(len(report.failures)))
    yield _section("Not built", failures, len(report.failures), int(limit * _SHARES["failures"]))
    for kind in EFFECTS:
        effects = [effect for effect in report.effects if effect.kind == kind]
        lines = (_effect(effect, report) for effect in effects)
        yield _section(EFFECT_TITLES[kind], lines, len(effects), int(limit * _SHARES["effects"]))
    for title, overlays in (("Overlays removed", report.removed), ("Overlays added", report.added)):
        yield _section(title, map(_whole, overlays), len(overlays), int(limit * _SHARES["overlays"]))


def _section(title: str, blocks: Iterable[str], count: int, room: int) -> str:
    """A heading and as many blocks as there is room for, the rest counted; nothing when there are none."""
    if not count:
        return ""
    text = f"### {title}\n\n"
    shown = 0
    for block in blocks:
        if size(text) + size(block) > room - 100:
            break
        text += block
        shown += 1
    if shown < count:
        text += f"\n_… and {count - shown} more._\n"
    return text


def _failure(report: Report, index: int) -> str:
    failure = report.failures[index]
    side = report.sides[0] if failure.side == "before" else report.sides[1]
    lines = [_clip(printable(line), _LINE) for line in failure.message.split("\n")[:20]]
    return f"{code(failure.overlay)} does not build in {code(side)}; it is not compared.\n\n{_fenced(lines)}\n"


def _effect(effect: Effect, report: Report) -> str:
    where = where_text(effect.overlays, effect.overlays, report.overlays)
    return f"- **{code(object_text(effect.key))}** {code(effect.message)} ({code(where)})\n"


def _whole(whole: WholeOverlay) -> str:
    kinds = names_text([f"{number} {kind}" for kind, number in whole.kinds], 30)
    return f"- {code(whole.overlay)}: {whole.count()} objects ({code(kinds)})\n"


def _details(report: Report, room: int) -> tuple[list[str], bool]:
    """A block for each object, cut so that all fit, or else the first ones; and whether any was cut."""
    if not report.objects:
        return [], False
    worst = {effect.key: EFFECTS.index(effect.kind) for effect in reversed(report.effects)}
    groups = sorted(report.objects, key=lambda one: (worst.get(one.key, len(EFFECTS)), one.kind == "added", one.key))
    room -= len("### Objects\n\n")
    lines = [list(_diff(group, report)) for group in groups]
    best: list[str] = []
    shortened = False
    for most in (room, *(cut for cut in _CUTS if cut < room)):
        best, shortened = _fit(groups, lines, report, room, most)
        if len(best) == len(groups):
            break
    missing = len(groups) - len(best)
    if missing:
        best.append(f"_… and {missing} more object{'s' if missing > 1 else ''}._\n")
    return ["### Objects\n", *best], shortened or missing > 0


def _fit(
    groups: list[ObjectGroup], lines: list[list[str]], report: Report, room: int, most: int
) -> tuple[list[str], bool]:
    """The blocks of the first groups, as many as there is room for; whether one of them was cut."""
    blocks: list[str] = []
    shortened = False
    for group, content in zip(groups, lines, strict=True):
        block, cut = _object(group, content, report, most, len(groups) <= 5)
        room -= size(block) + 1
        if room < 0:
            break
        blocks.append(block)
        shortened = shortened or cut
    return blocks, shortened


def _object(group: ObjectGroup, lines: list[str], report: Report, most: int, is_open: bool) -> tuple[str, bool]:
    """A block of about ``most`` characters; whether lines were left out."""
    title = html.escape(_clip(change_text(group), _INLINE))
    where = html.escape(_clip(where_text(group.overlays(), group.present, report.overlays), _INLINE))
    opening = f"<details{' open' if is_open else ''}>"
    head = f"{opening}<summary><code>{title}</code> <code>{where}</code></summary>\n\n"
    used = size(head) + 60
    shown: list[str] = []
    for line in lines:
        used += size(line) + 1
        if used > most:
            break
        shown.append(line)
    left = len(lines) - len(shown)
    if left:
        shown.append(f"# … {left} more line{'s' if left > 1 else ''}")
    return f"{head}{_fenced(shown, 'diff')}\n</details>\n", left > 0


def _diff(group: ObjectGroup, report: Report) -> Iterator[str]:
    for hunk in group.hunks:
        if len(group.hunks) > 1:
            yield _clip(f"# {where_text(hunk.overlays, group.present, report.overlays)}", _LINE)
        if hunk.body is None:
            yield from map(_line, hunk_lines(hunk))
        else:
            yield from map(_line, body_lines(hunk, "removed" if group.kind == "removed" else "added"))


def _line(line: Line) -> str:
    text = _clip(line.text, _LINE)
    if line.kind != "path":
        return f"{_MARKS[line.kind]}{text}"
    return f"@@ {text} @@ {_clip(line.source, _LINE)}".rstrip()
