"""Errors of the rooms below, as errors for the person at the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from compiler.errors import CompilerError, ErrorGroup, Origin, WorldError

if TYPE_CHECKING:
    from compiler.kustomize import KustomizeError

_GONE = re.compile(r"lstat (secrets/[^\s:']+): no such file or directory")
"""How the engine names a sealed file that a kustomization lists and that is not there."""


def raise_together(errors: Sequence[CompilerError]) -> None:
    """Raise the errors as one, if there are any."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ErrorGroup(errors)


@contextmanager
def translated(folder: str) -> Iterator[None]:
    """Turn the engine's errors while ``folder`` is built into ours.

    Raises:
        CompilerError: the input is refused.
        WorldError: a file cannot be read.
    """
    from compiler.kustomize.errors import KustomizeError

    try:
        yield
    except KustomizeError as error:
        raise translate(error, folder) from error
    except OSError as error:
        place = str(error.filename or folder)
        raise WorldError(f"{error.strerror or error}", origin=Origin(place)) from error


def translate(error: KustomizeError, folder: str) -> CompilerError:
    """One error of the engine.

    Args:
        folder: what was built; the place when the engine knows none.
    """
    gone = _GONE.search(error.message)
    if gone is not None:
        return CompilerError(
            "this sealed file is gone, though it belongs to what the cluster gets",
            origin=Origin(gone[1]),
            hint=f"git checkout HEAD -- {gone[1]} brings it back; `compiler secrets ensure` seals it anew",
        )
    return (WorldError if error.world else CompilerError)(
        error.message,
        origin=Origin(error.path or folder, error.line, error.column, error.field),
        hint=error.hint,
    )
