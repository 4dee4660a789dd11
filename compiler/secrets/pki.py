"""The private PKI: a CA for each overlay and authority, and leaves for its services.

The profile is RFC 5280 as OpenSSL's ``-x509_strict`` and Python's ``VERIFY_X509_STRICT`` read it: version 3, critical
BasicConstraints and KeyUsage, one extended key usage, key identifiers in CA and leaf, and a subject that is unique to
each CA generation (two roots with one subject confuse chain building).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from compiler.errors import CompilerError
from compiler.secrets.names import check_common_name, check_dns_name
from compiler.secrets.plaintext import Plaintext

CA_LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(days=365)
ORGANIZATION = "Pulp"


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, both PEM; the key is PKCS #8."""

    certificate: bytes
    key: Plaintext


@dataclass(frozen=True)
class Facts:
    """What is public about a certificate.

    Args:
        serial: hexadecimal, without ``0x``.
        not_before: start of validity, UTC.
        not_after: end of validity, UTC.
        common_name: subject CN.
        dns_names: subject alternative names of type DNS, in their order.
        purpose: its one extended key usage; ``None`` for a CA.
        subject: the subject as RFC 4514 text.
        issuer: the issuer as RFC 4514 text.
    """

    serial: str
    not_before: datetime
    not_after: datetime
    common_name: str
    dns_names: tuple[str, ...]
    purpose: Literal["server", "client"] | None
    subject: str
    issuer: str


def backdated(now: datetime) -> datetime:
    """Start of validity: the hour that ``now`` is in, minus one, so that a peer whose clock is behind accepts it."""
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)


def create_authority(overlay: str, authority: str, generation: int, now: datetime) -> Pair:
    """A self-signed root for one overlay and authority.

    Args:
        overlay: whose CA it is.
        authority: ``service`` or ``upstream``.
        generation: 1 for the first; it makes the subject unique.
        now: the present, timezone-aware.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(f"{overlay} {authority} CA g{generation}")
    start = backdated(now)
    certificate = (
        _builder(subject, subject, key.public_key(), start, start + CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _pair(certificate, key)


def issue(
    ca: Pair,
    *,
    purpose: Literal["server", "client"],
    common_name: str,
    dns_names: Sequence[str],
    now: datetime,
    life: timedelta = LEAF_LIFE,
) -> Pair:
    """A leaf with a new key.

    Args:
        ca: who signs.
        purpose: the one extended key usage.
        common_name: subject CN.
        dns_names: subject alternative names; a server needs at least one.
        now: the present, timezone-aware.
        life: how long it is valid, at most until the CA's end.

    Raises:
        CompilerError: a name is not fit for a certificate, or the CA is no longer valid.
    """
    check_common_name(common_name)
    names = [check_dns_name(name) for name in dns_names]
    if purpose == "server" and not names:
        raise CompilerError(f"the server certificate {common_name!r} has no DNS name")
    authority = x509.load_pem_x509_certificate(ca.certificate)
    signer = serialization.load_pem_private_key(ca.key.reveal(), password=None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) or (
        signer.public_key() != authority.public_key()
    ):
        raise CompilerError(f"the CA key does not belong to the certificate {authority.subject.rfc4514_string()!r}")
    # A CA that was brought from elsewhere may be younger than the hour that leaves are backdated by.
    start = max(backdated(now), authority.not_valid_before_utc)
    end = min(start + life, authority.not_valid_after_utc)
    if not start <= now < end:
        raise CompilerError(
            f"the CA {authority.subject.rfc4514_string()!r} is valid from {authority.not_valid_before_utc:%F %T} to "
            f"{authority.not_valid_after_utc:%F %T} UTC, not at {start:%F %T}",
            hint="set the clock, or start a new CA generation",
        )
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    key = ec.generate_private_key(ec.SECP256R1())
    usage = ExtendedKeyUsageOID.SERVER_AUTH if purpose == "server" else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        _builder(_name(common_name), authority.subject, key.public_key(), start, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    )
    if names:
        san = x509.SubjectAlternativeName([x509.DNSName(name) for name in dict.fromkeys(names)])
        builder = builder.add_extension(san, critical=False)
    return _pair(builder.sign(signer, hashes.SHA256()), key)


def read(certificate: bytes) -> Facts:
    """The public facts of a PEM certificate.

    Raises:
        CompilerError: it is not one PEM certificate.
    """
    try:
        parsed = x509.load_pem_x509_certificates(certificate)
    except ValueError:
        parsed = []
    if len(parsed) != 1:
        raise CompilerError("one PEM certificate was expected")
    cert = parsed[0]
    names = cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Facts(
        serial=f"{cert.serial_number:x}",
        not_before=cert.not_valid_before_utc,
        not_after=cert.not_valid_after_utc,
        common_name=str(names[0].value) if names else "",
        dns_names=_dns_names(cert),
        purpose=_purpose(cert),
        subject=cert.subject.rfc4514_string(),
        issuer=cert.issuer.rfc4514_string(),
    )


def _dns_names(cert: x509.Certificate) -> tuple[str, ...]:
    try:
        san = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(san.get_values_for_type(x509.DNSName))


def _purpose(cert: x509.Certificate) -> Literal["server", "client"] | None:
    try:
        usages = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return None
    return "server" if ExtendedKeyUsageOID.SERVER_AUTH in usages else "client"


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, check_common_name(common_name)),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())  # 159 random bits: positive, at most 20 octets (RFC 5280 4.1.2.2)
        .not_valid_before(start)
        .not_valid_after(end)
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pair(certificate.public_bytes(serialization.Encoding.PEM), Plaintext(private))


def verify(pair: Pair, authority: bytes) -> None:
    """Check that the key belongs to the certificate, and that ``authority`` signed it.

    Args:
        pair: a leaf, or a CA itself.
        authority: the CA's certificate, PEM.

    Raises:
        CompilerError: one of them does not hold.
    """
    from cryptography.exceptions import InvalidSignature

    try:
        certificate = x509.load_pem_x509_certificate(pair.certificate)
    except ValueError:
        raise CompilerError("the certificate is not readable") from None
    try:
        key = serialization.load_pem_private_key(pair.key.reveal(), password=None)
    except (ValueError, TypeError):
        raise CompilerError("the private key is not readable") from None
    if key.public_key() != certificate.public_key():
        raise CompilerError("the private key does not belong to the certificate")
    try:
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
    except (InvalidSignature, ValueError, TypeError):
        raise CompilerError("its CA did not sign the certificate") from None
