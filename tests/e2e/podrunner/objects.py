"""A rendering: YAML documents in, objects by key out, and what a second rendering may change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

Object = dict[str, Any]

CLUSTER_KINDS = frozenset(
    {"Namespace", "ClusterRole", "ClusterRoleBinding", "PriorityClass", "StorageClass", "PersistentVolume"}
)
MODELLED = frozenset(
    [
        "Namespace",
        "ServiceAccount",
        "ConfigMap",
        "Secret",
        "PersistentVolumeClaim",
        "Service",
        "NetworkPolicy",
        "Pod",
        "Deployment",
        "StatefulSet",
        "Job",
        "CronJob",
        "HorizontalPodAutoscaler",
    ]
)

# Fields that the API server refuses to change; everything else of a kind may.
_IMMUTABLE: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("spec.selector",),
    "Job": ("spec.template", "spec.selector", "spec.completions", "spec.completionMode"),
    "Secret": ("type",),
    "Service": ("spec.clusterIP",),
    "Pod": ("spec",),
}
_STATEFUL_SET_MUTABLE = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
]


class RunnerError(Exception):
    """The input, or what is asked, cannot be run; the message is for a person."""


@dataclass(frozen=True, order=True)
class Key:
    """What makes an object the same one in two renderings."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def key_of(obj: Mapping[str, Any]) -> Key:
    """The key of ``obj``; a namespaced object without a namespace is in ``default``."""
    kind = obj["kind"]
    metadata = obj.get("metadata") or {}
    namespace = "" if kind in CLUSTER_KINDS else metadata.get("namespace") or "default"
    return Key(kind, namespace, metadata["name"])


def parse(text: str) -> dict[Key, Object]:
    """The objects of a YAML stream.

    Raises:
        RunnerError: not YAML, not objects, an id twice, a Secret that is still sealed.
    """
    try:
        documents = [document for document in yaml.load_all(text, Loader=Loader) if document is not None]
    except yaml.YAMLError as error:
        raise RunnerError(f"not YAML: {error}") from error
    found: dict[Key, Object] = {}
    for document in documents:
        if (
            not isinstance(document, dict)
            or not document.get("kind")
            or not (document.get("metadata") or {}).get("name")
        ):
            raise RunnerError("a document is not a Kubernetes object (kind and metadata.name)")
        key = key_of(document)
        if key in found:
            raise RunnerError(f"{key} is in the rendering twice")
        if "sops" in document or key.kind == "SealedSecret":
            raise RunnerError(f"{key} is sealed: open it first (tests.e2e.podrunner.sealed.unseal)")
        found[key] = document
    return found


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader with YAML 1.2's reading of what Kubernetes reads: no timestamps."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:timestamp"]
    for first, pairs in Loader.yaml_implicit_resolvers.items()
}


def field(obj: Mapping[str, Any], path: str, default: Any = None) -> Any:
    """The value at a dotted path, or ``default`` where something on the way is absent or null."""
    value: Any = obj
    for part in path.split("."):
        if not isinstance(value, Mapping):
            return default
        value = value.get(part)
    return default if value is None else value


def refused_changes(old: Object, new: Object) -> list[str]:
    """The immutable fields of ``old`` that ``new`` would change, as dotted paths."""
    kind = old["kind"]
    paths: Iterable[str] = _IMMUTABLE.get(kind, ())
    if kind == "StatefulSet":
        names = set(old.get("spec") or {}) | set(new.get("spec") or {})
        paths = [f"spec.{name}" for name in sorted(names) if name not in _STATEFUL_SET_MUTABLE]
    elif kind == "PersistentVolumeClaim":
        names = set(old.get("spec") or {}) | set(new.get("spec") or {})
        paths = [f"spec.{name}" for name in sorted(names) if name != "resources"]
    elif kind in ("ConfigMap", "Secret") and old.get("immutable"):
        paths = ["data", "stringData", "binaryData", "immutable", *paths]
    if kind == "Service" and not field(new, "spec.clusterIP"):
        paths = ()  # the API server fills in what it once gave
    return [path for path in paths if field(old, path) != field(new, path)]


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector (matchLabels, matchExpressions) selects ``labels``; an empty one selects all."""
    selector = selector or {}
    if any(labels.get(name) != value for name, value in (selector.get("matchLabels") or {}).items()):
        return False
    for term in selector.get("matchExpressions") or ():
        present, values = term["key"] in labels, term.get("values") or ()
        value = labels.get(term["key"])
        accepted = {
            "In": present and value in values,
            "NotIn": not present or value not in values,
            "Exists": present,
            "DoesNotExist": not present,
        }
        if term["operator"] not in accepted:
            raise RunnerError(f"selector operator {term['operator']!r} is not one of {', '.join(accepted)}")
        if not accepted[term["operator"]]:
            return False
    return True


def quantity(value: Any) -> int:
    """A Kubernetes quantity in its base unit (bytes, or cores rounded up)."""
    text = str(value)
    for suffix, factor in _SUFFIXES.items():
        if text.endswith(suffix):
            return -int(-float(text[: -len(suffix)]) * factor // 1)
    return -int(-float(text) // 1)


_SUFFIXES = {
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50,
    "m": 0.001, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15,
}  # fmt: skip
