"""Why the pods of a workload are replaced, in a few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compiler.review.model import FieldChange, Match, Path

_TEMPLATE: Path = ("spec", "template")
_MOST = 4


def restart_reasons(fields: Sequence[FieldChange]) -> str:
    """What changed in the pod template, or an empty text when nothing did.

    Every change of a Deployment's, StatefulSet's or DaemonSet's ``spec.template`` gives its pods a new revision.
    """
    reasons: list[str] = []
    others = 0
    for field in fields:
        if field.path[:2] != _TEMPLATE or field.kind == "resealed":
            continue
        reason = _reason(field)
        if reason is None:
            others += 1
        elif reason not in reasons:
            reasons.append(reason)
    shown = reasons[:_MOST]
    others += len(reasons) - len(shown)
    if others:
        word = "field" if others == 1 else "fields"
        shown.append(f"{others} {'other ' if shown else ''}{word} of the pod template")
    return ", ".join(shown)


def _reason(field: FieldChange) -> str | None:
    if field.follows:
        return f"new content of {field.follows}"
    path = field.path[2:]
    if path[:2] == ("metadata", "annotations") and len(path) == 3:
        name = str(path[2])
        if name.endswith("/secret-generations"):
            return _generations(field)
        return f"annotation {name} {_values(field)}"
    if path[:2] == ("spec", "containers") or path[:2] == ("spec", "initContainers"):
        return _container(field, path[2:])
    return None


def _generations(field: FieldChange) -> str:
    """Which secrets have a new generation; the annotation reads ``NAME=COUNTER,NAME=COUNTER``."""
    old, new = (_counters(value) for value in (field.before, field.after))
    changed = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    if not changed:
        return "the generations of its secrets"
    shown = [f"{name} {old.get(name, 'none')} → {new.get(name, 'none')}" for name in changed[:_MOST]]
    more = f" and {len(changed) - _MOST} more" if len(changed) > _MOST else ""
    return f"generation of {', '.join(shown)}{more}"


def _counters(value: Any) -> dict[str, str]:
    parts = value.split(",") if isinstance(value, str) else []
    return {name: counter for name, equals, counter in (part.partition("=") for part in parts) if equals}


def _container(field: FieldChange, path: Path) -> str | None:
    if not path:
        return None
    name = _name(path[0])
    if len(path) == 1:
        return f"container {name} {field.kind}"
    if path[1] == "image":
        return f"image of {name} {_values(field)}"
    if path[1] in ("command", "args", "env", "envFrom", "resources", "ports", "volumeMounts", "securityContext"):
        return f"{path[1]} of {name}"
    if path[1] in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle"):
        return f"{path[1]} of {name}"
    return None


def _name(step: Any) -> str:
    return str(step.keys[0][1]) if isinstance(step, Match) else str(step)


def _values(field: FieldChange) -> str:
    if field.kind == "added":
        return "added"
    if field.kind == "removed":
        return "removed"
    if isinstance(field.before, str | int) and isinstance(field.after, str | int):
        before, after = str(field.before), str(field.after)
        repository, colon, tag = after.rpartition(":")
        if colon and "/" not in tag and before.startswith(repository + ":"):
            return f"{before.removeprefix(repository + ':')} → {tag}"
        return f"{before} → {after}"
    return "changed"
