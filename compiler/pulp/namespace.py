"""The Namespace, where the spec asks for it: closed to pods that are not restricted."""

from __future__ import annotations

from typing import Any

from compiler.pulp.provenance import From
from compiler.pulp.site import Site, manifest

_LEVEL = "restricted"


def namespace_objects(site: Site) -> list[dict[str, Any]]:
    """The Namespace with Pod Security labels, or nothing: creating one is a right that most deployers lack."""
    namespace = site.spec.namespace
    if namespace is None or not namespace.create:
        return []
    made = manifest(site, "v1", "Namespace", namespace.name, namespaced=False)
    security = {f"pod-security.kubernetes.io/{mode}": _LEVEL for mode in ("audit", "enforce", "warn")}
    made["metadata"]["name"] = From("namespace.name", namespace.name)
    made["metadata"]["labels"] = dict(sorted({**made["metadata"]["labels"], **security}.items()))
    return [made]
