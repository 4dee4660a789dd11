"""The ``replicas`` of a kustomization, for objects of which nothing but the number of replicas changed."""

from __future__ import annotations

from collections.abc import Iterable

from compiler.k8s.objects import Object
from compiler.overlay.strategic import same

_KINDS = ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController")
Pair = tuple[Object, Object]


def replica_counts(pairs: Iterable[Pair], wanted: Iterable[Object]) -> dict[str, int]:
    """Name to count, sorted by name, where ``replicas`` says the whole change.

    Args:
        pairs: objects as the parent has them and as they must be before ``replicas`` is applied.
        wanted: all wanted objects: an entry changes every workload of its name, whatever its kind.
    """
    workloads: dict[str, list[Object]] = {}
    for obj in wanted:
        if obj.get("kind") in _KINDS:
            workloads.setdefault(str(obj["metadata"]["name"]), []).append(obj)
    counts: dict[str, int] = {}
    for old, new in pairs:
        name = str(new["metadata"]["name"])
        count = _count(new)
        if new.get("kind") not in _KINDS or count is None or same(old, new) or not same(old, with_count_of(old, new)):
            continue
        if all(_count(obj) == count for obj in workloads[name]):
            counts[name] = count
    return dict(sorted(counts.items()))


def with_count_of(old: Object, new: Object) -> Object:
    """``new`` with the number of replicas of ``old``."""
    before = old.get("spec")
    if not isinstance(before, dict) or not isinstance(new.get("spec"), dict):
        return new
    if "replicas" not in before:
        return {**new, "spec": {key: value for key, value in new["spec"].items() if key != "replicas"}}
    if type(before["replicas"]) is not int:
        return new
    return {**new, "spec": {**new["spec"], "replicas": before["replicas"]}}


def _count(obj: Object) -> int | None:
    spec = obj.get("spec")
    count = spec.get("replicas") if isinstance(spec, dict) else None
    return count if type(count) is int and count >= 0 else None
