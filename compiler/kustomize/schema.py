"""Which lists merge by which keys, and which kinds are cluster-scoped: Kubernetes 1.21.2 (kustomize.md, 6 and 9)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

Table = Mapping[str, Any]
"""``defs``: fields by definition, ``""`` for any other field; ``gvk``: definition by ``apiVersion/kind``; ``scope``."""


class Schema(NamedTuple):
    """A place in the merge schema.

    Args:
        table: the tables it is part of.
        definition: the definition whose fields are below, None for a leaf.
        strategy: ``merge`` (or ``merge,retainKeys``) for a list whose elements merge.
        keys: the merge keys; none for a list of primitives.
        items: the definition of the elements, by name.
    """

    table: Table
    definition: str | None
    strategy: str = ""
    keys: tuple[str, ...] = ()
    items: str | None = None

    def field(self, name: str) -> Schema | None:
        """The schema of a field of a map."""
        if self.definition is None:
            return None
        fields = self.table["defs"].get(self.definition, {})
        spec = fields.get(name)
        if spec is None:
            spec = fields.get("")
            if spec is None:
                return None
        if "ref" in spec:
            return Schema(self.table, spec["ref"])
        return Schema(self.table, None, spec.get("strategy", ""), tuple(spec.get("keys", ())), spec["list"])

    @property
    def merges(self) -> bool:
        """Whether this is a list whose elements merge (``retainKeys`` is not heeded, as in the real tool)."""
        return "merge" in self.strategy

    def elements(self) -> Schema | None:
        """The schema of the elements of a list."""
        return Schema(self.table, self.items) if self.items else None


@cache
def data() -> Table:
    """The tables of ``data/merge-keys.json``."""
    import json

    with open(os.path.join(os.path.dirname(__file__), "data", "merge-keys.json"), "rb") as file:
        loaded: dict[str, Any] = json.loads(file.read())
    return loaded


def schema_of(api_version: str, kind: str, table: Table | None = None) -> Schema | None:
    """The schema of a kind, None when the tables (by default Kubernetes 1.21.2) do not have it."""
    table = data() if table is None else table
    name = table["gvk"].get(f"{api_version}/{kind}")
    return Schema(table, name) if name else None


def merge_keys(api_version: str, kind: str, path: tuple[str, ...]) -> tuple[str, ...] | None:
    """The merge keys of the list at a path of a kind, as a strategic merge in Kustomize 5.8.1 uses them.

    Args:
        api_version: e.g. ``apps/v1``.
        kind: e.g. ``Deployment``.
        path: field names from the root; the elements of a list take no part: ``("spec", "template", "spec",
            "containers", "env")``.

    Returns:
        The keys; ``()`` for a merging list of primitives; None when the list is replaced as a whole.
    """
    place = schema_of(api_version, kind)
    for name in path:
        if place is not None and place.definition is None:
            place = place.elements()
        place = place.field(name) if place is not None else None
        if place is None:
            return None
    return place.keys if place is not None and place.merges else None


CLUSTER_SCOPED = frozenset(
    f"{version} {kind}"
    for version, kinds in (
        ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration ValidatingWebhookConfiguration"),
        ("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"),
        ("apiregistration.k8s.io/v1", "APIService"),
        ("apiregistration.k8s.io/v1beta1", "APIService"),
        ("certificates.k8s.io/v1", "CertificateSigningRequest"),
        ("certificates.k8s.io/v1beta1", "CertificateSigningRequest"),
        ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema PriorityLevelConfiguration"),
        ("networking.k8s.io/v1", "IngressClass"),
        ("networking.k8s.io/v1beta1", "IngressClass"),
        ("node.k8s.io/v1", "RuntimeClass"),
        ("node.k8s.io/v1beta1", "RuntimeClass"),
        ("policy/v1beta1", "PodSecurityPolicy"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole ClusterRoleBinding"),
        ("rbac.authorization.k8s.io/v1beta1", "ClusterRole ClusterRoleBinding"),
        ("scheduling.k8s.io/v1", "PriorityClass"),
        ("scheduling.k8s.io/v1beta1", "PriorityClass"),
        ("storage.k8s.io/v1", "CSIDriver CSINode StorageClass VolumeAttachment"),
        ("storage.k8s.io/v1beta1", "CSIDriver CSINode StorageClass VolumeAttachment"),
        ("v1", "ComponentStatus Namespace Node NodeProxyOptions PersistentVolume"),
    )
    for kind in kinds.split()
)
