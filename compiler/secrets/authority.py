"""A CA that was made elsewhere: whether it fits the profile, and taking it in.

Its certificate is public and goes to ``secrets/trust/``. Its private key is sealed to administrators, or stays outside
the repository (an offline key, or an issuer in the cluster).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import get_args

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.pulp.requirements import Authority
from compiler.secrets import inventory, layout, lock, recipients
from compiler.secrets.access import Access
from compiler.secrets.authorities import Authorities
from compiler.secrets.listing import close
from compiler.secrets.outcome import Outcome, Step
from compiler.secrets.plaintext import Plaintext
from compiler.secrets.rollover import phase_of
from compiler.secrets.sealing import Progress, Sealing
from compiler.secrets.targets import Target

_SMALLEST_RSA = 2048
_CURVES = (ec.SECP256R1, ec.SECP384R1)


def bring(
    tree: Tree,
    target: Target,
    authority: str,
    certificate: bytes,
    key: bytes | None,
    access: Access,
    *,
    progress: Progress | None = None,
) -> Outcome:
    """Take in a CA: the first one of an authority, or the successor of the one that issues (phase ``trust``).

    Args:
        tree: the repository.
        target: the overlay.
        authority: ``service`` or ``upstream``.
        certificate: one PEM certificate, a self-signed root.
        key: its private key, PEM, to be sealed to administrators; ``None`` when it stays elsewhere.
        access: keys, tools and the time; no identity is needed.
        progress: told after each sealed file.

    Raises:
        CompilerError: the certificate does not fit the profile, the key does not belong to it, or the authority is in
            the middle of a rollover.
        WorldError: sops failed.
    """
    if authority not in get_args(Authority):
        raise CompilerError(f"there is no authority {authority!r}", hint="service or upstream")
    sealing = Sealing(tree, access, recipients.read(tree), lock.read(tree))
    identifier = layout.authority_id(target.overlay, authority)
    known = sealing.authorities.get(identifier)
    if known is not None and phase_of(known) != "steady":
        raise CompilerError(
            f"the {authority} CA of {target.overlay} is in phase {phase_of(known)}: its rollover is not finished",
            hint="compiler secrets ca rollover, until the phase retire is done",
        )
    others = [one for other in sealing.authorities.values() for one in other.generations.values()]
    pem = check_certificate(certificate, now=access.now, others=others)
    private = read_key(Plaintext(key), pem, "the key") if key is not None else None
    authorities = Authorities(target.overlay, sealing)
    generation = authorities.bring(authority, pem, private)
    if known is not None and known.generations[known.issuer].sealed and not target.issues(authority):
        # Nothing that ours signs is in use any more: it is only trusted until it is retired.
        sealing.authorities[identifier] = replace(sealing.authorities[identifier], issuer=generation)
    for bundle in target.requirements.trust:
        if all(layout.authority_id(target.overlay, one) in sealing.authorities for one in bundle.keys.values()):
            authorities.bundle(target, bundle)
    writes = close(sealing, inventory.read(tree), [target.overlay], progress)
    kept = "its key is sealed to administrators" if private else "its key stays outside the repository"
    follows = "; next: ca rollover --phase issue, when all pods trust it" if known else ""
    return Outcome(writes, (Step(f"{identifier} CA", "trust", f"generation {generation}, {kept}{follows}"),))


def check_certificate(
    pem: bytes, *, now: datetime, others: Sequence[lock.AuthorityGeneration] = (), path: str = "the certificate"
) -> bytes:
    """A CA's certificate, when it fits the profile of :mod:`compiler.secrets.pki`; in its canonical PEM form.

    Args:
        pem: the file.
        now: the present, timezone-aware.
        others: the CAs that the repository has.
        path: where it comes from, for errors.

    Raises:
        CompilerError: it is not one certificate; it is not a self-signed root whose BasicConstraints (critical, with a
            path length), KeyUsage and key identifier say so; it is not valid now; its key is weak; another CA has its
            subject.
    """
    origin = Origin(path)
    if b"PRIVATE KEY" in pem:
        raise CompilerError("the file holds a private key; only the certificate is wanted here", origin=origin)
    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError:
        certificates = []
    if len(certificates) != 1:
        found = len(certificates) or "none"
        raise CompilerError(f"one PEM certificate is wanted, {found} found", origin=origin)
    cert = certificates[0]
    problem = _problem(cert, now) or _taken(cert, others)
    if problem:
        raise CompilerError(f"{cert.subject.rfc4514_string()[:100]!r} cannot be a CA here: {problem}", origin=origin)
    return cert.public_bytes(serialization.Encoding.PEM)


def _problem(cert: x509.Certificate, now: datetime) -> str | None:
    extensions = {type(one.value): one for one in cert.extensions}
    basic, usage = extensions.get(x509.BasicConstraints), extensions.get(x509.KeyUsage)
    if basic is None or not basic.value.ca or not basic.critical:
        return "it is no CA (BasicConstraints CA:TRUE, critical)"
    if basic.value.path_length is None:
        return "it may sign further CAs: BasicConstraints has no path length (pathlen:0)"
    if usage is None or not usage.critical or not usage.value.key_cert_sign:
        return "it may not sign certificates (KeyUsage keyCertSign, critical)"
    if x509.SubjectKeyIdentifier not in extensions:
        return "it has no SubjectKeyIdentifier, so two generations could not be told apart"
    try:
        cert.verify_directly_issued_by(cert)
    except (InvalidSignature, ValueError, TypeError):
        return "it is not self-signed; a root is wanted, since every peer verifies up to one"
    if now < cert.not_valid_before_utc:
        return f"it is not valid before {cert.not_valid_before_utc:%F %T} UTC"
    if now >= cert.not_valid_after_utc:
        return f"it expired on {cert.not_valid_after_utc:%F}"
    return _weak(cert.public_key())


def _weak(key: object) -> str | None:
    if isinstance(key, rsa.RSAPublicKey):
        return (
            f"its RSA key has {key.key_size} bits, at least {_SMALLEST_RSA} are wanted"
            if (key.key_size < _SMALLEST_RSA)
            else None
        )
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        return None
    return "its key is neither RSA nor EC P-256 or P-384, which every peer reads"


def _taken(cert: x509.Certificate, others: Sequence[lock.AuthorityGeneration]) -> str | None:
    subject = cert.subject.rfc4514_string()
    if not subject:
        return "its subject is empty"
    if any(one.subject == subject for one in others):
        return "another CA here has the same subject, and peers could not tell them apart"
    return None


def read_key(key: Plaintext, certificate: bytes, what: str) -> Plaintext:
    """A CA's private key as PKCS #8 PEM.

    Args:
        key: PEM, not encrypted.
        certificate: PEM of the certificate that it must belong to.
        what: it, in words, for errors.

    Raises:
        CompilerError: it is no private key, encrypted, or another certificate's. It is never quoted.
    """
    try:
        private = serialization.load_pem_private_key(key.reveal(), password=None)
    except TypeError:
        raise CompilerError(
            f"{what} is encrypted with a passphrase",
            hint="pass it through a pipe: --key <(openssl pkey -in ca.key)",
        ) from None
    except Exception:  # noqa: BLE001 - whatever the parser raises could quote what it read
        raise CompilerError(f"{what} is not readable as one PEM private key") from None
    if private.public_key() != x509.load_pem_x509_certificate(certificate).public_key():
        raise CompilerError(f"{what} does not belong to the certificate")
    return Plaintext(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
