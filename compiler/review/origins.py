"""Where the differences of a report were written: what to ask of the renderings, and the report with the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from compiler.k8s.objects import ObjectKey
from compiler.review.model import FieldChange, Hunk, Path, Report, Side, Written


@dataclass(frozen=True, slots=True)
class Question:
    """What wrote this?

    Args:
        overlay: the rendering; of a hunk of several overlays, the first of them.
        side: the side that has the value; ``after`` for a removed one too, when something there may have taken it away.
        key: the object in that rendering.
        path: the field; empty for the whole object.
        gone: whether the field is one that this side does not have any more.
        value: the value that stands there, as it may be printed.
    """

    overlay: str
    side: Side
    key: ObjectKey
    path: Path = ()
    gone: bool = False
    value: Any = field(default=None, compare=False)


def questions(report: Report) -> Iterator[Question]:
    """Everything that a reader of the report could ask, most useful first where there are two ways to ask.

    Args:
        report: what differs.
    """
    for one in report.objects:
        for hunk in one.hunks:
            yield from _of_hunk(hunk)
            for change in hunk.fields:
                yield from _of_field(hunk, change)


def answered(report: Report, answers: Mapping[Question, Written]) -> Report:
    """The report with what was found out.

    Args:
        report: what differs.
        answers: by question; a question that nothing could answer is absent.
    """

    def first(asked: Iterator[Question]) -> Written | None:
        return next((answers[one] for one in asked if one in answers), None)

    return replace(
        report,
        objects=tuple(
            replace(
                one,
                hunks=tuple(
                    replace(
                        hunk,
                        written=first(_of_hunk(hunk)),
                        fields=tuple(replace(change, written=first(_of_field(hunk, change))) for change in hunk.fields),
                    )
                    for hunk in one.hunks
                ),
            )
            for one in report.objects
        ),
    )


def _of_hunk(hunk: Hunk) -> Iterator[Question]:
    if hunk.body is None:
        return
    before, after = hunk.keys
    if after is not None:
        yield Question(hunk.overlays[0], "after", after)
    elif before is not None:
        yield Question(hunk.overlays[0], "after", before, gone=True)
        yield Question(hunk.overlays[0], "before", before)


def _of_field(hunk: Hunk, change: FieldChange) -> Iterator[Question]:
    """A change that only follows another, or that is an envelope sealed anew, has no line of its own."""
    if change.follows or change.kind == "resealed":
        return
    overlay, (before, after) = hunk.overlays[0], hunk.keys
    if change.kind != "removed":
        if after is not None:
            yield Question(overlay, "after", after, change.path, value=change.after)
        return
    if after is not None:
        yield Question(overlay, "after", after, change.path, gone=True, value=change.before)
    if before is not None:
        yield Question(overlay, "before", before, change.path, value=change.before)
