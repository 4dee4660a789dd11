"""Names as Kubernetes allows them.

Source: the Kubernetes documentation, "Object Names and IDs" and "Labels and Selectors"; RFC 1123, section 2.1.
"""

from __future__ import annotations

import re

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


def is_label(text: str) -> bool:
    """Whether ``text`` is an RFC 1123 label, in lower case: at most 63 characters, as a namespace's name."""
    return _LABEL.fullmatch(text) is not None


def is_subdomain(text: str) -> bool:
    """Whether ``text`` is an RFC 1123 subdomain of at most 253 characters, as most objects' names are."""
    return len(text) <= 253 and _SUBDOMAIN.fullmatch(text) is not None


def is_qualified(text: str) -> bool:
    """Whether ``text`` can be the key of a label without its prefix, or its value: at most 63 characters."""
    return _QUALIFIED.fullmatch(text) is not None
