"""Where everything below ``secrets/`` stands. Paths are relative to the repository's root."""

from __future__ import annotations

import re
from typing import Literal

from compiler.errors import CompilerError

Backend = Literal["sops", "sealed-secrets", "external-secrets", "cert-manager", "ksops"]
BACKENDS: tuple[Backend, ...] = ("sops", "sealed-secrets", "external-secrets", "cert-manager", "ksops")

ROOT = "secrets"
INVENTORY = f"{ROOT}/inventory.yaml"
RECIPIENTS = f"{ROOT}/recipients.yaml"
LOCK = f"{ROOT}/seals.lock.json"
GITATTRIBUTES = f"{ROOT}/.gitattributes"
SOURCEIGNORE = f"{ROOT}/.sourceignore"

SOPS_RULES = ".sops.yaml"
"""At the repository's root: sops looks for it from its working folder upwards."""

DIGEST_KEY_ID = "digest-key"
"""Id of the HMAC key in the vault; it has no ``/``, so no Secret of an overlay can have it."""

KSOPS = "ksops"
_RESERVED = frozenset({"vault", "ca", "trust"})
_OVERLAY = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?(/[a-z0-9]([-a-z0-9.]*[a-z0-9])?)*")
_SUFFIX: dict[Backend, str] = {
    "sops": "sops.yaml",
    "sealed-secrets": "sealed.yaml",
    "external-secrets": "external.yaml",
    "cert-manager": "certificate.yaml",
    "ksops": "sops.yaml",
}


def check_overlay(overlay: str) -> str:
    """``overlay``, when it can be a folder below ``secrets/``.

    Raises:
        CompilerError: it cannot: the name is reserved, or no lower-case DNS-like path of at most 40 characters
            (the names of its CAs carry it, and X.509 allows a common name 64, RFC 5280 appendix A.1).
    """
    if overlay.split("/")[0] in _RESERVED or KSOPS in overlay.split("/")[1:]:
        raise CompilerError(
            f"an overlay cannot be called {overlay!r}: secrets/{overlay} has another meaning",
            hint=f"rename the folder; reserved are {', '.join(sorted(_RESERVED))}, and {KSOPS} below another",
        )
    if not _OVERLAY.fullmatch(overlay) or len(overlay) > 40:
        raise CompilerError(
            f"the overlay {overlay!r} cannot have secrets: its name must be lower-case letters, digits, '-' and '.', "
            "at most 40 characters"
        )
    return overlay


def identifier(overlay: str, name: str) -> str:
    """The id of a Secret: ``<overlay>/<secret name>``."""
    return f"{overlay}/{name}"


def split(secret: str) -> tuple[str, str]:
    """Overlay and Secret name of an id."""
    overlay, _, name = secret.rpartition("/")
    return overlay, name


def vault(secret: str) -> str:
    """The file of a value set, sealed to administrators."""
    return f"{ROOT}/vault/{secret}.sops.yaml"


def sealed(secret: str, backend: Backend) -> str:
    """The file that a cluster gets."""
    if backend == "ksops":
        overlay, name = split(secret)
        return f"{ksops(overlay)}/{name}.{_SUFFIX[backend]}"
    return f"{ROOT}/{secret}.{_SUFFIX[backend]}"


def ksops(overlay: str) -> str:
    """The folder of what KSOPS opens: its own, since only a Kustomize that may run programs can build it."""
    return f"{ROOT}/{overlay}/{KSOPS}"


def backend(name: str) -> Backend:
    """The backend of that name, as the lock has it; an unknown one counts as sops."""
    return next((one for one in BACKENDS if one == name), "sops")


def config_map(overlay: str, name: str) -> str:
    """The file of a trust bundle."""
    return f"{ROOT}/{overlay}/{name}.configmap.yaml"


def kustomization(overlay: str) -> str:
    """The list of what a cluster gets."""
    return f"{ROOT}/{overlay}/kustomization.yaml"


def authority_id(overlay: str, authority: str) -> str:
    """The id of a CA over all its generations."""
    return f"{overlay}/{authority}"


def authority_key(authority: str, generation: int) -> str:
    """The file of a CA's private key, sealed to administrators; ``authority`` is an :func:`authority_id`."""
    return f"{ROOT}/ca/{_flat(authority)}.g{generation}.sops.yaml"


def authority_certificate(authority: str, generation: int) -> str:
    """The file of a CA's public certificate."""
    return f"{ROOT}/trust/{_flat(authority)}.g{generation}.crt"


def controller_certificate(overlay: str) -> str:
    """The file of the public certificate of a cluster's sealed-secrets controller."""
    return f"{ROOT}/trust/{overlay}.controller.crt"


def _flat(authority: str) -> str:
    overlay, _, kind = authority.rpartition("/")
    return f"{overlay}.{kind}"
