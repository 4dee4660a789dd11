"""The gate that pods wait at for the migration, run here with a fake pulpcore-manager."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from compiler.pulp.scripts import text


def gate(folder: Path, manager: str, seconds: str = "0") -> subprocess.CompletedProcess[str]:
    program = folder / "pulpcore-manager"
    program.write_text(f"#!/bin/sh\n{manager}\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "GATE_SECONDS": seconds}
    return subprocess.run(
        ["sh", "-c", text("gate.sh").replace("sleep 5", "sleep 0")],
        env=environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )


def test_the_gate_opens_when_nothing_is_pending(tmp_path: Path) -> None:
    manager = 'test "$1 $2 $SCHEMA" = "shell -c wait" && test "$DEADLINE" -ge "$(date +%s)" && echo ready'
    done = gate(tmp_path, manager, "20")
    assert (done.returncode, done.stdout) == (0, "ready\n")


@pytest.mark.parametrize("manager", ["exit 1", "echo traceback >&2; exit 2", "kill -9 $$"])
def test_the_gate_stays_shut_whatever_the_failure(manager: str, tmp_path: Path) -> None:
    done = gate(tmp_path, manager)
    assert done.returncode == 1
    assert "gave up" in done.stderr


def test_the_gate_waits_for_the_migration(tmp_path: Path) -> None:
    counter = tmp_path / "tries"
    done = gate(tmp_path, f'echo x >> {counter}; test "$(wc -l < {counter})" -ge 3', "20")
    assert done.returncode == 0
    assert len(counter.read_text().split()) == 3
