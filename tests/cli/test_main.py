"""The command line as a whole: help, version, exit codes, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from compiler.cli.failure import report
from compiler.errors import CompilerError, ErrorGroup, Origin, WorldError
from compiler.version import __version__


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "compiler", *arguments], capture_output=True, text=True, check=False, cwd=cwd, timeout=60
    )


def test_version_is_the_packages() -> None:
    result = run("--version")
    assert (result.returncode, result.stdout) == (0, f"compiler, version {__version__}\n")


def test_version_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv=['compiler','--version']; from compiler.__main__ import main; main(); print(*sys.modules)"
    )
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"click", "yaml", "pydantic", "cryptography", "rich", "ruamel"} & set(modules)


def test_help_lists_every_command() -> None:
    result = run("--help")
    assert result.returncode == 0
    for command in ("build", "check", "diff", "explain", "generate", "init", "secrets", "spec"):
        assert f"  {command} " in result.stdout


@pytest.mark.parametrize("command", ["build", "check", "diff", "explain", "generate", "init", "secrets", "spec"])
def test_help_of_each_command_shows_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.returncode == 0, result.stderr
    assert f"compiler {command}" in result.stdout


@pytest.mark.parametrize("arguments", [("nope",), ("build", "--nope"), ("generate", "--nope")])
def test_wrong_usage_exits_2_without_a_traceback(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_an_error_names_the_place_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    error = CompilerError("expected a number", origin=Origin("a.yaml", 3, 5, "api.replicas"), hint="write 3")
    assert report(error) == 2
    assert capsys.readouterr().err == "error: a.yaml:3:5: api.replicas: expected a number\n  hint: write 3\n"


def test_all_errors_of_a_group_are_said_and_the_worst_decides(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(ErrorGroup([CompilerError("one"), WorldError("two")])) == 3
    assert capsys.readouterr().err == "error: one\nerror: two\n"


def test_an_unreadable_file_is_the_worlds_failure(tmp_path: Path) -> None:
    assert report(PermissionError(13, "Permission denied", str(tmp_path))) == 3


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        report(ZeroDivisionError())


def test_a_closed_pipe_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    result = subprocess.run(
        [sys.executable, "-m", "compiler", "--help"], stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert b"Traceback" not in result.stderr
