"""The delivery file of an overlay: not among its own resources, but applied where Argo CD or Flux runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from compiler.delivery.argocd import argocd_objects
from compiler.delivery.flux import flux_objects
from compiler.k8s.objects import Object
from compiler.k8s.yaml import dump_all
from compiler.overlay import HEADER
from compiler.spec.models import Spec

Backend = Literal["sops", "sealed-secrets"]


def delivery_files(spec: Spec, objects: Sequence[Object], *, path: str, backend: Backend) -> dict[str, str]:
    """The delivery files of an overlay.

    Args:
        spec: its effective spec.
        objects: everything that the overlay renders to, in any order; what ``custom/`` adds is among them, so that its
            kinds are allowed. Sealed Secrets and the CA bundle may be missing: their kinds are known from ``backend``.
        path: the overlay's folder in the repository, ``overlays/prod``.
        backend: what seals for this overlay.

    Returns:
        path inside the overlay (``delivery/argocd.yaml`` or ``delivery/flux.yaml``) to text; nothing when the spec asks
        for no delivery, is a layer, or has no namespace.
    """
    delivery = spec.delivery
    if delivery is None or spec.abstract or spec.namespace is None:
        return {}
    if delivery.argocd is not None:
        return {
            "delivery/argocd.yaml": HEADER + dump_all(argocd_objects(spec, delivery.argocd, objects, path, backend))
        }
    if delivery.flux is not None:
        return {"delivery/flux.yaml": HEADER + dump_all(flux_objects(spec, delivery.flux, objects, path, backend))}
    return {}
