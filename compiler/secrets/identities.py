"""age identities: private keys that live outside every repository."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from compiler import inputs
from compiler.errors import CompilerError, Origin, WorldError
from compiler.secrets.plaintext import Plaintext


class Identities:
    """The identities of a run, never printed.

    Args:
        keys: ``AGE-SECRET-KEY-1…`` each.
        described: where they come from and their public halves, for messages.
    """

    def __init__(self, keys: Sequence[Plaintext], described: str) -> None:
        self._keys = tuple(keys)
        self.described = described

    def __bool__(self) -> bool:
        return bool(self._keys)

    def __repr__(self) -> str:
        return f"<identities: {self.described}>"

    def reveal(self) -> bytes:
        """The content of an identity file with all of them, for sops."""
        return b"\n".join(key.reveal() for key in self._keys) + b"\n"


def read(files: Sequence[Path], *, repository: Path) -> Identities:
    """Read identity files.

    Args:
        files: identity files as age-keygen writes them (comments, empty lines and CRLF are fine).
        repository: the folder that must not hold them.

    Raises:
        CompilerError: a file stands in the repository, or holds something else.
        WorldError: it cannot be read.
    """
    import pyrage

    keys: list[Plaintext] = []
    public: list[str] = []
    for file in files:
        refuse_inside(file, repository)
        for number, line in enumerate(_lines(file), 1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            try:
                identity = pyrage.x25519.Identity.from_str(text)
            except (pyrage.IdentityError, ValueError):
                # from None: the library's message could quote the key.
                raise CompilerError(
                    "this is no age identity (AGE-SECRET-KEY-1…)", origin=Origin(str(file), number)
                ) from None
            keys.append(Plaintext(text.encode()))
            public.append(str(identity.to_public()))
    described = ", ".join(str(file) for file in files) + (f": {', '.join(public)}" if public else "")
    return Identities(keys, described or "none given")


def generate(file: Path, *, repository: Path, comment: str) -> str:
    """Write a new identity to ``file`` (mode 0600, never over an existing file) and return its recipient.

    Raises:
        CompilerError: the file exists or stands in the repository.
        WorldError: it cannot be written.
    """
    import pyrage

    refuse_inside(file, repository)
    identity = pyrage.x25519.Identity.generate()
    recipient = str(identity.to_public())
    write_private(file, f"# {comment}\n# public key: {recipient}\n{identity}\n".encode("ascii"), repository=repository)
    return recipient


@contextlib.contextmanager
def kept_on_success(file: Path | None) -> Iterator[None]:
    """Remove a private key that was just written when what it was made for is refused, so that the command can be run
    again; ``None``: none was written."""
    try:
        yield
    except CompilerError:
        if file is not None:
            file.unlink(missing_ok=True)
        raise


def write_private(file: Path, content: bytes, *, repository: Path) -> None:
    """Write a private key to a new file outside the repository, mode 0600.

    Raises:
        CompilerError: the file exists or stands in the repository.
        WorldError: it cannot be written.
    """
    refuse_inside(file, repository)
    try:
        if not file.parent.is_dir():
            file.parent.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise WorldError(f"{file.parent} cannot be made: {error.strerror}") from error
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CompilerError(
            f"{file} exists; a private key is never overwritten",
            hint="name another file; what an interrupted run left there, and nothing is sealed to yet, may be deleted",
        ) from None
    except OSError as error:
        raise WorldError(f"{file} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        file.unlink(missing_ok=True)
        raise WorldError(f"{file} cannot be written: {error.strerror}") from error


def refuse_inside(file: Path, repository: Path) -> None:
    """Refuse an identity file in the repository, where the next commit would publish it.

    Raises:
        CompilerError: it stands there, by its own path or behind links.
    """
    root = repository.resolve()
    for path in (Path(os.path.abspath(file)), file.resolve()):
        if path == root or root in path.parents:
            raise CompilerError(
                f"the identity file {file} is inside the repository",
                hint="keep it outside, e.g. in ~/.config/compiler/identity.txt; if it was ever committed, replace it",
            )


def read_private(file: Path, repository: Path) -> bytes:
    """The bytes of a private key's file outside the repository; a pipe (``<(…)``) is fine.

    Raises:
        CompilerError: it stands in the repository, or is larger than any key.
        WorldError: it cannot be read.
    """
    if not inputs.is_descriptor(file):
        refuse_inside(file, repository)
    return inputs.read(file, "the key file")


def _lines(file: Path) -> list[str]:
    try:
        return inputs.read(file, "the identity file").decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise CompilerError(f"the identity file {file} is not text") from None
