"""What a failure looks like on stderr, and its exit code."""

from __future__ import annotations

import errno
import io
import os

import click

from compiler.cli.streams import say
from compiler.errors import CompilerError, ErrorGroup
from compiler.printable import printable


def report(error: BaseException) -> int:
    """Print ``error`` for a person and return the exit code; a bug is raised again with its traceback."""
    if isinstance(error, ErrorGroup):
        for one in error.errors:
            report(one)
        return error.exit_code
    if isinstance(error, CompilerError):
        say(f"error: {error}")
        return error.exit_code
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.ClickException):
        shown = io.StringIO()
        error.show(file=shown)
        say(shown.getvalue().rstrip("\n"))
        return 2
    if isinstance(error, click.Abort | KeyboardInterrupt):
        say("interrupted")
        return 130
    if isinstance(error, BrokenPipeError):
        return 0
    if isinstance(error, OSError) and error.strerror:
        place = f"{printable(os.fsdecode(error.filename))}: " if error.filename else _place(error)
        say(f"error: {place}{error.strerror}")
        return 3
    raise error


def _place(error: OSError) -> str:
    """What an error is about that names no file: asking for the working folder does not."""
    if error.errno == errno.ENOENT:
        try:
            os.getcwd()
        except FileNotFoundError:
            return "the working folder was removed: "
    return ""
