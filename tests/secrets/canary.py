"""Commands run as processes of their own, with everything that they print, start and leave behind kept; and the search
for plaintexts in it, in each form in which one could stand there."""

from __future__ import annotations

import base64
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from compiler.cli.main import run
from compiler.kustomize import DirTree
from compiler.secrets import lock
from compiler.secrets.access import Access
from compiler.secrets.identities import read
from tests.secrets.support import NOW, real_sops

PUBLIC = (".crt", "public_key.pem")
"""Keys of Secrets whose values are public."""

IDENTITIES = (".txt", ".agekey")
"""What the files of identities end in."""

_FIRST = 8
"""How many bytes of a form are looked up."""

COMMON = b"-----"
"""Lines that begin so stand in public files as well."""


def forms(secret: bytes) -> list[bytes]:
    """How a plaintext could show up: raw, as JSON, YAML and Python write it, in UTF-16, in base64 at each of three
    offsets (plain and for URLs), in hexadecimal, percent-encoded, reversed."""
    text = secret.decode("latin-1")
    middle = (len(secret) // 3) * 4 - 8
    shifted = [base64.b64encode(b"x" * shift + secret)[4 : 4 + middle] for shift in (0, 1, 2)]
    written = [json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1], repr(secret)[2:-1]]
    found = [
        secret,
        secret[::-1],
        *shifted,
        *(one.translate(bytes.maketrans(b"+/", b"-_")) for one in shifted),
        secret.hex().encode(),
        secret.hex().upper().encode(),
        text.encode("utf-16-le"),
        text.encode("utf-16-be"),
        "".join(f"%{byte:02X}" for byte in secret).encode(),
        *(one.encode("latin-1", "replace") for one in written),
        # The output of a child shown as one line of another's.
        shlex.quote(text).encode("latin-1", "replace")[1:-1],
    ]
    return [one for one in dict.fromkeys(found) if len(one) >= _FIRST]


def lines_of(secret: bytes) -> list[bytes]:
    """What of a value is searched for: all of it, and each line of its own that nothing public shares (of a PEM: each
    line of its base64)."""
    parts = [line.strip() for line in secret.splitlines() if len(line.strip()) >= 16]
    return list(dict.fromkeys([secret.strip(), *(line for line in parts if not line.startswith(COMMON))]))


class Search:
    """Looks for many secrets in much content: each form is found by its first bytes.

    Args:
        secrets: what must not be found.
    """

    def __init__(self, secrets: Iterable[bytes]) -> None:
        self._index: dict[bytes, list[bytes]] = {}
        for form in {form for secret in secrets for form in forms(secret)}:
            self._index.setdefault(form[:_FIRST], []).append(form)

    def in_bytes(self, content: bytes) -> list[str]:
        """The beginnings of what was found: no more, so that a failing test is no leak."""
        index = self._index
        return [
            f"{form[:6]!r}…"
            for start in range(len(content) - _FIRST + 1)
            if (first := content[start : start + _FIRST]) in index
            for form in index[first]
            if content.startswith(form, start)
        ]

    def in_files(self, folder: Path) -> list[str]:
        """Where below a folder something was found: in a file, or in the name of one."""
        found = []
        for path in sorted(folder.rglob("*")):
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            found += [f"{path}: {hit}" for hit in self.in_bytes(os.fsencode(path.name) + b"\n" + content)]
        return found


@dataclass(frozen=True)
class Ran:
    """One command and what it said."""

    arguments: tuple[str, ...]
    code: int
    said: bytes


@dataclass
class Site:
    """A repository, and the places around it where a plaintext must not come to stand.

    Args:
        root: the repository.
        home: home, configuration and identities.
        temporary: where temporary files go.
        away: what belongs to the test: outputs, and what each child saw.
    """

    root: Path
    home: Path
    temporary: Path
    away: Path
    ran: list[Ran] = field(default_factory=list)

    @classmethod
    def below(cls, folder: Path) -> Site:
        """A site below a new folder, without a repository yet."""
        site = cls(folder / "site", folder / "home", folder / "tmp", folder / "away")
        for one in (site.home, site.temporary, site.away):
            one.mkdir(parents=True)
        return site

    @property
    def identity(self) -> Path:
        return self.home / "identity.txt"

    def watched_sops(self) -> Path:
        """The real sops behind a program that first notes its arguments and environment as the kernel shows them."""
        path = self.away / "sops"
        path.write_text(
            "#!/bin/sh\n"
            f"cat /proc/$$/cmdline /proc/$$/environ >> {shlex.quote(str(self.away / 'children'))}\n"
            f'exec {shlex.quote(str(real_sops().path))} "$@"\n'
        )
        path.chmod(0o755)
        return path

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        expect: Sequence[int] = (0,),
        environment: Mapping[str, str] = {},
        before: Callable[[], object] = lambda: None,
    ) -> Ran:
        """A command in a process of its own, in the repository; what it printed is kept.

        Args:
            arguments: without ``compiler``.
            stdin: its standard input.
            expect: the exit codes that are right.
            environment: variables beside the site's own.
            before: called in the process before the command: a limit to set, a folder to enter.
        """
        said, given = self.away / "said", self.away / "stdin"
        given.write_bytes(stdin)
        child = os.fork()
        if child == 0:
            code = 70
            try:
                self._enter(said, given, environment)
                before()
                code = run(list(arguments))
            except BaseException as error:  # noqa: BLE001 - a bug's traceback is searched like everything else
                inner = error.__traceback__.tb_next if error.__traceback__ else None  # without this frame: it has stdin
                shown = traceback.TracebackException(type(error), error, inner, capture_locals=True)
                print("".join(shown.format()))
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        given.unlink()
        self.ran.append(Ran(arguments, code, said.read_bytes()))
        assert code in expect, (arguments, code, said.read_bytes().decode()[-2000:])
        return self.ran[-1]

    def _enter(self, said: Path, given: Path, environment: Mapping[str, str]) -> None:
        output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(os.open(given, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for the rest of this process
        sys.stdout = sys.stderr = open(1, "w", closefd=False)  # noqa: SIM115
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.environ.clear()
        os.environ.update({"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home), "TMPDIR": str(self.temporary)})
        os.environ.update({"PATH": "/usr/local/bin:/usr/bin:/bin", **environment})
        tempfile.tempdir = None
        if self.root.is_dir():
            os.chdir(self.root)

    def git(self, *arguments: str) -> bytes:
        """Git in the repository."""
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
        return subprocess.run([*command, *arguments], cwd=self.root, check=True, capture_output=True).stdout

    def commit(self) -> None:
        """Everything, into Git's objects and index."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "commit")

    def values(self) -> list[bytes]:
        """Every value of the vault, certificates apart: they are public."""
        tree = DirTree(str(self.root))
        known = lock.read(tree)
        found: list[bytes] = []
        with Access(real_sops, lambda: read([self.identity], repository=self.root), NOW) as access:
            for secret in known.vault:
                values = access.open(tree, known, secret, "the test looks")
                found += [
                    value.reveal() for key, value in values.items() if not key.endswith((".crt", "public_key.pem"))
                ]
        return found

    def identities(self) -> list[bytes]:
        """The private keys in the home folder."""
        files = [file for file in self.home.rglob("*") if file.suffix in IDENTITIES]
        lines = [line for file in files for line in file.read_bytes().splitlines()]
        return [line for line in lines if line.startswith(b"AGE-SECRET-KEY-")]

    def objects(self) -> bytes:
        """The content of every Git object, in and out of the history."""
        return self.git("cat-file", "--batch", "--batch-all-objects", "--buffer")
