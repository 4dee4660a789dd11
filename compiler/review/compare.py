"""Comparing the renderings of all overlays before and after a change."""

from __future__ import annotations

import marshal
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from compiler.k8s.objects import ObjectKey, key_of
from compiler.review.effects import effects_of
from compiler.review.fields import compare_fields, same
from compiler.review.grouping import OverlayChanges, group, merge_effects
from compiler.review.identity import Pair, pair
from compiler.review.mask import SOPS_NOISE, mask_object, mask_text
from compiler.review.masked import AFTER, BEFORE, Masked, is_hiding, reveal
from compiler.review.model import Failure, FieldChange, ObjectChange, Path, Report, WholeOverlay

Objects = Sequence[Mapping[str, Any]]


def compare(
    before: Mapping[str, Objects],
    after: Mapping[str, Objects],
    *,
    failures: Sequence[Failure] = (),
    not_deployed: Collection[str] = (),
    sides: tuple[str, str] = ("before", "after"),
) -> Report:
    """Compare two sets of renderings.

    Args:
        before: overlay path to its objects; an overlay that did not exist is absent.
        after: the same after the change.
        failures: overlays that could not be rendered on one side; they are not compared, so that a failure never
            reads as a mass deletion.
        not_deployed: overlays that nothing applies to a cluster: their differences are shown, but they have no effect.
        sides: what the two sides are called.
    """
    failed = {failure.overlay for failure in failures}
    both = sorted((before.keys() & after.keys()) - failed)
    gone = sorted(before.keys() - after.keys() - failed)
    new = sorted(after.keys() - before.keys() - failed)
    changed: list[OverlayChanges] = []
    effects = []
    stems: dict[ObjectKey, list[str]] = defaultdict(list)
    for overlay in both:
        pairs = pair(before[overlay], after[overlay])
        for key in {one.key for one in pairs}:
            stems[key].append(overlay)
        changes = _compare_pairs(pairs)
        if changes:
            changed.append(OverlayChanges(overlay, tuple(change for change, _, _ in changes)))
        if overlay not in not_deployed:
            effects += [(overlay, effect) for effect in effects_of(changes, before[overlay], after[overlay])]
    for overlay in gone:
        if overlay not in not_deployed:
            removals = _compare_pairs(pair(before[overlay], ()))
            effects += [(overlay, effect) for effect in effects_of(removals, before[overlay], ())]
    return Report(
        overlays=tuple(both),
        objects=group(changed, stems),
        effects=merge_effects(effects),
        added=tuple(_whole(overlay, after[overlay]) for overlay in new),
        removed=tuple(_whole(overlay, before[overlay]) for overlay in gone),
        failures=tuple(
            # An error may quote what it could not read.
            replace(failure, message=reveal(mask_text(failure.message)))
            for failure in sorted(failures, key=lambda failure: (failure.overlay, failure.side))
        ),
        sides=sides,
    )


def compare_objects(before: Objects, after: Objects) -> tuple[ObjectChange, ...]:
    """What differs between two renderings of one overlay, sorted by object."""
    return tuple(change for change, _, _ in _compare_pairs(pair(before, after)))


Compared = tuple[ObjectChange, dict[str, Any] | None, dict[str, Any] | None]


def _compare_pairs(pairs: Sequence[Pair]) -> list[Compared]:
    """The changes, each with both masked objects (hidden values are still told apart)."""
    renames = {
        (key_of(one.before).name, key_of(one.after).name): f"{one.key.kind} {one.key.name}"
        for one in pairs
        if one.before is not None and one.after is not None and key_of(one.before).name != key_of(one.after).name
    }
    changes: list[Compared] = []
    for one in pairs:
        if one.before is not None and one.after is not None and _identical(one.before, one.after):
            continue
        before = None if one.before is None else mask_object(one.before)
        after = None if one.after is None else mask_object(one.after)
        change = _change(one, before, after, renames)
        if change is not None:
            changes.append((change, before, after))
    return changes


def _identical(before: Any, after: Any) -> bool:
    """Whether two objects are the same, at the price of serialising them: most objects are untouched by a change."""
    try:
        if marshal.dumps(before, 2) == marshal.dumps(after, 2):
            return True
    except ValueError:  # not plain data
        pass
    return same(before, after)


def _change(
    one: Pair, before: dict[str, Any] | None, after: dict[str, Any] | None, renames: Mapping[tuple[str, str], str]
) -> ObjectChange | None:
    keys = None if one.before is None else key_of(one.before), None if one.after is None else key_of(one.after)
    if before is None:
        return ObjectChange(one.key, "added", body=reveal(after), keys=keys)
    if after is None:
        return ObjectChange(one.key, "removed", body=reveal(before), keys=keys)
    names = key_of(one.before or {}).name, key_of(one.after or {}).name
    renamed = names[0] != names[1]
    fields = []
    noise = False
    for change in compare_fields(before, after):
        if _is_noise(change.path):
            noise = True
        elif not (renamed and change.path == ("metadata", "name")):
            fields.append(_public(change, renames))
    if noise:
        fields.append(FieldChange(("sops",), "resealed"))
    if renamed:
        return ObjectChange(one.key, "renamed", tuple(fields), names=names, keys=keys)
    return ObjectChange(one.key, "changed", tuple(fields), keys=keys) if fields else None


def _is_noise(path: Path) -> bool:
    return len(path) > 1 and path[0] == "sops" and path[-1] in SOPS_NOISE


def _public(change: FieldChange, renames: Mapping[tuple[str, str], str]) -> FieldChange:
    """The change as it may be printed."""
    before, after = change.before, change.after
    follows = None
    if isinstance(before, str) and isinstance(after, str):
        follows = renames.get((before, after))
    if not is_hiding(before) and not is_hiding(after):
        return replace(change, follows=follows) if follows else change
    if change.kind == "changed":
        shown = reveal(before, after, BEFORE), reveal(after, before, AFTER)
        if same(*shown):  # the same secrets in another order: only marks on each of them tell that
            shown = _marked(before, BEFORE), _marked(after, AFTER)
        if same(*shown):
            shown = BEFORE, AFTER
    else:
        shown = reveal(before), reveal(after)
    return replace(change, before=shown[0], after=shown[1], masked=True, follows=follows)


def _marked(value: Any, mark: str) -> Any:
    return value.shown(Masked(()), mark) if isinstance(value, Masked) else reveal(value)


def _whole(overlay: str, objects: Objects) -> WholeOverlay:
    return WholeOverlay(overlay, tuple(sorted(Counter(key_of(obj).kind for obj in objects).items())))
