"""Which object of one rendering is which object of the other.

Kustomize appends a hash of their content to the names of generated ConfigMaps and Secrets, and a Job whose template
must change needs a new name: such objects are the same object under a new name, not one removed and one added.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from compiler.k8s.objects import ObjectKey, key_of

# Kustomize writes the first ten digits of a SHA-256 in hexadecimal with 0, 1, 3, a, e replaced by g, h, k, m, t
# (api/hasher: encode). A Job's hash is ours or a person's: hexadecimal, or that.
_KUSTOMIZE_HASH = re.compile(r"(.+)-[2456789bcdfghkmt]{10}")
_JOB_HASH = re.compile(r"(.+)-(?:(?=[0-9a-f]*[0-9])[0-9a-f]{6,10}|[2456789bcdfghkmt]{10})")
_HASHED: Mapping[tuple[str, str], re.Pattern[str]] = {
    ("", "ConfigMap"): _KUSTOMIZE_HASH,
    ("", "Secret"): _KUSTOMIZE_HASH,
    ("batch", "Job"): _JOB_HASH,
}


def stem(key: ObjectKey) -> str:
    """The name of an object without the hash of its content; the name itself when it has none."""
    pattern = _HASHED.get((key.group, key.kind))
    match = pattern.fullmatch(key.name) if pattern else None
    return match[1] if match else key.name


@dataclass(frozen=True, slots=True)
class Pair:
    """An object on both sides, or on one.

    Args:
        key: its key with the stem of its name; the namespace is empty when it is the overlay's own.
        before: the object before.
        after: the object after.
    """

    key: ObjectKey
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def pair(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[Pair]:
    """Pair the objects of two renderings of one overlay, sorted by key.

    Objects pair by key; of the rest, those pair whose name differs in the hash only, when there is one on each side.
    Of several objects with the same key on one side the n-th pairs with the n-th: nothing is lost.
    """
    left, right = _numbered(before), _numbered(after)
    old = {name: obj for name, obj in left.items() if name not in right}
    new = {name: obj for name, obj in right.items() if name not in left}
    old_stems, new_stems = _stems(old), _stems(new)
    home = _home(before), _home(after)
    # A stem serves as name only where it is unique in its rendering.
    unique = (
        Counter(replace(key, name=stem(key)) for key, _ in left),
        Counter(replace(key, name=stem(key)) for key, _ in right),
    )

    def display(key: ObjectKey) -> ObjectKey:
        cut = replace(key, name=stem(key))
        if max(side[cut] for side in unique) > 1:
            cut = key
        return replace(cut, namespace="") if key.namespace in home else cut

    pairs = [Pair(display(name[0]), obj, right[name]) for name, obj in left.items() if name in right]
    renamed = {name: new_stems[cut] for cut, name in old_stems.items() if cut in new_stems}
    for name, obj in old.items():
        partner = renamed.get(name)
        pairs.append(Pair(display(name[0]), obj, None if partner is None else new[partner]))
    taken = set(renamed.values())
    pairs += [Pair(display(name[0]), None, obj) for name, obj in new.items() if name not in taken]
    return sorted(pairs, key=lambda one: one.key)


_Name = tuple[ObjectKey, int]


def _numbered(objects: Sequence[Mapping[str, Any]]) -> dict[_Name, Mapping[str, Any]]:
    seen: Counter[ObjectKey] = Counter()
    names: dict[_Name, Mapping[str, Any]] = {}
    for obj in objects:
        key = key_of(obj)
        names[key, seen[key]] = obj
        seen[key] += 1
    return names


def _stems(names: Mapping[_Name, object]) -> dict[ObjectKey, _Name]:
    """The unmatched objects that have a stem of their own, by key with the stem."""
    cuts = Counter(replace(key, name=stem(key)) for key, _ in names)
    by_stem = {replace(name[0], name=stem(name[0])): name for name in names}
    return {cut: name for cut, name in by_stem.items() if cuts[cut] == 1 and (name[0].group, name[0].kind) in _HASHED}


def _home(objects: Sequence[Mapping[str, Any]]) -> str:
    """The namespace that most objects are in."""
    spaces = Counter(key_of(obj).namespace for obj in objects)
    del spaces[""]
    return min(spaces, key=lambda name: (-spaces[name], name), default="")
