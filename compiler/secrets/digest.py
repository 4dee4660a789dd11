"""Whether what is sealed is still what is wanted, without opening it.

A keyed digest (HMAC-SHA-256) of the whole object stands in the public lock. Without its 32-byte key, which the vault
holds, it says nothing about the content; a plain hash would give a weak password away to a dictionary.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from compiler.errors import CompilerError
from compiler.secrets.documents import canonical_json
from compiler.secrets.plaintext import Plaintext

KEY_BYTES = 32
_PREFIX = b"pulp-compiler/seal/v1\0"


def keyed(key: Plaintext, document: Mapping[str, Any]) -> str:
    """HMAC-SHA-256 of ``document`` in hexadecimal, bound to its name, namespace, type, labels and keys.

    Raises:
        CompilerError: the key is shorter than 32 bytes.
    """
    if len(key) < KEY_BYTES:
        raise CompilerError(f"the digest key has {len(key)} bytes, {KEY_BYTES} are needed")
    return hmac.new(key.reveal(), _PREFIX + canonical_json(document), hashlib.sha256).hexdigest()


def of_file(content: bytes) -> str:
    """SHA-256 of a file that is public or sealed already, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def of_shape(shape: Mapping[str, Any]) -> str:
    """SHA-256 of what a Secret must hold, by name and profile and without any value, in hexadecimal."""
    return hashlib.sha256(canonical_json(shape)).hexdigest()
