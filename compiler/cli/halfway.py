"""Whether a repository stands half-written: cheap enough for every command that only reads."""

from __future__ import annotations

import os

_JOURNAL = ".compiler-journal"
"""As :data:`compiler.workspace.journal.FOLDER`, whose import would slow `compiler build` down."""


def half_written(path: str) -> str | None:
    """The folder around ``path`` that a run is writing to at the moment, or was killed while it wrote; None for none.

    Args:
        path: a file or folder, there or not.
    """
    place = os.path.abspath(path)
    while True:
        journal = os.path.join(place, _JOURNAL)
        if os.path.exists(os.path.join(journal, "commit")) or os.path.exists(os.path.join(journal, "undo")):
            return place
        above = os.path.dirname(place)
        if above == place:
            return None
        place = above


def message(root: str) -> tuple[str, str]:
    """What to say of it, and the hint."""
    return (
        f"{root} is half-written: a run of `compiler` is at work there, or was killed before it had finished",
        "`compiler generate` or any `compiler secrets` command puts it right",
    )


def refuse(path: str) -> None:
    """Refuse to read what is neither as before nor as after a run.

    Raises:
        WorldError: the repository around ``path`` is half-written.
    """
    root = half_written(path)
    if root is not None:
        from compiler.errors import WorldError

        text, hint = message(root)
        raise WorldError(text, hint=hint)
