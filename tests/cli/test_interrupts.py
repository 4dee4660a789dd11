"""Ctrl-C at any moment: one word, the code of an interrupt, and nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_NATIVE = """
import os, signal, sys
from compiler.cli import interrupts
interrupts.prepare()

def hook(event, arguments):
    # pyrage starts with a piece of Python; an exception there makes Rust panic
    if event == "compile" and arguments[1] == "<string>" and not sent:
        sent.append(event)
        os.kill(os.getpid(), signal.SIGINT)

sent = []
sys.addaudithook(hook)
try:
    import pyrage
    import time
    time.sleep(5)
except KeyboardInterrupt:
    print("interrupted", *sent, "pyrage" in sys.modules)
"""


_COMMAND = """
import sys
print("started", flush=True)
from compiler.__main__ import main
sys.exit(main())
"""


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    """Interrupts as a terminal gives them: what runs in the background ignores them, and so does what it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_it_waits_until_a_native_module_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", _NATIVE], capture_output=True, text=True, check=False, timeout=30)
    assert (done.stdout, done.stderr, done.returncode) == ("interrupted compile True\n", "", 0)


@pytest.mark.parametrize("after", [0.02, 0.1, 0.2, 0.4])
def test_a_command_ends_with_the_code_of_an_interrupt(after: float, tmp_path: Path) -> None:
    arguments = ["init", "new", "--host", "a.example.com", "--delivery", "argocd", "--cert", "/dev/stdin"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", _COMMAND, *arguments], cwd=tmp_path, text=True, **pipes) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "started\n"  # an interrupt while Python itself starts is not ours
        time.sleep(after)
        running.send_signal(signal.SIGINT)
        assert running.stderr is not None
        said = running.stderr.read()
        # Before the command line is reached Python itself answers an interrupt.
        assert running.wait(10) in (130, -signal.SIGINT)
    assert said.strip() == "interrupted" or running.returncode < 0
