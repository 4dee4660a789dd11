"""Flux: where the repository is, and the Kustomization that decrypts and applies one overlay of it.

Sources: Flux's API reference, source.toolkit.fluxcd.io/v1 and kustomize.toolkit.fluxcd.io/v1.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from compiler.delivery.names import delivery_name
from compiler.k8s.objects import Object
from compiler.spec.models import Spec
from compiler.spec.models.site import Flux

_LEAST_TIMEOUT = 600
_MARGIN = 300
_DEFAULT_PROGRESS = 600
"""Seconds that Kubernetes gives a Deployment to make progress."""


def flux_objects(
    spec: Spec, flux: Flux, objects: Sequence[Object], path: str, backends: Collection[str]
) -> list[Object]:
    """The GitRepository and the Kustomization; arguments as for :func:`compiler.delivery.delivery_files`."""
    name = delivery_name(spec, path)
    metadata = {"name": name, "namespace": flux.namespace}
    credentials = {"secretRef": {"name": flux.git_secret}} if flux.git_secret else {}
    repository = {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": metadata,
        "spec": {"interval": flux.interval, "url": flux.repo, "ref": {"branch": flux.revision}, **credentials},
    }
    kustomization = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": metadata,
        "spec": {
            "interval": flux.interval,
            "retryInterval": "2m",
            "timeout": f"{_timeout(objects) // 60}m",
            "sourceRef": {"kind": "GitRepository", "name": name},
            "path": f"./{path}",
            "prune": flux.prune,
            "wait": True,
            **_decryption(flux, backends),
        },
    }
    return [repository, kustomization]


def _decryption(flux: Flux, backends: Collection[str]) -> dict[str, Any]:
    if "sops" not in backends:
        return {}
    return {"decryption": {"provider": "sops", "secretRef": {"name": flux.decryption_secret}}}


def _timeout(objects: Sequence[Object]) -> int:
    """Seconds to wait for everything to be ready, whole minutes: pods wait for the slowest Job, and then start."""
    deadlines = [obj["spec"].get("activeDeadlineSeconds") or 0 for obj in objects if obj["kind"] == "Job"]
    progress = [
        obj["spec"].get("progressDeadlineSeconds") or _DEFAULT_PROGRESS
        for obj in objects
        if obj["kind"] == "Deployment"
    ]
    seconds = max([_LEAST_TIMEOUT, *deadlines, *progress]) + _MARGIN
    return -(-seconds // 60) * 60
