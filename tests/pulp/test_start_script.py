"""The program that starts content and workers, run here with a database that comes and goes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from compiler.pulp.scripts import text
from tests.pulp.support import build, container


@pytest.fixture
def database() -> socket.socket:
    """A socket with an address; nobody is accepted before it listens."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    return made


def start(folder: Path, port: int) -> subprocess.Popen[str]:
    """``start.py`` with a program that says hello, once it has said that it waits, if it does."""
    settings = folder / "settings.py"
    settings.write_text(f'DATABASES = {{"default": {{"HOST": "127.0.0.1", "PORT": "{port}"}}}}\n')
    return subprocess.Popen(
        [sys.executable, "-IS", "-c", text("start.py"), "echo", "hello"],
        env={"PULP_SETTINGS": str(settings), "PATH": os.environ["PATH"]}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_program_starts_at_once_when_the_database_is_there(tmp_path: Path, database: socket.socket) -> None:
    with database:
        database.listen()
        assert start(tmp_path, database.getsockname()[1]).communicate(timeout=30)[0] == "hello\n"


def test_it_waits_for_the_database_without_ending(tmp_path: Path, database: socket.socket) -> None:
    with database, start(tmp_path, database.getsockname()[1]) as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline().startswith("waiting for the database at 127.0.0.1:")
        time.sleep(1.5)
        assert waiting.poll() is None
        database.listen()
        assert waiting.communicate(timeout=30)[0] == "hello\n"
        assert waiting.returncode == 0


def test_it_ends_when_told_to(tmp_path: Path, database: socket.socket) -> None:
    with database, start(tmp_path, database.getsockname()[1]) as waiting:
        assert waiting.stdout is not None
        waiting.stdout.readline()
        waiting.send_signal(signal.SIGTERM)
        assert waiting.wait(30) == 0


@pytest.mark.parametrize("mode", ["mutual", "server", "off"])
@pytest.mark.parametrize("role", ["content", "worker"])
def test_what_ends_without_a_database_is_started_by_it(role: str, mode: str) -> None:
    made = container(build(tls={"internal": mode}), "Deployment", f"pulp-{role}")
    assert made["command"][:4] == ["python3", "-IS", "/etc/pulp/scripts/start.py", f"pulpcore-{role}"]
    assert "/etc/pulp/scripts" in [mount["mountPath"] for mount in made["volumeMounts"]]
