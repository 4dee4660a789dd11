"""What wrote the differences of a report: the story of each, as ``compiler explain`` tells it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from compiler.errors import CompilerError
from compiler.kustomize.trace import same
from compiler.kustomize.trace_chain import FOLLOWERS, MISSING, Path, chain, maker, value_at
from compiler.review.model import Match, Written
from compiler.review.origins import Question
from compiler.workspace.explain import Traced, origin_of_place
from compiler.workspace.explain_spec import SpecSources

if TYPE_CHECKING:
    from compiler.review.model import Path as ReviewPath
    from compiler.review.model import Side

Trace = Callable[[str, "Side"], Traced]


def answers(asked: Iterable[Question], trace: Trace) -> dict[Question, Written]:
    """Look up what wrote the values that differ.

    One rendering at a time is held with its trace, so that a fleet needs no more memory than an overlay.

    Args:
        asked: the questions.
        trace: renders an overlay of a side with a trace.

    Returns:
        the answers; what has no line is absent.

    Raises:
        WorldError: a file cannot be read.
    """
    by_rendering: dict[tuple[str, Side], list[Question]] = defaultdict(list)
    for one in asked:
        by_rendering[one.overlay, one.side].append(one)
    found: dict[Question, Written] = {}
    for (overlay, side), questions in by_rendering.items():
        traced = trace(overlay, side)
        sources = SpecSources(traced.tree, overlay)
        for one in questions:
            written = _gone(traced, one) if one.gone else _there(traced, sources, one)
            if written is not None:
                found[one] = written
    return found


def _there(traced: Traced, sources: SpecSources, asked: Question) -> Written | None:
    """What wrote a value that stands in the rendering."""
    history = traced.by_key.get(asked.key)
    if history is None:
        return None
    path = resolve(history.data, asked.path)
    if path is None or (_counted(asked.path) and not same(value_at(history.data, path), asked.value)):
        # Of a list without keys an index counts on one side only: the list as a whole will do.
        path = resolve(history.data, _above(asked.path)) or ()
    link = maker(history, path)
    if link is None:
        return None
    origin = origin_of_place(traced.lines.place(history, link))
    key, said = None, None
    wanted = next((one.after for one in reversed(chain(history, path)) if one.cause.kind not in FOLLOWERS), None)
    try:
        source = sources.source(history, path, wanted)
    except CompilerError:  # the spec is wrong, or ahead of what was generated: the line of the file stands
        source = None
    if source is not None:
        key, said = source.key, source.origin
    return Written(origin, asked.side, key, said)


def _gone(traced: Traced, asked: Question) -> Written | None:
    """What took a value away: a step of this rendering that removed the field, or deleted the object."""
    if not asked.path:
        for history in traced.removed:
            if history.moments[0].data.get("kind") == asked.key.kind and asked.key.name in history.names:
                return Written(origin_of_place(traced.lines.place(history, chain(history, ())[-1])))
        return None
    found = traced.by_key.get(asked.key)
    if found is None:
        return None
    for moment in reversed(found.moments):
        path = resolve(moment.data, asked.path)
        if path is not None:
            link = chain(found, path)[-1]
            return Written(origin_of_place(traced.lines.place(found, link))) if link.after is MISSING else None
    return None


def resolve(data: Any, path: ReviewPath) -> Path | None:
    """The place in an object that a path of a report means.

    Args:
        data: the object.
        path: with items of lists by their keys.

    Returns:
        keys and indexes; None when the object has no such place.
    """
    found: list[str | int] = []
    for step in path:
        place: str | int | None = step if not isinstance(step, Match) else _item(data, step)
        if place is None or (data := value_at(data, (place,))) is MISSING:
            return None
        found.append(place)
    return tuple(found)


def _item(items: Any, match: Match) -> int | None:
    if not isinstance(items, list):
        return None
    for index, item in enumerate(items):
        if all(_says(item, name, value) for name, value in match.keys):
            return index
    return None


def _says(item: Any, name: str, value: Any) -> bool:
    """Whether an item has a value; the name counts as one key first, then as keys joined by dots."""
    found = value_at(item, (name,))
    if found is MISSING and "." in name:
        found = value_at(item, tuple(name.split(".")))
    return found is not MISSING and str(found) == str(value)


def _counted(path: ReviewPath) -> bool:
    return any(isinstance(step, int) for step in path)


def _above(path: ReviewPath) -> ReviewPath:
    """The path up to the first index, or without its last step."""
    first = next((number for number, step in enumerate(path) if isinstance(step, int)), len(path) - 1)
    return path[: max(first, 0)]
