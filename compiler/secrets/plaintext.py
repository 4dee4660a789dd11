"""A value that must not be seen: it has no text form, cannot be pickled, and compares in constant time."""

from __future__ import annotations

import base64
import hmac
from typing import NoReturn

_MASK = "<plaintext>"


class Plaintext:
    """Secret bytes. Only :meth:`reveal` and :meth:`base64` give them away, so that a search finds every use."""

    __slots__ = ("_content",)

    def __init__(self, content: bytes) -> None:
        self._content = bytes(content)

    def reveal(self) -> bytes:
        """The bytes."""
        return self._content

    def base64(self) -> str:
        """The bytes as a Secret's ``data`` wants them (RFC 4648 section 4, no line breaks)."""
        return base64.b64encode(self._content).decode("ascii")

    def __len__(self) -> int:
        return len(self._content)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plaintext) and hmac.compare_digest(self._content, other._content)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return _MASK

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        del spec
        return _MASK

    def __reduce__(self) -> NoReturn:
        raise TypeError("a plaintext cannot be pickled or copied")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        self.__reduce__()


Values = dict[str, Plaintext]
"""The values of one Secret by key."""
