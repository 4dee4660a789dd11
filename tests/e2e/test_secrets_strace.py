"""What the kernel sees of secrets commands: no file outside the repository, no plaintext in an argument, no network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from compiler.kustomize import DirTree
from compiler.secrets import lock
from compiler.secrets.access import Access
from compiler.secrets.identities import read
from tests.secrets.support import NOW, person, real_sops
from tests.secrets.test_canary import CANARY, search, traces
from tests.secrets.test_commands import BASE, DEMO, PROD

pytestmark = pytest.mark.e2e

CREATED = re.compile(rb'(?:openat\([^,]+, |open\(|creat\(|mkdir\(|mkdirat\([^,]+, )"([^"]*)"[^\n]*')
TRACED = (
    "execve,execveat,open,openat,creat,mkdir,mkdirat,link,linkat,symlink,symlinkat,rename,renameat,renameat2,socket"
)

STRACE = ("strace", "-f", "-v", "-s", "100000", "-e", f"trace={TRACED}")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Specs whose production is sealed with sops, so that one backend serves both."""
    root = tmp_path / "repository"
    files = {
        ".compiler.yaml": "version: 0.1.0\n", "base/pulp/pulp.yaml": BASE, "overlays/demo/pulp.yaml": DEMO,
        "overlays/prod/pulp.yaml": PROD + "secrets: {backend: ksops}\n",
    }  # fmt: skip
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    (tmp_path / "home").mkdir()
    (tmp_path / "tmp").mkdir()
    return root


def strace(
    root: Path, *arguments: str, stdin: bytes = b"", expect: int = 0, group: tuple[str, ...] = ("secrets",)
) -> bytes:
    """The system calls of a command (of those about secrets, unless ``group`` says otherwise) and of everything that it
    starts."""
    out = root.parent / "trace"
    environment = {"HOME": str(root.parent / "home"), "TMPDIR": str(root.parent / "tmp"), "PATH": "/usr/bin:/bin",
                   "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    command = [sys.executable, "-c", "import sys; from compiler.cli.main import run; sys.exit(run(sys.argv[1:]))"]
    done = subprocess.run(
        [*STRACE, "-o", str(out), *command, *group, *arguments],
        cwd=root, env=environment, input=stdin, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == expect, done.stderr.decode()
    return out.read_bytes()


def created(trace: bytes) -> set[str]:
    """The files and folders that were made: by name, without those that the call was refused."""
    found = set()
    for match in CREATED.finditer(trace):
        line = match.group(0)
        if b"= -1 " in line or (line.startswith(b"open") and b"O_CREAT" not in line):
            continue
        found.add(match.group(1).decode())
    return found


def outside(names: set[str], root: Path) -> list[str]:
    """Those that are neither in the repository nor a device, nor pass: sops starts in an empty folder, and Python's
    ``tempfile`` tries once whether it can write the word "blat"."""
    passing = re.compile(re.escape(str(root.parent / "tmp")) + r"/(compiler-sops-\w+|[a-z0-9_]{8})")
    return sorted(
        name
        for name in names
        if name.startswith("/")
        and not passing.fullmatch(name)
        and not name.startswith((f"{root}/", "/dev/null", "/dev/tty", "/dev/pts/"))
    )


def plaintexts(root: Path, identity: Path) -> list[bytes]:
    tree = DirTree(root)
    known = lock.read(tree)
    found = [CANARY]
    with Access(real_sops, lambda: read([identity], repository=root), NOW) as access:
        for secret in known.vault:
            values = access.open(tree, known, secret, "the test looks")
            found += [value.reveal().strip() for key, value in values.items() if not key.endswith(".crt")]
    return found


def test_no_file_is_made_outside_the_repository_and_no_plaintext_is_in_an_argument(repository: Path) -> None:
    root = repository
    identity = root.parent / "identity.txt"
    who = ["--identity", str(identity)]
    clusters = [f"--cluster={overlay}={person().recipient}" for overlay in ("demo", "prod")]
    made = strace(root, "init", "--generate-identity", str(identity), *clusters)
    assert outside(created(made), root) == [str(identity)]
    traced = [
        strace(root, "ensure"),
        strace(root, "set", "prod/pulp-postgres-configuration", "--stdin", *who, stdin=CANARY),
        strace(root, "rotate", "demo/pulp-admin-password", *who),
        strace(root, "rekey", *who),
        strace(root, "renew", "--all", *who),
        strace(root, "ca", "rollover", "demo", "--phase", "trust", *who),
        strace(root, "recipients", "add", "admin", person().recipient, *who),
        strace(root, "reseal", "demo", *who),
        strace(root, "status", *who, expect=1),
        strace(root, "check", "--deep", *who),
        strace(root, "generate", group=()),
        strace(root, "check", group=()),
        strace(root, "build", "overlays/demo", group=()),
        strace(root, "explain", "overlays/demo", group=()),
        strace(root, "set", "prod/pulp-postgres-configuration", "--key", "no", "--stdin", stdin=CANARY, expect=2),
    ]
    secrets = plaintexts(root, identity)
    assert len(secrets) > 20
    for trace in traced:
        assert outside(created(trace), root) == []
        assert b"AF_INET" not in trace
        assert [shape for secret in secrets for shape in traces(secret) if shape in trace] == []
        assert identity.read_bytes().splitlines()[-1] not in trace
    assert any(b"execve(" in trace and b"sops" in trace for trace in traced)
    assert list((root.parent / "tmp").rglob("*")) == []
    assert search(root, secrets) == []


def test_the_reading_of_a_trace_finds_what_it_looks_for(repository: Path) -> None:
    command = "open('/tmp/strace-canary', 'w').close(); import os; os.remove('/tmp/strace-canary')"
    out = repository.parent / "trace"
    subprocess.run(
        [*STRACE, "-o", str(out), sys.executable, "-c", command],
        check=True, env={"CANARY": CANARY.decode()},
    )  # fmt: skip
    trace = out.read_bytes()
    assert "/tmp/strace-canary" in outside(created(trace), repository)
    assert CANARY in trace
