"""What a command of this room returns: the files to write, and what was done about each Secret."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.errors import CompilerError


@dataclass(frozen=True)
class Step:
    """What was done about one Secret, for people.

    Args:
        secret: its id.
        action: ``keep``, ``create``, ``seal``, ``unset``, ``orphan`` (sealed, but no longer wanted), ``prune`` (an
            orphan that was deleted), ``warn`` (nothing was done, but somebody should), or what a command calls it.
        reason: why.
    """

    secret: str
    action: str
    reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a run found and what is to be written.

    Args:
        writes: path to content, ``None`` to delete; empty when everything was in place.
        steps: one for each Secret, by id.
        failed: why overlays were left alone, one each; nothing of them is in ``writes``.
    """

    writes: dict[str, bytes | None]
    steps: tuple[Step, ...]
    failed: tuple[CompilerError, ...] = ()
