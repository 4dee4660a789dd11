"""Files that somebody names on the command line: keys, certificates."""

from __future__ import annotations

import errno
import re
import stat
from pathlib import Path

from compiler.errors import CompilerError, WorldError

LARGEST = 64 * 1024
"""Bytes that no key and no chain of certificates exceeds."""
_DESCRIPTOR = re.compile(r"/dev/stdin|(?:/dev|/proc/self)/fd/[0-9]+")


def is_descriptor(file: Path) -> bool:
    """Whether the name is that of something open already: what ``<(COMMAND)`` becomes, and /dev/stdin."""
    return _DESCRIPTOR.fullmatch(str(file)) is not None


def is_open_to_others(file: Path) -> bool:
    """Whether somebody else than its owner may read a file, by its mode; no, when it is a pipe or not there."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    return not is_descriptor(file) and stat.S_ISREG(mode) and bool(mode & (stat.S_IRGRP | stat.S_IROTH))


def read(file: Path, what: str, *, largest: int | None = LARGEST) -> bytes:
    """The bytes of a regular file, or of a pipe that is open already. A named pipe is refused: opening one that nobody
    writes to waits for ever.

    Args:
        file: its name.
        what: what it is, for messages.
        largest: how many bytes it may have; None for any number.

    Raises:
        CompilerError: there is no such file, it is something else, or larger.
        WorldError: it cannot be read.
    """
    try:
        if not is_descriptor(file) and not stat.S_ISREG(file.stat().st_mode):
            raise CompilerError(
                f"{what} {file} is not a regular file",
                hint="name the file itself; what a command prints can be given as <(COMMAND)",
            )
        with file.open("rb") as stream:
            content = stream.read(-1 if largest is None else largest + 1)
    except OSError as error:
        wrong = isinstance(error, FileNotFoundError | NotADirectoryError) or error.errno in (errno.ENXIO, errno.ELOOP)
        kind = CompilerError if wrong else WorldError
        raise kind(f"{what} {file} cannot be read: {error.strerror}") from error
    if largest is not None and len(content) > largest:
        raise CompilerError(f"{what} {file} is larger than {largest} bytes")
    return content
