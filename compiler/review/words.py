"""The sentences that every printer shares."""

from __future__ import annotations

from collections import Counter

from compiler.review.model import EffectKind, Report

EFFECT_TITLES: dict[EffectKind, str] = {
    "data": "Could lose data",
    "stop": "Stops",
    "refused": "Cannot be applied as it is",
    "access": "Who can open sealed values",
    "run": "Runs",
    "restart": "Restarts",
}


def summary(report: Report) -> str:
    """One line: how much differs, and in how many overlays."""
    counts: Counter[str] = Counter("changed" if one.kind == "renamed" else one.kind for one in report.objects)
    parts = [f"{counts[kind]} {kind}" for kind in ("changed", "added", "removed") if counts[kind]]
    overlays = {name for one in report.objects for name in one.overlays()}
    if not report.differs():
        return f"No difference in {_overlays(len(report.overlays))}"
    noun = "object" if sum(counts.values()) == 1 else "objects"
    text = f"{', '.join(parts)} {noun} in {len(overlays)} of {_overlays(len(report.overlays))}"
    failed = {failure.overlay for failure in report.failures}  # on one side, or on both
    extra = [
        f"{len(some)} {'overlay' if len(some) == 1 else 'overlays'} {what}"
        for some, what in ((report.added, "added"), (report.removed, "removed"), (failed, "not built"))
        if some
    ]
    return "; ".join([text, *extra] if parts else extra)


def _overlays(number: int) -> str:
    return f"{number} overlay" if number == 1 else f"{number} overlays"
