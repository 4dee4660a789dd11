"""A secrets command that is killed, whenever, leaves the tree as before or after, or the next command puts it right."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from compiler.kustomize import DirTree
from compiler.secrets import lock
from compiler.workspace import journal
from tests.secrets.test_commands import NOW, begin, files, repository, secrets

__all__ = ["repository"]


def writes_of(root: Path, *arguments: str) -> dict[str, bytes | None]:
    """What a command writes: run in a copy, so that the repository stays as it is."""
    copy = root.parent / "copy"
    shutil.copytree(root, copy)
    here = Path.cwd()
    os.chdir(copy)
    try:
        assert secrets(*arguments, *NOW) == 0
    finally:
        os.chdir(here)
    before, after = files(root), files(copy)
    shutil.rmtree(copy)
    changed: dict[str, bytes | None] = {path: None for path in before if path not in after}
    return changed | {path: content for path, content in after.items() if before.get(path) != content}


def killed(root: Path, writes: Mapping[str, bytes | None], number: int) -> bool:
    """Write in a child that is killed before step ``number``; whether it was there to be killed."""
    child = os.fork()
    if child == 0:
        steps = iter(range(10_000))

        def kill(name: str) -> None:
            if next(steps) == number:
                os.kill(os.getpid(), signal.SIGKILL)

        journal.apply(root, writes, step=kill)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("command", [("rotate", "demo/pulp-db-fields-encryption", "--phase", "add"),
                                     ("rotate", "demo/pulp-web-tls")])  # fmt: skip
def test_a_kill_at_any_step_is_put_right_by_the_next_command_which_says_so(
    repository: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    writes = writes_of(repository, *command)
    assert len(writes) == 3  # the vault's file, the cluster's, and the lock
    before = files(repository)
    after = {path: content for path, content in {**before, **writes}.items() if content is not None}
    outcomes: list[bool] = []
    while killed(repository, writes, len(outcomes)):
        left_behind = (repository / journal.FOLDER).is_dir()
        capsys.readouterr()
        assert secrets("check", *NOW) == 0, len(outcomes)  # no contradiction is left to be seen
        assert bool(capsys.readouterr().err.replace("secrets: no finding\n", "")) is left_behind
        found = files(repository)
        assert found in (before, after), len(outcomes)
        outcomes.append(found == after)
        shutil.rmtree(repository / "secrets")
        for path, content in before.items():
            (repository / path).parent.mkdir(parents=True, exist_ok=True)
            (repository / path).write_bytes(content)
    assert outcomes == sorted(outcomes)
    assert outcomes[0] is False
    assert outcomes[-1] is True
    assert len(outcomes) > 6


def test_a_command_killed_at_any_moment_can_be_run_again(repository: Path, tmp_path: Path) -> None:
    identity = begin(repository)
    program = "import sys; from compiler.cli.main import run; sys.exit(run(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "secrets", "ensure", "--identity", str(identity), *NOW]
    made: dict[str, str] = {}
    for delay in (0.15, 0.4, 0.7, 1.0):
        child = subprocess.Popen(command, cwd=repository, stderr=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]})
        time.sleep(delay)
        child.kill()
        child.wait()
        journal.recover(repository)
        known = lock.read(DirTree(repository))
        values = {secret: entry.sealed for secret, entry in known.vault.items()}
        assert made.items() <= values.items()  # nothing that was once made is lost or made again
        made = values
    assert secrets("ensure", *NOW) == 0
    final = {secret: entry.sealed for secret, entry in lock.read(DirTree(repository)).vault.items()}
    assert made.items() <= final.items()
    assert secrets("check", "--deep", *NOW) == 0


def test_of_two_runs_at_once_each_ends_well_or_says_so(repository: Path) -> None:
    identity = begin(repository)
    program = "import sys; from compiler.cli.main import run; sys.exit(run(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "secrets", "ensure", "--identity", str(identity), *NOW]
    runs = [
        subprocess.Popen(command, cwd=repository, stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"]})
        for _ in range(2)
    ]
    said = [run.communicate()[1].decode() for run in runs]
    codes = [run.returncode for run in runs]
    assert sorted(codes) in ([0, 0], [0, 3])
    assert all("another" in text for code, text in zip(codes, said, strict=True) if code == 3)
    assert secrets("check", "--deep", *NOW) == 0
