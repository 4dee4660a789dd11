"""What a failure looks like on stderr, and its exit code."""

from __future__ import annotations

import errno
import sys

import click

from compiler.errors import CompilerError, ErrorGroup

_WORLD = {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENOENT}


def report(error: BaseException) -> int:
    """Print ``error`` for a person and return the exit code; a bug is raised again with its traceback."""
    if isinstance(error, ErrorGroup):
        for one in error.errors:
            report(one)
        return error.exit_code
    if isinstance(error, CompilerError):
        _say(f"error: {error}")
        return error.exit_code
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.ClickException):
        error.show(file=sys.stderr)
        return 2
    if isinstance(error, click.Abort | KeyboardInterrupt):
        _say("interrupted")
        return 130
    if isinstance(error, BrokenPipeError):
        return 0
    if isinstance(error, OSError) and error.errno in _WORLD:
        place = f"{error.filename}: " if error.filename else ""
        _say(f"error: {place}{error.strerror}")
        return 3
    raise error


def _say(text: str) -> None:
    click.echo(text, err=True)
