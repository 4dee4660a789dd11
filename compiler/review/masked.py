"""A hidden value: it can be compared with another one, and that is all."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import Any

STARS = "***"
BEFORE = "*** (before)"
AFTER = "*** (after)"

# A key of this process alone: the digests mean nothing elsewhere and are never printed.
_KEY = os.urandom(32)


@dataclass(frozen=True, slots=True, repr=False)
class Masked:
    """A text of which some or all is hidden.

    Args:
        pieces: readable text (``str``) and the digests (``bytes``) of what is hidden, in their order.
    """

    pieces: tuple[str | bytes, ...]

    def token(self) -> str:
        """A text that is the same for the same value within this process; never for printing."""
        return "\0masked:" + "|".join(p.hex() if isinstance(p, bytes) else f"{len(p)}:{p}" for p in self.pieces)

    def shown(self, other: Masked | None, mark: str) -> str:
        """The text with stars: ``***`` for what is the same in ``other`` (or when there is none), else ``mark``."""
        known = {piece for piece in other.pieces if isinstance(piece, bytes)} if other else None
        return "".join(
            piece if isinstance(piece, str) else STARS if known is None or piece in known else mark
            for piece in self.pieces
        )

    def __repr__(self) -> str:
        return "Masked(***)"


def digest(value: Any) -> bytes:
    """A keyed digest of plain data."""
    text = json.dumps(value, sort_keys=True, default=lambda odd: f"{type(odd).__name__}:{odd}")
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=_KEY, digest_size=16).digest()


def hide(value: Any) -> Masked:
    """All of ``value`` hidden."""
    return Masked((digest(value),))


def is_hiding(value: Any) -> bool:
    """Whether anything inside ``value`` is hidden."""
    if isinstance(value, dict):
        return any(map(is_hiding, value.values()))
    if isinstance(value, list | tuple):
        return any(map(is_hiding, value))
    return isinstance(value, Masked)


def reveal(value: Any, other: Any = None, mark: str = STARS) -> Any:
    """``value`` as plain data, with stars for what is hidden.

    Args:
        value: data with hidden values inside.
        other: the other side of the comparison; only another hidden value, in the place of ``value`` itself, counts.
        mark: what stands for a hidden value that ``other`` does not have.
    """
    if isinstance(value, Masked):
        return value.shown(other if isinstance(other, Masked) else None, mark if other is not None else STARS)
    if isinstance(value, dict):
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(reveal(item) for item in value)
    return value
