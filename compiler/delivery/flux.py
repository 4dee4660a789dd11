"""Flux: where the repository is, and the Kustomization that decrypts and applies one overlay of it.

Sources: Flux's API reference, source.toolkit.fluxcd.io/v1 and kustomize.toolkit.fluxcd.io/v1 (``serviceAccountName`` is
looked up in the Kustomization's namespace); its documentation of multi-tenancy.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from compiler.delivery.names import CLUSTER_SCOPED, delivery_name, kinds_beside
from compiler.delivery.rights import applier_role
from compiler.errors import CompilerError, Origin
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
    """The GitRepository and the Kustomization, and the account that it applies with, if the spec wants one.

    Arguments as for :func:`compiler.delivery.delivery_files`.

    Raises:
        CompilerError: the account could not apply an object, which no namespace holds. Its origin names a key of the
            spec: which file says it is not known here.
    """
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
            **({"serviceAccountName": flux.service_account} if flux.service_account else {}),
            **_decryption(flux, backends),
        },
    }
    return [*_account(spec, flux, objects, backends), repository, kustomization]


def _account(spec: Spec, flux: Flux, objects: Sequence[Object], backends: Collection[str]) -> list[Object]:
    """ServiceAccount, and in the overlay's namespace Role and RoleBinding, all of one name."""
    name = flux.service_account
    if name is None:
        return []
    for obj in objects:
        if obj["kind"] in CLUSTER_SCOPED:
            raise CompilerError(
                f"{obj['kind']} {obj['metadata']['name']} is of no namespace, and the account's Role can only allow "
                "what is",
                origin=Origin("", field="delivery.flux.service_account"),
                hint="have it made by somebody else, or leave this key out",
            )
    namespace = spec.namespace.name if spec.namespace else ""
    account = {"name": name, "namespace": flux.namespace}
    return [
        # Flux impersonates it by name; nobody needs its token.
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account, "automountServiceAccountToken": False},
        applier_role(objects, name=name, namespace=namespace, kinds=kinds_beside(backends)),
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": name, "namespace": namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", **account}],
        },
    ]


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
