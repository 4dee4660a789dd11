"""Generators of material, all from the operating system's random source."""

from __future__ import annotations

import base64
import os
import secrets
import string

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from compiler.errors import CompilerError
from compiler.secrets.plaintext import Plaintext

_ALPHABET = string.ascii_letters + string.digits
_LARGEST = 1024 * 1024 - 64 * 1024
"""Bytes of one value: Kubernetes allows a Secret 1 MiB in all (``MaxSecretSize``); room is left for its neighbours."""

_TEXT = "write it as UTF-8, without a byte order mark: iconv -f … -t UTF-8"

SHORT = 8
"""Fewer characters are told: NIST SP 800-63B (revision 3), section 5.1.1.2, wants as many at least."""


def password(length: int) -> Plaintext:
    """A password of ``length`` characters of [A-Za-z0-9] (5.95 bit each), so that no shell, URL or parser alters it.

    Raises:
        CompilerError: fewer than 22 characters (128 bit need as many).
    """
    if length < 22:
        raise CompilerError(f"a generated password of {length} characters is too short: 22 give 128 bit")
    return Plaintext("".join(secrets.choice(_ALPHABET) for _ in range(length)).encode("ascii"))


def django_key() -> Plaintext:
    """Django's SECRET_KEY: 64 characters of [A-Za-z0-9]."""
    return password(64)


def fernet_key() -> Plaintext:
    """A Fernet key: 32 random bytes in URL-safe base64 and a line end, as ``database_fields.symmetric.key`` wants it
    (pulpcore reads one key per line, the first encrypts)."""
    return Plaintext(base64.urlsafe_b64encode(os.urandom(32)) + b"\n")


def token_pair() -> tuple[Plaintext, Plaintext]:
    """The container token key pair: EC P-256 (ES256), SEC1 private PEM and SubjectPublicKeyInfo public PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Plaintext(private), Plaintext(public)


def check_given(value: Plaintext) -> Plaintext:
    """``value``, when it can be a given value.

    Raises:
        CompilerError: it is empty (an empty value stays in clear in a sealed file), too large, or begins with ``@``
            (dynaconf, which reads Pulp's settings, executes such strings).
    """
    content = value.reveal()
    if not content:
        raise CompilerError("the value is empty", hint="pipe the value in, e.g. with --stdin < file")
    if len(content) > _LARGEST:
        raise CompilerError(f"the value has {len(content)} bytes; at most {_LARGEST} fit into a Secret")
    if content.startswith(b"@"):
        raise CompilerError(
            "the value begins with '@', and Pulp's settings would execute it (dynaconf: @format, @jinja, …)",
            hint="choose another value",
        )
    return value


def check_text(value: Plaintext, *, line: bool) -> Plaintext:
    """``value``, when Pulp can read it: its settings read credentials as UTF-8 text (``Path.read_text``) and drop line
    ends at their end, nothing else.

    Args:
        value: a credential.
        line: it must be one line, as a password is.

    Raises:
        CompilerError: it is no UTF-8, holds a NUL or begins with a byte order mark (it would belong to the credential),
            is white space alone, or has several lines.
    """
    try:
        text = value.reveal().decode("utf-8")
    except UnicodeDecodeError:
        # from None: the cause carries the value.
        raise CompilerError("the value is no UTF-8 text, and Pulp could not read it", hint=_TEXT) from None
    if "\0" in text or text.startswith("\ufeff"):
        what = "holds a NUL" if "\0" in text else "begins with a byte order mark"
        raise CompilerError(f"the value {what}; was it saved as another kind of text?", hint=_TEXT)
    if not text.strip():
        raise CompilerError("the value is white space alone", hint="pipe the value in, e.g. with --stdin < file")
    if line and any(ord(one) < 32 or ord(one) == 127 for one in text.rstrip("\r\n")):
        raise CompilerError("the value has several lines or control characters; a password is one line of text")
    return value
