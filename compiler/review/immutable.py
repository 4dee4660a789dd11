"""Fields that the API server does not let a person change in place (Kubernetes: pkg/apis/*/validation)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from compiler.k8s.objects import ObjectKey
from compiler.review.model import FieldChange, Path
from compiler.review.reach import at

# apps/validation ValidateStatefulSetUpdate names the fields that may change; all others may not.
_STATEFULSET_MUTABLE = frozenset(
    (
        *("replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "minReadySeconds"),
        "persistentVolumeClaimRetentionPolicy",
    )
)
# batch/validation ValidateJobSpecUpdate.
_JOB_IMMUTABLE = frozenset(
    (
        *("backoffLimitPerIndex", "completionMode", "completions", "managedBy", "manualSelector", "podFailurePolicy"),
        *("selector", "successPolicy", "template"),
    )
)
# core/validation ValidatePersistentVolumeClaimUpdate: only requests may grow, and the attributes class may change.
_CLAIM_MUTABLE = frozenset(["resources", "volumeAttributesClassName"])
_VOLUME_MUTABLE = frozenset(
    (
        *("accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy"),
        *("storageClassName", "volumeAttributesClassName"),
    )
)
_STORAGE_CLASS_MUTABLE = frozenset(["allowVolumeExpansion", "allowedTopologies", "apiVersion", "kind", "metadata"])
_POD_MUTABLE = frozenset(["activeDeadlineSeconds", "containers", "initContainers", "tolerations"])

_Rule = Callable[[Path, Mapping[str, Any], Mapping[str, Any]], bool]


def refusals(key: ObjectKey, before: Mapping[str, Any], after: Mapping[str, Any], fields: Sequence[FieldChange]) -> str:
    """The immutable fields among those that changed, as a list for a sentence; empty when there are none.

    Args:
        key: the object.
        before: the object before.
        after: the object after.
        fields: what changed.
    """
    rule = _RULES.get((key.group, key.kind))
    if rule is None:
        return ""
    names: list[str] = []
    for field in fields:
        if field.kind != "resealed" and rule(field.path, before, after):
            name = ".".join(str(step) for step in field.path[:2])
            if name not in names:
                names.append(name)
    return ", ".join(names)


def _spec(path: Path, names: frozenset[str]) -> bool:
    return len(path) > 1 and path[0] == "spec" and path[1] in names


def _selector(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return _spec(path, frozenset(["selector"]))


def _statefulset(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return len(path) > 1 and path[0] == "spec" and path[1] not in _STATEFULSET_MUTABLE


def _job(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return _spec(path, _JOB_IMMUTABLE)


def _claim(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return len(path) > 1 and path[0] == "spec" and path[1] not in _CLAIM_MUTABLE


def _service(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    # An unset clusterIP means "keep the one it has" to the API server, so only a set one can be refused; a Service
    # that was an ExternalName has none yet.
    if path[:2] != ("spec", "clusterIP") or not at(after, "spec", "clusterIP"):
        return False
    return bool(at(before, "spec", "type") != "ExternalName")


def _data(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    locked = before.get("immutable") is True and path[:1] in (("data",), ("binaryData",), ("stringData",))
    unlocked = before.get("immutable") is True and path == ("immutable",)
    return locked or unlocked


def _secret(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return path == ("type",) or _data(path, before, after)


def _role(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return path[:1] == ("roleRef",)


def _storage_class(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return path[0] not in _STORAGE_CLASS_MUTABLE


def _volume(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return len(path) > 1 and path[0] == "spec" and path[1] not in _VOLUME_MUTABLE


def _pod(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    if len(path) > 1 and path[0] == "spec" and path[1] not in _POD_MUTABLE:
        return True
    return len(path) > 3 and path[1] in ("containers", "initContainers") and path[3] != "image"


def _priority(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return path[0] in ("value", "preemptionPolicy")


_RULES: Mapping[tuple[str, str], _Rule] = {
    ("", "ConfigMap"): _data,
    ("", "PersistentVolume"): _volume,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): _pod,
    ("", "Secret"): _secret,
    ("", "Service"): _service,
    ("apps", "DaemonSet"): _selector,
    ("apps", "Deployment"): _selector,
    ("apps", "ReplicaSet"): _selector,
    ("apps", "StatefulSet"): _statefulset,
    ("batch", "Job"): _job,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _role,
    ("rbac.authorization.k8s.io", "RoleBinding"): _role,
    ("scheduling.k8s.io", "PriorityClass"): _priority,
    ("storage.k8s.io", "StorageClass"): _storage_class,
}
