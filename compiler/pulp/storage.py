"""Artifacts: the claim of a file volume, and where pods see it. A bucket needs neither."""

from __future__ import annotations

from typing import Any

from compiler.pulp.pod import Mount
from compiler.pulp.provenance import From
from compiler.pulp.site import Site, manifest

MEDIA = "/var/lib/pulp/media"

# A claim that leaves Git (another storage, a mistaken spec) takes its volume with it when a controller prunes it, and
# most storage classes then delete the data. Whoever really wants that deletes the claim by hand.
KEPT = {
    "argocd.argoproj.io/sync-options": "Delete=false,Prune=false",
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
}


def storage_objects(site: Site) -> list[dict[str, Any]]:
    """The PersistentVolumeClaim ``<name>-file-storage``, when the spec has one made."""
    storage = site.spec.storage
    if not (storage and storage.volume):
        return []
    volume = storage.volume
    body = {
        "accessModes": [From("storage.volume.access_mode", volume.access_mode)],
        "resources": {"requests": {"storage": From("storage.volume.size", volume.size)}},
        "storageClassName": From("storage.volume.storage_class", volume.storage_class),
    }
    return [manifest(site, "v1", "PersistentVolumeClaim", site.name("file-storage"), annotations=KEPT, spec=body)]


def media_mounts(site: Site) -> tuple[Mount, ...]:
    """The volume's folder ``media`` at ``MEDIA_ROOT`` (the operator's layout), or nothing with object storage."""
    storage = site.spec.storage
    if not storage:
        return ()
    if storage.claim:
        claim = From("storage.claim.name", storage.claim.name)
    elif storage.volume:
        claim = From("storage.volume", site.name("file-storage"))
    else:
        return ()
    source = {"persistentVolumeClaim": {"claimName": claim}}
    return (Mount("file-storage", source, MEDIA, read_only=False, sub_path="media"),)
