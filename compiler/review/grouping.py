"""The same difference in several overlays is one difference: a fleet is read once, with its exceptions."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from compiler.k8s.objects import ObjectKey
from compiler.review.fields import canonical
from compiler.review.model import EFFECTS, Effect, FieldChange, Hunk, ObjectChange, ObjectGroup, ObjectKind
from compiler.review.textdiff import edits, is_text

_ORDER: dict[ObjectKind, int] = {"removed": 0, "renamed": 1, "changed": 1, "added": 2}


@dataclass(frozen=True, slots=True)
class OverlayChanges:
    """What differs in one overlay."""

    overlay: str
    changes: tuple[ObjectChange, ...]


def group(changed: Sequence[OverlayChanges], present: Mapping[ObjectKey, Sequence[str]]) -> tuple[ObjectGroup, ...]:
    """Group the differences of all overlays by object and by content.

    Args:
        changed: what differs, by overlay, sorted by overlay.
        present: the overlays that have an object on either side, by its key.
    """
    groups: dict[tuple[ObjectKey, int], list[tuple[str, ObjectChange]]] = defaultdict(list)
    for one in changed:
        for change in one.changes:
            groups[change.key, _ORDER[change.kind]].append((one.overlay, change))
    out = []
    for (key, _), members in groups.items():
        first = members[0][1]
        hunks = _by_field(members) if first.body is None else _by_body(members)
        out.append(ObjectGroup(key, first.kind, hunks, tuple(sorted(present.get(key, ()))), first.names))
    return tuple(sorted(out, key=lambda one: (one.key, _ORDER[one.kind])))


def merge_effects(effects: Sequence[tuple[str, Effect]]) -> tuple[Effect, ...]:
    """One effect for all overlays that have it, the worst kind first."""
    overlays: dict[Effect, set[str]] = defaultdict(set)
    for overlay, effect in effects:
        overlays[effect].add(overlay)
    merged = [replace(effect, overlays=tuple(sorted(names))) for effect, names in overlays.items()]
    return tuple(sorted(merged, key=lambda one: (EFFECTS.index(one.kind), one.key, one.message)))


def _by_field(members: Sequence[tuple[str, ObjectChange]]) -> tuple[Hunk, ...]:
    """Fields that differ in the same way in the same overlays, together."""
    where: dict[str, list[str]] = defaultdict(list)
    fields: dict[str, tuple[int, FieldChange]] = {}
    for overlay, change in members:
        for position, field in enumerate(change.fields):
            mark = _fingerprint(field)
            where[mark].append(overlay)
            first = fields.setdefault(mark, (position, field))[1]
            if not first.alike and not field.follows and (first.before, first.after) != (field.before, field.after):
                fields[mark] = (fields[mark][0], replace(first, alike=True))
        if not change.fields:  # only the name changed
            where[""].append(overlay)
    hunks: dict[tuple[str, ...], list[tuple[int, str]]] = defaultdict(list)
    for mark, overlays in where.items():
        hunks[tuple(overlays)].append((fields[mark][0] if mark else 0, mark))
    keys = {overlay: change.keys for overlay, change in members}
    made = [
        Hunk(names, tuple(fields[mark][1] for _, mark in sorted(marks) if mark), keys=keys[names[0]])
        for names, marks in hunks.items()
    ]
    return tuple(sorted(made, key=lambda hunk: (-len(hunk.overlays), hunk.overlays)))


def _by_body(members: Sequence[tuple[str, ObjectChange]]) -> tuple[Hunk, ...]:
    where: dict[str, list[str]] = defaultdict(list)
    first: dict[str, ObjectChange] = {}
    for overlay, change in members:
        mark = _body_fingerprint(change.body or {})
        where[mark].append(overlay)
        first.setdefault(mark, change)
    made = [Hunk(tuple(names), body=first[mark].body, keys=first[mark].keys) for mark, names in where.items()]
    return tuple(sorted(made, key=lambda hunk: (-len(hunk.overlays), hunk.overlays)))


def _fingerprint(field: FieldChange) -> str:
    values: Any = [field.before, field.after]
    if field.follows:
        values = field.follows
    elif field.kind == "changed" and is_text(field.before, field.after):
        values = edits(field.before, field.after)
    return canonical([[f"{type(step).__name__}:{step}" for step in field.path], field.kind, field.index, values])


def _body_fingerprint(body: Mapping[str, Any]) -> str:
    """The body without its namespace and the hash in its name, which differ between overlays that share an object."""
    metadata = dict(body.get("metadata") or {})
    namespace = metadata.pop("namespace", None)
    metadata["name"] = ""  # the group has it
    text = canonical({**body, "metadata": metadata})
    if isinstance(namespace, str) and namespace:
        text = re.sub(rf'("namespace": ")({re.escape(namespace)})(?=")', r"\1", text)
        text = re.sub(rf"\.{re.escape(namespace)}(?=\.svc\b)", ".", text)
    return text
