"""ServiceAccounts: one for each role, none with a token or a right; they carry pull secrets and cloud identities."""

from __future__ import annotations

from typing import Any

from compiler.pulp.provenance import From
from compiler.pulp.site import Site, manifest

_USES_STORAGE = ("api", "content", "worker")


def account_objects(site: Site) -> list[dict[str, Any]]:
    """The accounts of the parts that exist: api, content, worker and web always, ``jobs`` where Jobs may run."""
    parts = ["api", "content", "worker", "web"]
    if site.spec.database:
        parts.append("jobs")
        if site.spec.database.embedded:
            parts.append("database")
    if site.spec.cache and site.spec.cache.embedded:
        parts.append("redis")
    return [_account(site, part) for part in parts]


def _account(site: Site, part: str) -> dict[str, Any]:
    s3 = site.spec.storage.s3 if site.spec.storage else None
    identity: dict[str, Any] | None = None
    if s3 and s3.credentials == "workload-identity" and part in _USES_STORAGE:
        key = "storage.s3.service_account_annotations"
        identity = {name: From(key, value) for name, value in s3.service_account_annotations.items()}
    pull = [{"name": name} for name in site.spec.pulp.image_pull_secrets]
    return manifest(
        site,
        "v1",
        "ServiceAccount",
        site.name(part),
        annotations=identity,
        automountServiceAccountToken=False,
        imagePullSecrets=From("pulp.image_pull_secrets", pull) if pull else None,
    )
