"""Names of delivery objects: one namespace holds those of every overlay, so they carry the overlay's."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from compiler.k8s.objects import Object
from compiler.spec.models import Spec

CLUSTER_SCOPED = frozenset(
    ["Namespace", "ClusterRole", "ClusterRoleBinding", "PersistentVolume", "StorageClass", "CustomResourceDefinition"]
)
"""Kinds that no namespace holds, as far as they stand beside applications."""

_SEALED = {
    "sops": [("", "Secret")],
    "ksops": [("", "Secret")],
    "sealed-secrets": [("bitnami.com", "SealedSecret")],
    "external-secrets": [("external-secrets.io", "ExternalSecret")],
    "cert-manager": [("cert-manager.io", "Certificate"), ("cert-manager.io", "Issuer")],
}


def delivery_name(spec: Spec, path: str) -> str:
    """``pulp-prod`` for ``overlays/prod``; an overlay that is named after the installation is not named twice."""
    overlay = path.rstrip("/").rpartition("/")[2]
    return overlay if overlay == spec.name or overlay.startswith(f"{spec.name}-") else f"{spec.name}-{overlay}"


def group_of(obj: Object) -> str:
    """The API group: empty for ``v1``."""
    return str(obj["apiVersion"]).rpartition("/")[0]


def namespaced_kinds(objects: Sequence[Object]) -> set[tuple[str, str]]:
    """Group and kind of the objects that a namespace holds."""
    return {(group_of(obj), str(obj["kind"])) for obj in objects if obj["kind"] not in CLUSTER_SCOPED}


def kinds_beside(backends: Collection[str]) -> set[tuple[str, str]]:
    """Group and kind of what stands beside the model's objects: the CA bundle, and what the backends seal or issue."""
    return {("", "ConfigMap"), *(kind for backend in backends for kind in _SEALED[backend])}
