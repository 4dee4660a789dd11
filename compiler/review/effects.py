"""What a difference does in the cluster: pods that restart, Jobs that run, data that could be lost.

Each rule cites what decides it: the API server's validation (what it refuses to change in place), the controllers'
behaviour, or sops.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compiler.k8s.objects import ObjectKey
from compiler.review.immutable import refusals
from compiler.review.losses import produced_secrets, removal, replicas_of, storage_effects
from compiler.review.model import Effect, FieldChange, ObjectChange, Path
from compiler.review.reach import at, text_at
from compiler.review.restarts import restart_reasons

Compared = tuple[ObjectChange, dict[str, Any] | None, dict[str, Any] | None]
Objects = Sequence[Mapping[str, Any]]

_WORKLOADS = frozenset([("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("apps", "ReplicaSet")])
# Annotations by which a controller replaces an object instead of failing on an immutable field.
_FLUX_FORCE = "kustomize.toolkit.fluxcd.io/force"
_ARGO_OPTIONS = "argocd.argoproj.io/sync-options"


def effects_of(changes: Sequence[Compared], before: Objects, after: Objects) -> list[Effect]:
    """The effects of the differences of one overlay.

    Args:
        changes: the changes with the masked object of each side.
        before: all objects before, for what an object's removal depends on.
        after: all objects after.
    """
    kept = produced_secrets(after)
    return [effect for one in changes for effect in _effects(one, before, kept)]


def _effects(one: Compared, everything: Objects, kept: frozenset[tuple[str, str]]) -> Iterator[Effect]:
    change, before, after = one
    key = change.key
    if after is None:
        if before is not None:
            yield from removal(key, before, everything, kept)
        return
    if before is None or change.names is not None:
        if (key.group, key.kind) == ("batch", "Job"):
            yield Effect("run", key, "runs anew: its name changed" if before is not None else "is new and runs")
        return
    yield from _refused(key, before, after, change.fields)
    yield from storage_effects(key, before, after)
    yield from _recipients(key, change.fields)
    if (key.group, key.kind) in _WORKLOADS:
        yield from _stopped(key, before, after)
        yield from _restarted(key, after, change.fields)


def _refused(
    key: ObjectKey, before: Mapping[str, Any], after: Mapping[str, Any], fields: Sequence[FieldChange]
) -> Iterator[Effect]:
    what = refusals(key, before, after, fields)
    if not what:
        return
    if _is_forced(after):
        if key.kind == "PersistentVolumeClaim":
            yield Effect("data", key, f"is deleted and created anew, empty: {what} cannot change in place")
        elif key.kind == "Job":
            yield Effect("run", key, f"is replaced and runs anew: {what} cannot change in place")
        else:
            yield Effect("stop", key, f"is deleted and created anew: {what} cannot change in place")
    elif key.kind == "PersistentVolumeClaim":
        yield Effect("data", key, f"{what} cannot change in place, and a claim created in its stead is empty")
    else:
        yield Effect("refused", key, f"{what} cannot change in place: the API server refuses it")


def _is_forced(obj: Mapping[str, Any]) -> bool:
    annotations = at(obj, "metadata", "annotations")
    options = [part.strip() for part in text_at(annotations, _ARGO_OPTIONS).split(",")]
    return "Force=true" in options or text_at(annotations, _FLUX_FORCE).lower() in ("enabled", "true")


def _stopped(key: ObjectKey, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Effect]:
    old, new = replicas_of(before), replicas_of(after)
    if new == 0 and old != 0 and key.kind != "DaemonSet":
        yield Effect("stop", key, f"scales to 0 replicas (from {old})")


def _restarted(key: ObjectKey, after: Mapping[str, Any], fields: Sequence[FieldChange]) -> Iterator[Effect]:
    reasons = restart_reasons(fields)
    if not reasons or key.kind == "ReplicaSet":  # a ReplicaSet leaves its pods as they are
        return
    if key.kind != "DaemonSet" and replicas_of(after) == 0:
        return
    strategy = text_at(after, "spec", "strategy" if key.kind == "Deployment" else "updateStrategy", "type")
    how = "restarts"
    if strategy == "Recreate":
        how = "restarts, all pods at once"
    elif strategy == "OnDelete":
        how = "changes its pods only when they are deleted (OnDelete)"
    elif key.kind == "Deployment" and at(after, "spec", "paused") is True:
        how = "restarts when it is resumed (it is paused)"
    yield Effect("restart", key, f"{how}: {reasons}")


_RECIPIENTS: Mapping[str, str] = {"age": "recipient", "pgp": "fp", "kms": "arn", "gcp_kms": "resource_id"}


def _recipients(key: ObjectKey, fields: Sequence[FieldChange]) -> Iterator[Effect]:
    """Who can open a sealed file is decided by readable metadata that the MAC does not cover (sops)."""
    for field in fields:
        if field.path[:1] != ("sops",) or field.kind not in ("added", "removed"):
            continue
        verb = "can now also be opened by" if field.kind == "added" else "is no longer sealed to"
        for name in _names_of(field.path, field.after if field.kind == "added" else field.before):
            yield Effect("access", key, f"{verb} {name}")


def _names_of(path: Path, value: Any) -> Iterator[str]:
    if len(path) == 1 and isinstance(value, dict):
        for backend, items in value.items():
            yield from _names_of(("sops", backend), items)
    elif len(path) == 2 and isinstance(value, list):
        for item in value:
            yield from _names_of((*path, 0), item)
    elif len(path) == 3 and isinstance(value, dict):
        name = value.get(_RECIPIENTS.get(str(path[1]), ""))
        yield f"{path[1]} {name}" if isinstance(name, str) else f"a key of {path[1]}"
