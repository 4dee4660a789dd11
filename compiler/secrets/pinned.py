"""What is sealed to another certificate of a sealed-secrets controller than the one that is pinned.

A controller keeps its old keys, so what was sealed to an earlier certificate usually still opens, and nothing is sealed
anew by itself. But when the certificate was replaced because the cluster lost its key, none of it does: so it is told.
"""

from __future__ import annotations

from collections.abc import Mapping

from compiler.secrets import layout
from compiler.secrets.lock import Seal


def behind(secrets: Mapping[str, Seal], overlay: str, fingerprint: str) -> tuple[str, ...]:
    """The ids of an overlay that are sealed to other certificates, sorted.

    Args:
        secrets: what is sealed, by id, as the lock has it.
        overlay: its name.
        fingerprint: SHA-256 of the certificate that is pinned, hexadecimal.
    """
    return tuple(
        sorted(
            secret
            for secret, seal in secrets.items()
            if seal.backend == "sealed-secrets"
            and layout.split(secret)[0] == overlay
            and seal.recipients != (fingerprint,)
        )
    )


def told(ids: tuple[str, ...], overlay: str) -> str:
    """That in words, with what to do."""
    what = f"{ids[0]} is" if len(ids) == 1 else f"{len(ids)} Secrets are"
    only = "opened only by a controller that has that one's key"
    return f"{what} sealed to another certificate than the pinned one, {only}: compiler secrets reseal {overlay}"
