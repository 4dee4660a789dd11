"""The report as JSON, for scripts: the model as it is, differences as data and never as a diff in a string."""

from __future__ import annotations

import json
from typing import Any

from compiler.errors import Origin
from compiler.k8s.objects import ObjectKey
from compiler.review.display import path_text
from compiler.review.model import Effect, FieldChange, Hunk, Match, ObjectGroup, Report, Step, WholeOverlay, Written

VERSION = 1
"""Raised when a field is renamed, removed or changes its meaning; new fields do not raise it. See docs/review.md."""


def print_json(report: Report) -> str:
    """The report as indented JSON with sorted overlays and objects, ASCII only."""
    return json.dumps(report_data(report), indent=2) + "\n"


def report_data(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "version": VERSION,
        "before": report.sides[0],
        "after": report.sides[1],
        "differs": report.differs(),
        "overlays": list(report.overlays),
        "added": [_whole(whole) for whole in report.added],
        "removed": [_whole(whole) for whole in report.removed],
        "failures": [
            {"overlay": failure.overlay, "side": failure.side, "message": failure.message}
            for failure in report.failures
        ],
        "effects": [_effect(effect) for effect in report.effects],
        "objects": [_group(group) for group in report.objects],
    }


def _key(key: ObjectKey) -> dict[str, str]:
    return {"group": key.group, "kind": key.kind, "namespace": key.namespace, "name": key.name}


def _whole(whole: WholeOverlay) -> dict[str, Any]:
    return {"overlay": whole.overlay, "objects": whole.count(), "kinds": dict(whole.kinds)}


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "kind": effect.kind,
        "object": _key(effect.key),
        "message": effect.message,
        "overlays": list(effect.overlays),
    }


def _group(group: ObjectGroup) -> dict[str, Any]:
    names = {"before": group.names[0], "after": group.names[1]} if group.names else None
    return {
        "object": _key(group.key),
        "change": group.kind,
        "names": names,
        "present": list(group.present),
        "hunks": [_hunk(hunk) for hunk in group.hunks],
    }


def _hunk(hunk: Hunk) -> dict[str, Any]:
    return {
        "overlays": list(hunk.overlays),
        "fields": [_field(field) for field in hunk.fields],
        "body": hunk.body,
        "written": _written(hunk.written),
    }


def _field(field: FieldChange) -> dict[str, Any]:
    return {
        "path": [_step(step) for step in field.path],
        "text": path_text(field.path),
        "kind": field.kind,
        "before": field.before,
        "after": field.after,
        "index": field.index,
        "masked": field.masked,
        "follows": field.follows,
        "alike": field.alike,
        "written": _written(field.written),
    }


def _written(written: Written | None) -> dict[str, Any] | None:
    if written is None:
        return None
    return {
        "side": written.side,
        "at": _place(written.origin),
        "spec": None if written.key is None else {"key": written.key, "at": _place(written.said)},
    }


def _place(origin: Origin | None) -> dict[str, Any] | None:
    return None if origin is None else {"file": origin.path, "line": origin.line}


def _step(step: Step) -> Any:
    return dict(step.keys) if isinstance(step, Match) else step
