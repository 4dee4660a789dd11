"""What a command ends with where its standard output or standard error takes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to build, with more than a pipe holds."""
    (tmp_path / "kustomization.yaml").write_text("resources: [r.yaml]\n")
    (tmp_path / "r.yaml").write_text(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: {'x' * 200_000}\n"
    )
    return tmp_path


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which ``compiler`` is ours."""
    script = f'compiler() {{ "{sys.executable}" -m compiler "$@"; }}\n{line}'
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=False, cwd=cwd, timeout=60, env=environment
    )


@pytest.mark.parametrize("command", ["--version", "--help", "build .", "build . -o json"])
@pytest.mark.parametrize(("where", "why"), [(">&-", "it is closed"), (">/dev/full", "No space left on device")])
def test_a_standard_output_that_takes_nothing_is_the_worlds_failure(
    command: str, where: str, why: str, folder: Path
) -> None:
    done = shell(f"compiler {command} {where}", folder)
    assert (done.returncode, done.stderr) == (3, f"error: standard output: {why}\n")


@pytest.mark.parametrize(
    "command", ["check overlays/demo", "diff", "spec reference", "explain overlays/demo Deployment/pulp-api"]
)
def test_so_it_is_in_a_repository(command: str) -> None:
    done = shell(f"compiler {command} >&-", Path(__file__).parents[2])
    assert (done.returncode, done.stderr) == (3, "error: standard output: it is closed\n")


def test_a_command_that_prints_nothing_needs_none(folder: Path) -> None:
    done = shell("compiler build . --output-dir out >&-", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert [file.name for file in (folder / "out").iterdir()] == [f"{folder.name}.yaml"]


@pytest.mark.parametrize("command", ["build .", "build . -o json"])
def test_a_pipe_that_is_read_no_longer_is_quiet(command: str, folder: Path) -> None:
    done = shell(f"set -o pipefail; compiler {command} | head -c 4", folder)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full", "2>&- <&-"])
@pytest.mark.parametrize(
    ("command", "code"),
    [("build .", 0), ("build nope", 2), ("build --nope", 2), ("check nope", 2), ("build . >&-", 3)],
)
def test_a_standard_error_that_takes_nothing_keeps_the_code(command: str, code: int, where: str, folder: Path) -> None:
    assert shell(f"compiler {command} {where}", folder).returncode == code


def test_a_written_file_never_takes_the_place_of_a_closed_stream(folder: Path) -> None:
    """A descriptor that is free is the next file's: a message would go into the rendering."""
    assert shell("compiler build . --output-dir out <&- >&- 2>&-", folder).returncode == 0
    expected = shell("compiler build .", folder).stdout
    assert (folder / "out" / f"{folder.name}.yaml").read_text() == expected


@pytest.mark.parametrize("command", ["build .", "build . --jobs 2 .", "build . --output-dir out", "check", "diff"])
def test_a_working_folder_that_is_gone_is_told(command: str, tmp_path: Path) -> None:
    done = shell(f"mkdir gone; cd gone; rmdir ../gone; compiler {command}", tmp_path)
    assert (done.returncode, done.stderr) == (
        3,
        "error: the working folder was removed: No such file or directory\n",
    )
