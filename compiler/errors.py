"""The one root of errors for what a person did wrong or the world refused.

Findings and differences are values, not errors; a bug keeps its traceback. The engine
(:mod:`compiler.kustomize`) has errors of its own, which :mod:`compiler.workspace` translates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.printable import printable


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something stands.

    Args:
        path: the file, relative to the repository (POSIX separators).
        line: 1-based line, where known.
        column: 1-based column, where known.
        field: the path inside the file, e.g. ``database.external.port``.
    """

    path: str
    line: int | None = None
    column: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        place = printable(self.path)
        if self.line is not None:
            place += f":{self.line}"
            if self.column is not None:
                place += f":{self.column}"
        return f"{place}: {printable(self.field)}" if self.field else place


class CompilerError(Exception):
    """Bad input or wrong usage: what is wrong, where, and what to do (exit code 2).

    Args:
        message: what is wrong and what was expected, without the place and without any secret.
        origin: the place.
        hint: what to do.
    """

    exit_code = 2

    def __init__(self, message: str, *, origin: Origin | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.origin = origin
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.origin}: {self.message}" if self.origin else self.message
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class WorldError(CompilerError):
    """The world failed: a tool missing, a file unreadable, a disk full (exit code 3)."""

    exit_code = 3


class ErrorGroup(CompilerError):
    """Several errors of one input, reported together, in the order of their places."""

    def __init__(self, errors: Sequence[CompilerError]) -> None:
        super().__init__(errors[0].message if errors else "")
        self.errors = tuple(errors)
        self.exit_code = max((error.exit_code for error in errors), default=2)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)
