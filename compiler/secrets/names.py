"""Names that end up in certificates and Secrets, checked here because the libraries let nearly anything through."""

from __future__ import annotations

import re

from compiler.errors import CompilerError
from compiler.k8s.names import is_label

_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")


def check_dns_name(name: str) -> str:
    """``name``, when it is an RFC 1123 host name that may stand in a SubjectAltName.

    Raises:
        CompilerError: it is empty, too long, a wildcard, an IP address, in upper case, or not ASCII.
    """
    problem = _dns_problem(name)
    if problem:
        raise CompilerError(f"{name[:80]!r} cannot stand in a certificate: {problem}")
    return name


def _dns_problem(name: str) -> str | None:
    if not name:
        return "it is empty"
    if not name.isascii():
        return "it is not ASCII; write an international name in its A-label form (xn--…)"
    if len(name) > 253:
        return "it is longer than 253 characters"
    labels = name.split(".")
    if "*" in name:
        return "wildcards are not issued"
    if labels[-1].isdigit():
        return "it is an IP address or ends in a number, a DNS name is wanted"
    if not all(is_label(label) for label in labels):
        return "each part must be lower-case letters, digits and '-', at most 63 characters (RFC 1123)"
    return None


def check_common_name(name: str) -> str:
    """``name``, when X.509 allows it as a common name: 1 to 64 printable ASCII characters (RFC 5280 appendix A.1).

    Raises:
        CompilerError: it does not.
    """
    if not 1 <= len(name) <= 64 or not name.isascii() or not name.isprintable():
        raise CompilerError(f"{name[:80]!r} cannot be a common name: 1 to 64 printable ASCII characters are allowed")
    return name


def check_secret_key(key: str) -> str:
    """``key``, when Kubernetes allows it as a key of a Secret (``IsConfigMapKey`` of its validation).

    Raises:
        CompilerError: it does not.
    """
    if not _KEY.fullmatch(key) or key in {".", ".."} or key.startswith(".."):
        raise CompilerError(
            f"{key[:80]!r} cannot be a key of a Secret: letters, digits, '-', '_' and '.' are allowed, at most 253"
        )
    return key


def check_place(name: str, namespace: str) -> None:
    """Check where a Secret shall be: its name is an RFC 1123 subdomain, its namespace a label of the same RFC.

    A sealed-secrets controller binds values to ``namespace/name``, so a slash in either could mean another place.

    Raises:
        CompilerError: one of them is not.
    """
    if not is_label(namespace):
        what = f"{namespace[:80]!r} cannot be a namespace" if namespace else "a Secret without a namespace fits nowhere"
        raise CompilerError(f"{what}: lower-case letters, digits and '-', at most 63 characters")
    if len(name) > 253 or not all(is_label(label) for label in name.split(".")):
        raise CompilerError(
            f"{name[:80]!r} cannot be the name of a Secret: lower-case letters, digits, '-', '.', at most 253"
        )
