"""The sealed-secrets backend: objects that only the controller of one cluster can open, made without kubeseal.

Format (bitnami/sealed-secrets, ``pkg/crypto``): each value is ``base64(len(W) as 16 bit big-endian + W + C)``, where W
is a random 32-byte key wrapped with RSA-OAEP (SHA-256 for hash and MGF1, label ``namespace/name``: the strict scope)
and C is the value under AES-256-GCM with that key and a nonce of twelve zero bytes. The wider scopes, which let anyone
move a value elsewhere, are not offered.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.secrets.documents import SUBSTITUTION_OFF, SecretDocument, dump, load, metadata

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

API_VERSION = "bitnami.com/v1alpha1"
RENEW_BEFORE = timedelta(days=90)
"""How long before the end of a controller's certificate a new one is asked for."""
_SMALLEST_RSA = 2048
_PRIVATE = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")


@dataclass(frozen=True)
class ControllerCertificate:
    """The public certificate of a controller.

    Args:
        pem: the certificate.
        fingerprint: SHA-256 of its DER form, hexadecimal.
        not_after: its end, UTC.
    """

    pem: bytes
    fingerprint: str
    not_after: datetime
    key: RSAPublicKey


def read_certificate(pem: bytes, *, now: datetime, path: str) -> ControllerCertificate:
    """The controller's certificate: its RSA key and dates are used, nothing else (it has no names to check).

    Args:
        pem: one PEM certificate.
        now: the present, timezone-aware.
        path: where it comes from, for errors.

    Raises:
        CompilerError: it is not one certificate with an RSA key of at least 2048 bits that is valid now, or the file
            also holds a private key.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    origin = Origin(path)
    if _PRIVATE.search(pem):
        raise CompilerError("the file holds a private key; only the certificate is wanted", origin=origin)
    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError:
        certificates = []
    if len(certificates) != 1:
        raise CompilerError(
            f"one PEM certificate is wanted, {len(certificates) or 'none'} found",
            origin=origin,
            hint="kubeseal --fetch-cert prints it; compare its fingerprint over a second channel",
        )
    cert = certificates[0]
    key = cert.public_key()
    if not isinstance(key, RSAPublicKey):
        raise CompilerError(
            "the certificate's key is not RSA; a sealed-secrets controller has an RSA key", origin=origin
        )
    if key.key_size < _SMALLEST_RSA:
        raise CompilerError(
            f"the certificate's RSA key has {key.key_size} bits, at least 2048 are wanted", origin=origin
        )
    if not cert.not_valid_before_utc <= now <= cert.not_valid_after_utc:
        raise CompilerError(
            f"the certificate is valid from {cert.not_valid_before_utc:%F} to {cert.not_valid_after_utc:%F}, not now",
            origin=origin,
            hint="fetch the controller's current certificate (kubeseal --fetch-cert)",
        )
    fingerprint = cert.fingerprint(hashes.SHA256()).hex()
    return ControllerCertificate(pem, fingerprint, cert.not_valid_after_utc, key)


def seal(document: SecretDocument, certificate: ControllerCertificate) -> bytes:
    """A SealedSecret with strict scope for ``document``."""
    label = f"{document.namespace}/{document.name}".encode()
    encrypted = {
        key: seal_value(document.values[key].reveal(), label, certificate.key) for key in sorted(document.values)
    }
    manifest = {
        "apiVersion": API_VERSION,
        "kind": "SealedSecret",
        "metadata": metadata(document.name, document.namespace, document.labels),
        "spec": {
            "encryptedData": encrypted,
            "template": {
                "metadata": metadata(document.name, document.namespace, document.labels, SUBSTITUTION_OFF),
                "type": document.type,
            },
        },
    }
    return dump(manifest)


def seal_value(value: bytes, label: bytes, key: RSAPublicKey) -> str:
    """One value as the controller opens it."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    session = os.urandom(32)
    wrapped = key.encrypt(session, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label))
    # A constant nonce is safe here: each key seals one value (upstream's format fixes it).
    sealed = AESGCM(session).encrypt(bytes(12), value, None)
    return base64.b64encode(len(wrapped).to_bytes(2, "big") + wrapped + sealed).decode("ascii")


def read(content: bytes, path: str, *, name: str, namespace: str, keys: Sequence[str]) -> Mapping[str, Any]:
    """A SealedSecret file as data, after checking that it is one of ours: strict scope, no data in the template, and
    exactly the keys wanted.

    Raises:
        CompilerError: it is not.
    """
    document = load(content, path)
    problem = _problem(document, name, namespace, keys)
    if problem:
        raise CompilerError(problem, origin=Origin(path))
    return document


def _problem(document: Mapping[str, Any], name: str, namespace: str, keys: Sequence[str]) -> str | None:
    if document.get("apiVersion") != API_VERSION or document.get("kind") != "SealedSecret":
        return "it is no SealedSecret"
    meta, spec = document.get("metadata"), document.get("spec")
    if not isinstance(meta, dict) or not isinstance(spec, dict) or set(spec) != {"encryptedData", "template"}:
        return "it is no SealedSecret that this compiler wrote"
    if meta.get("name") != name or meta.get("namespace") != namespace:
        return f"it is not sealed for {namespace}/{name}"
    template = spec["template"]
    if not isinstance(template, dict) or not set(template) <= {"metadata", "type"}:
        return "its template holds more than metadata and type"
    for notes in (meta.get("annotations"), (template.get("metadata") or {}).get("annotations")):
        if any("sealedsecrets.bitnami.com" in str(key) for key in notes or {}):
            return "its scope was widened: only the strict scope is allowed"
    sealed = spec["encryptedData"]
    if not isinstance(sealed, dict) or sorted(sealed) != sorted(keys):
        return f"it does not hold exactly the keys {', '.join(sorted(keys))}"
    broken = [key for key, value in sealed.items() if not _well_formed(value)]
    return f"the value of {broken[0]!r} is not sealed" if broken else None


def _well_formed(value: object) -> bool:
    try:
        blob = base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        return False
    wrapped = int.from_bytes(blob[:2], "big")
    # A wrapped key is as long as the RSA modulus; the GCM tag has 16 bytes; an empty value is never sealed.
    return wrapped >= _SMALLEST_RSA // 8 and len(blob) > 2 + wrapped + 16


def read_pinned(tree: Tree, path: str, fingerprint: str, *, now: datetime) -> ControllerCertificate:
    """The certificate at ``path``, when it is the one that ``secrets/recipients.yaml`` pins.

    Raises:
        CompilerError: it is missing, another one, or not valid now. A swapped certificate would let a stranger read
            everything that is sealed from then on.
    """
    try:
        pem = tree.read(path)
    except FileNotFoundError:
        raise CompilerError("the controller's certificate is missing", origin=Origin(path)) from None
    certificate = read_certificate(pem, now=now, path=path)
    if certificate.fingerprint != fingerprint:
        raise CompilerError(
            f"this is not the pinned certificate: its fingerprint is {certificate.fingerprint}, "
            f"secrets/recipients.yaml says {fingerprint}",
            origin=Origin(path),
            hint="compare it with `kubeseal --fetch-cert`, then pin it: `compiler secrets init --cert OVERLAY=FILE`",
        )
    return certificate
