"""The kinds of repository that the tests of ``compiler init`` make, and a controller's certificate for one of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

KINDS = ("flux", "argocd", "sealed")


def delivery_of(kind: str) -> str:
    """What applies the overlays of a repository of ``made``."""
    return "argocd" if kind == "sealed" else kind


def controller_certificate() -> bytes:
    """A certificate as a sealed-secrets controller makes one for itself: RSA, self-signed."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=90))
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
