"""What a value must be to be of use where it goes: for what people give, edit in the vault, and have checked."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from compiler.errors import CompilerError
from compiler.pulp.requirements import (
    DjangoKey,
    FernetKey,
    Given,
    GivenSigningKey,
    Leaf,
    Material,
    Password,
    SecretRequirement,
    SigningKey,
    TokenPair,
)
from compiler.secrets import fieldskey, material, openpgp
from compiler.secrets.plaintext import Plaintext, Values
from compiler.secrets.values import CERTIFICATE, PRIVATE_KEY


def normal(secret: str, requirement: SecretRequirement, values: Values) -> Values:
    """``values`` in the form in which they are kept: a database-field key has one key a line.

    Args:
        secret: the id, for errors.
        requirement: what is wanted.
        values: by key; keys that ``requirement`` does not want, or that are not there, are not looked at.

    Raises:
        CompilerError: the first of :func:`faults`.
    """
    for error in faults(secret, requirement, values):
        raise error
    fields = {one.key for one in requirement.materials if isinstance(one, FernetKey)}
    return {key: fieldskey.key_file(secret, value) if key in fields else value for key, value in values.items()}


def faults(secret: str, requirement: SecretRequirement, values: Values) -> Iterator[CompilerError]:
    """Why values cannot be used, each with its key and never with any of the value.

    Args:
        secret: the id, for errors.
        requirement: what is wanted.
        values: by key, as for :func:`normal`.
    """
    for part in requirement.materials:
        for key in sorted(_keys(part) & values.keys()):
            try:
                material.check_given(values[key])
                _check(secret, part, key, values)
            except CompilerError as error:
                yield CompilerError(f"{key}: {error.message}", hint=error.hint)


def _keys(part: Material) -> set[str]:
    return set(SecretRequirement("any", "any", (part,)).keys())


def _check(secret: str, part: Material, key: str, values: Values) -> None:
    match part:
        case FernetKey():
            fieldskey.key_file(secret, values[key])
        case SigningKey() | GivenSigningKey():
            openpgp.read(values[key])
        case Password() | DjangoKey():
            material.check_text(values[key], line=True)
        case Given():
            material.check_text(values[key], line=False)
        case TokenPair(private_key=private, public_key=public):
            _token(key, private, values[key], values.get(public if key == private else private))
        case Leaf() if key == CERTIFICATE:
            _certificate(values[key])
        case Leaf():
            _private_of(values[PRIVATE_KEY], values.get(CERTIFICATE))


def _token(key: str, private: str, value: Plaintext, other: Plaintext | None) -> None:
    """One half of the token key pair (EC P-256, which ES256 wants: RFC 7518 section 3.4)."""
    if key == private:
        secret = _private(value)
        if not isinstance(secret, ec.EllipticCurvePrivateKey) or not isinstance(secret.curve, ec.SECP256R1):
            raise CompilerError("it is no EC P-256 private key")
        return
    try:
        public = serialization.load_pem_public_key(value.reveal())
    except ValueError:
        raise CompilerError("it is not readable as a PEM public key") from None
    try:
        wanted = _private(other).public_key() if other is not None else public
    except CompilerError:
        return  # the private key's own fault
    if wanted != public:
        raise CompilerError(f"it is not the public half of {private}")


def _private_of(value: Plaintext, beside: Plaintext | None) -> None:
    key = _private(value)
    try:
        certificate = _certificate(beside) if beside is not None else None
    except CompilerError:
        return  # the certificate's own fault
    if certificate is not None and key.public_key() != certificate.public_key():
        raise CompilerError("it is not the private key of the certificate beside it")


def _private(value: Plaintext) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(value.reveal(), password=None)
    except Exception:  # noqa: BLE001 - whatever the parser raises could quote what it read
        raise CompilerError("it is not readable as a PEM private key") from None


def _certificate(value: Plaintext) -> x509.Certificate:
    try:
        (certificate,) = x509.load_pem_x509_certificates(value.reveal())
    except ValueError:
        raise CompilerError("it is not one PEM certificate") from None
    return certificate
