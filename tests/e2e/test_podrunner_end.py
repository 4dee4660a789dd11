"""The pod runner leaves nothing: not when it is told to go down, not when it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.manifests import container, deployment, stream, values
from tests.e2e.podrunner.client import ROOT, Runner

pytestmark = pytest.mark.e2e


def machine() -> tuple[str, str, str]:
    """What of the machine a runner could leave something in: interfaces, rules, mounts."""
    return (
        subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout,
        subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout,
        Path("/proc/self/mounts").read_text(),
    )


def marked(mark: str) -> list[str]:
    """Command lines of running processes that hold ``mark``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if mark in line:
            found.append(line)
    return found


def manifests(mark: str) -> str:
    secret = values("Secret", "s", k="plaintext-" + mark)
    mounts = [{"name": "s", "mountPath": "/s"}]
    main = container(script=f": {mark}; (setsid sleep 3600 &) ; sleep 3600", volumeMounts=mounts)
    volumes = [{"name": "s", "secret": {"secretName": "s"}}]
    return stream(secret, deployment("web", main, replicas=2, volumes=volumes))


def gone(mark: str) -> bool:
    deadline = time.monotonic() + 10
    while marked(mark):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("victim", ["launcher", "init", "daemon"])
def test_killed_it_takes_everything_with_it(tmp_path: Path, victim: str) -> None:
    before, mark = machine(), f"mark-{os.urandom(8).hex()}"
    runner = Runner.start(tmp_path / "state")
    runner.apply(manifests(mark))
    runner.wait(20)
    assert len(marked(mark)) >= 2
    launcher = runner._launcher
    assert launcher is not None
    os.kill({"launcher": launcher.pid, "init": runner.pid, "daemon": runner._outside_pid()}[victim], signal.SIGKILL)
    assert gone(mark)
    launcher.wait(timeout=10)
    assert machine() == before
    assert not any("plaintext" in path.read_text() for path in tmp_path.rglob("*") if path.is_file())


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    mark = f"mark-{os.urandom(8).hex()}"
    script = f"""
import os, signal
from pathlib import Path
from tests.e2e.podrunner.client import Runner
from tests.e2e.test_podrunner_end import manifests
runner = Runner.start(Path({str(tmp_path)!r}))
runner.apply(manifests({mark[:12]!r} + {mark[12:]!r}))
runner.wait(20)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert gone(mark)


def test_down_ends_everything_and_the_command_line_works(tmp_path: Path) -> None:
    before, mark, state = machine(), f"mark-{os.urandom(8).hex()}", tmp_path / "state"

    def call(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.e2e.podrunner", arguments[0], "--state", str(state), *arguments[1:]]
        return subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, text=True, check=False)

    assert call("status").returncode == 3
    with Runner.start(state) as runner:
        assert call("apply", stdin=manifests(mark)).returncode == 0
        assert call("wait", "--timeout", "20").returncode == 0
        name = runner.pods("web")[0]["name"]
        assert call("exec", name, "--", "cat", "/s/k").stdout == f"plaintext-{mark}"
        assert call("exec", name, "--", "false").returncode == 1
        assert name in call("status").stdout
        assert "start 0" in call("logs", name).stdout
        assert call("apply", stdin="kind: x").returncode == 1
        assert call("down", "--grace", "0").returncode == 0
        assert gone(mark)
    assert machine() == before
