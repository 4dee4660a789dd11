"""The report for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

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
from compiler.review.model import EFFECTS, Effect, EffectKind, ObjectGroup, Report, WholeOverlay
from compiler.review.words import EFFECT_TITLES, summary

_COLORS = {"removed": "31", "added": "32", "path": "36", "note": "2", "same": "2", "title": "1", "alarm": "1;31"}
_MARKS = {"removed": "- ", "added": "+ ", "same": "  ", "note": "  ", "path": ""}
_ALARMS: frozenset[EffectKind] = frozenset(["data", "stop", "refused", "access"])


def print_text(report: Report, *, color: bool = False) -> str:
    """The report as text.

    Args:
        report: what differs.
        color: whether to colour it with ANSI escapes; nothing in the report can bring escapes of its own.
    """
    return "".join(f"{line}\n" for line in _lines(report, color))


def _lines(report: Report, color: bool) -> Iterator[str]:
    def paint(kind: str, text: str) -> str:
        return f"\x1b[{_COLORS[kind]}m{text}\x1b[0m" if color and kind in _COLORS and text else text

    yield paint("title", summary(report))
    for failure in report.failures:
        yield ""
        side = report.sides[0] if failure.side == "before" else report.sides[1]
        yield paint("alarm", f"{printable(failure.overlay)} does not build in {printable(side)}; it is not compared:")
        yield from (f"  {printable(line)}" for line in failure.message.split("\n"))
    for kind in EFFECTS:
        effects = [effect for effect in report.effects if effect.kind == kind]
        if effects:
            yield ""
            yield paint("alarm" if kind in _ALARMS else "title", EFFECT_TITLES[kind])
            yield from (f"  {_effect(effect, report)}" for effect in effects)
    for whole in report.added:
        yield ""
        yield paint("added", f"+ overlay {_whole(whole)}")
    for whole in report.removed:
        yield ""
        yield paint("removed", f"- overlay {_whole(whole)}")
    for group in report.objects:
        yield ""
        yield from (paint(kind, text) for kind, text in _group(group, report))


def _effect(effect: Effect, report: Report) -> str:
    where = where_text(effect.overlays, effect.overlays, report.overlays)
    return f"{object_text(effect.key)} {printable(effect.message)} ({where})"


def _whole(whole: WholeOverlay) -> str:
    kinds = names_text([f"{number} {kind}" for kind, number in whole.kinds], 30)
    return f"{printable(whole.overlay)}: {whole.count()} objects ({kinds})"


def _group(group: ObjectGroup, report: Report) -> Iterator[tuple[str, str]]:
    title = change_text(group)
    if len(group.hunks) == 1:
        yield "title", f"{title}  {where_text(group.hunks[0].overlays, group.present, report.overlays)}"
    else:
        yield "title", title
    for hunk in group.hunks:
        if len(group.hunks) > 1:
            yield "title", f"  {where_text(hunk.overlays, group.present, report.overlays)}"
        lines = hunk_lines(hunk)
        if hunk.body is not None:
            lines = body_lines(hunk, "removed" if group.kind == "removed" else "added")
        yield from ((line.kind, _line(line, "  " if hunk.body is not None else "    ")) for line in lines)


def _line(line: Line, indent: str) -> str:
    if line.kind == "path":
        return f"  {line.text}  ({line.source})" if line.source else f"  {line.text}"
    return f"{indent}{_MARKS[line.kind]}{line.text}".rstrip()
