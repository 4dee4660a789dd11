"""Standard output and error where they are closed, full or read no longer; without click, for a quick start."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any

from compiler.printable import message


class _Stream(io.FileIO):
    """A descriptor that fails once at most: what comes later vanishes, or Python would try it again at its end.

    A pipe that is read no longer (``| head``) is no failure: the rest vanishes, and the exit code is the command's own.
    """

    lost = False

    def write(self, data: Any, /) -> int:
        """Write bytes.

        Raises:
            OSError: of what :meth:`failed` does not let pass, with the stream for its file name.
        """
        if not self.lost:
            try:
                return super().write(data)
            except OSError as error:
                self.lost = True
                self.failed(error)
        return memoryview(data).nbytes

    def failed(self, error: OSError) -> None:
        """Raise, but for a pipe that is read no longer."""
        if not isinstance(error, BrokenPipeError):
            reason = "it is closed" if error.errno == errno.EBADF else error.strerror
            raise OSError(error.errno, reason, "standard output") from error


class _Messages(_Stream):
    """Standard error: a message that nobody can get must not change the exit code."""

    def failed(self, error: OSError) -> None:
        """Let it pass."""


def prepare() -> None:
    """Put streams that end well in the place of ``sys.stdout`` and ``sys.stderr``, unless somebody took that place.

    A descriptor that was closed would be given to the next file that is opened, and what is written to it would go into
    that file: 0 and 2 become /dev/null, and 1 one that cannot be written to.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR if number == 2 else os.O_RDONLY)  # the lowest that is free: this one
    if sys.stdout is sys.__stdout__:
        sys.stdout = _text(1, _Stream, sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _text(2, _Messages, sys.stderr)


def _text(number: int, kind: type[_Stream], like: Any) -> io.TextIOWrapper:
    raw = kind(number, "w", closefd=False)
    if like is None:
        return io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "backslashreplace", line_buffering=True)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        like.encoding,
        like.errors,
        line_buffering=like.line_buffering,
        write_through=like.write_through,
    )


def say(text: str) -> None:
    """Write a message to standard error; what it quotes of others drives no terminal."""
    sys.stderr.write(f"{message(text)}\n")
    sys.stderr.flush()
