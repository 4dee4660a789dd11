"""What a change could lose: data in volumes, secrets, whole namespaces, and services that stop."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from compiler.k8s.objects import ObjectKey, key_of
from compiler.review.model import Effect
from compiler.review.reach import at, items_at, text_at

_WHAT_GOES: Mapping[tuple[str, str], str] = {
    ("", "Namespace"): "is removed with everything in it",
    ("", "PersistentVolume"): "is removed: its data is lost unless the storage keeps it",
    ("", "PersistentVolumeClaim"): "is removed: its data is lost unless the volume's reclaim policy is Retain",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "is removed with every object of its kind",
    ("postgresql.cnpg.io", "Cluster"): "is removed: its databases are lost",
    ("postgres-operator.crunchydata.com", "PostgresCluster"): "is removed: its databases are lost",
    ("acid.zalan.do", "postgresql"): "is removed: its databases are lost",
    ("repo-manager.pulpproject.org", "Pulp"): "is removed: the operator removes what it made for it",
    ("snapshot.storage.k8s.io", "VolumeSnapshot"): "is removed: the snapshot is lost unless its class retains it",
}
_STOPS: Mapping[tuple[str, str], str] = {
    ("", "Service"): "is removed: nothing answers under its name",
    ("apps", "DaemonSet"): "is removed: its pods stop",
    ("apps", "Deployment"): "is removed: its pods stop",
    ("apps", "StatefulSet"): "is removed: its pods stop, its claims stay",
    ("batch", "CronJob"): "is removed: it runs no more",
    ("gateway.networking.k8s.io", "HTTPRoute"): "is removed: its hosts are no longer served by it",
    ("networking.k8s.io", "Ingress"): "is removed: its hosts are no longer served by it",
}
_SECRET_MAKERS = frozenset(["Secret", "SealedSecret", "ExternalSecret", "Certificate"])

# Kubernetes quantities: apimachinery/pkg/api/resource.
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?")
_SUFFIX: Mapping[str, Decimal] = {
    **{
        name: Decimal(1000) ** power for power, name in enumerate(["n", "u", "m", "", "k", "M", "G", "T", "P", "E"], -3)
    },
    **{f"{name}i": Decimal(1024) ** power for power, name in enumerate("KMGTPE", 1)},
}


def quantity(text: Any) -> Decimal | None:
    """A Kubernetes quantity (``10Gi``, ``500m``, ``1e9``) as a number, ``None`` when it is none."""
    match = _QUANTITY.fullmatch(str(text).strip())
    if not match or isinstance(text, bool):
        return None
    try:
        return Decimal(match[1]) * _SUFFIX[match[2] or ""]
    except (InvalidOperation, OverflowError):
        return None


def produced_secrets(objects: Sequence[Mapping[str, Any]]) -> frozenset[tuple[str, str]]:
    """(namespace, name) of every Secret that will exist: given, unsealed, or made by a controller."""
    return frozenset(filter(None, (_secret_of(obj) for obj in objects)))


def _secret_of(obj: Mapping[str, Any]) -> tuple[str, str] | None:
    key = key_of(obj)
    if key.kind not in _SECRET_MAKERS:
        return None
    name = key.name
    if key.kind == "SealedSecret":
        name = text_at(obj, "spec", "template", "metadata", "name") or name
    elif key.kind == "ExternalSecret":
        name = text_at(obj, "spec", "target", "name") or name
    elif key.kind == "Certificate":
        name = text_at(obj, "spec", "secretName") or name
    return key.namespace, name


def removal(
    key: ObjectKey, obj: Mapping[str, Any], everything: Sequence[Mapping[str, Any]], kept: frozenset[tuple[str, str]]
) -> Iterator[Effect]:
    """What the removal of an object does, when the controller prunes it.

    Args:
        key: the object, as it is shown.
        obj: the object before, masked.
        everything: all objects before.
        kept: the Secrets that exist after.
    """
    if _never_pruned(obj):
        return
    place = key.group, key.kind
    if place in _WHAT_GOES:
        yield Effect("data", key, _WHAT_GOES[place])
    secret = _secret_of(obj)
    if secret is not None and secret not in kept and key.kind != "Certificate":
        used = _users(secret, everything)
        yield Effect("data", key, f"is removed: its values are gone from the cluster{used}")
    if key.kind == "StatefulSet" and _retention(obj, "whenDeleted") == "Delete":
        yield Effect("data", key, "is removed with its claims and their data (whenDeleted: Delete)")
    elif place in _STOPS:
        yield Effect("stop", key, _STOPS[place])


def _never_pruned(obj: Mapping[str, Any]) -> bool:
    annotations = at(obj, "metadata", "annotations")
    options = [part.strip() for part in text_at(annotations, "argocd.argoproj.io/sync-options").split(",")]
    flux = text_at(annotations, "kustomize.toolkit.fluxcd.io/prune").lower()
    return "Prune=false" in options or flux == "disabled"


def _users(secret: tuple[str, str], objects: Sequence[Mapping[str, Any]]) -> str:
    """Which workloads of the old rendering referred to a Secret, for the end of a sentence."""
    users = sorted(
        {
            f"{key_of(obj).kind} {key_of(obj).name}"
            for obj in objects
            if key_of(obj).namespace == secret[0] and _refers(obj.get("spec"), secret[1])
        }
    )
    if not users:
        return ""
    more = f" and {len(users) - 3} more" if len(users) > 3 else ""
    return f" (it was used by {', '.join(users[:3])}{more})"


def _refers(value: Any, name: str) -> bool:
    if isinstance(value, dict):
        if value.get("secretName") == name:
            return True
        for key in ("secretKeyRef", "secretRef", "secret"):
            reference = value.get(key)
            if isinstance(reference, dict) and reference.get("name") == name:
                return True
        return any(_refers(item, name) for item in value.values())
    return isinstance(value, list) and any(_refers(item, name) for item in value)


def _retention(obj: Mapping[str, Any], when: str) -> str:
    return text_at(obj, "spec", "persistentVolumeClaimRetentionPolicy", when) or "Retain"


def storage_effects(key: ObjectKey, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Effect]:
    """What a change of an object does to stored data."""
    if (key.group, key.kind) == ("", "PersistentVolumeClaim"):
        old, new = _storage(before), _storage(after)
        shrinks = _shrinks(old, new)
        if shrinks:
            yield Effect(
                "data", key, f"shrinks from {old} to {new}: a claim cannot, and a new one in its stead is empty"
            )
    if (key.group, key.kind) == ("apps", "StatefulSet"):
        yield from _stateful(key, before, after)
    yield from _claims(key, before, after)


def _stateful(key: ObjectKey, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Effect]:
    old, new = items_at(before, "spec", "volumeClaimTemplates"), items_at(after, "spec", "volumeClaimTemplates")
    if old != new:
        message = "has other volumeClaimTemplates: claims that exist keep their form, and new ones are empty"
        yield Effect("data", key, message)
    for when, event in (("whenDeleted", "deleted"), ("whenScaled", "scaled down")):
        if _retention(after, when) == "Delete" != _retention(before, when):
            yield Effect("data", key, f"will lose its claims' data when it is {event} ({when}: Delete)")
    start, end = replicas_of(before), replicas_of(after)
    if start is not None and end is not None and end < start and new and _retention(after, "whenScaled") == "Delete":
        yield Effect("data", key, f"scales from {start} to {end} and loses those claims (whenScaled: Delete)")


def replicas_of(obj: Mapping[str, Any]) -> int | None:
    """``spec.replicas``, 1 when unset (the API server's default), ``None`` when it is no number."""
    replicas = at(obj, "spec", "replicas")
    return 1 if replicas is None else replicas if type(replicas) is int else None


def _claims(key: ObjectKey, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Effect]:
    """Volumes of a pod template that are backed by another claim than before, or by none."""
    old, new = _claim_names(before), _claim_names(after)
    for volume, claim in sorted(old.items()):
        if volume not in new or new[volume] != claim:
            instead = f"claim {new[volume]}" if new.get(volume) else "no claim"
            yield Effect("data", key, f"volume {volume} uses {instead} instead of claim {claim}: its data is not moved")


def _claim_names(obj: Mapping[str, Any]) -> dict[str, str]:
    inside = {"CronJob": ("spec", "jobTemplate", "spec", "template"), "Pod": ()}
    pod = at(obj, *inside.get(text_at(obj, "kind"), ("spec", "template")))
    names = {}
    for volume in items_at(pod, "spec", "volumes"):
        claim = text_at(volume, "persistentVolumeClaim", "claimName")
        if claim:
            names[text_at(volume, "name")] = claim
    return names


def _storage(obj: Mapping[str, Any]) -> Any:
    return at(obj, "spec", "resources", "requests", "storage")


def _shrinks(before: Any, after: Any) -> bool:
    old, new = quantity(before), quantity(after)
    return old is not None and new is not None and new < old
