"""``compiler build``: several paths at once, files instead of stdout, and the comparison with the real tool."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compiler.cli.render import file_names
from tests.support.oracle import kubectl, kustomize_build


def kustomization(folder: Path, name: str) -> Path:
    """A folder whose build is one ConfigMap."""
    folder.mkdir(parents=True)
    (folder / "kustomization.yaml").write_text("resources: [r.yaml]\n")
    (folder / "r.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n")
    return folder


def compiler(*arguments: str | Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``compiler build`` with a PATH of one's own."""
    environment = {**os.environ, **({} if path is None else {"PATH": path})}
    command = [sys.executable, "-m", "compiler", "build", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def tool(folder: Path, script: str) -> str:
    """A PATH with one ``kustomize`` that is a shell script."""
    folder.mkdir()
    program = folder / "kustomize"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def test_jobs_print_in_the_order_of_the_paths(tmp_path: Path) -> None:
    folders = [kustomization(tmp_path / name, name) for name in ("c", "a", "d", "b", "e")]
    alone, together = compiler(*folders), compiler(*folders, "--jobs", "3")
    assert together.returncode == 0
    assert together.stdout == alone.stdout
    assert together.stdout == "---\n".join(kustomize_build(folder).stdout.decode() for folder in folders)


def test_a_path_given_twice_is_printed_twice(tmp_path: Path) -> None:
    folder = kustomization(tmp_path / "a", "a")
    assert compiler(folder, folder, "--jobs", "2").stdout.count("name: a") == 2


def test_output_dir_has_a_file_for_each_path(tmp_path: Path) -> None:
    folders = [kustomization(tmp_path / name, name) for name in ("a", "b")]
    done = compiler(*folders, "--output-dir", tmp_path / "out")
    assert (done.returncode, done.stdout) == (0, "")
    for folder in folders:
        assert (tmp_path / "out" / f"{folder.name}.yaml").read_bytes() == kustomize_build(folder).stdout


def test_two_paths_with_the_same_last_folder_do_not_overwrite_each_other(tmp_path: Path) -> None:
    folders = [kustomization(tmp_path / app / "prod", app) for app in ("web", "api")]
    assert compiler(*folders, "--output-dir", tmp_path / "out", "-o", "json").returncode == 0
    written = {path.name: json.loads(path.read_text())[0]["metadata"]["name"] for path in (tmp_path / "out").iterdir()}
    assert written == {"web-prod.json": "web", "api-prod.json": "api"}


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["x/a", "x/b"], ["a", "b"]),
        (["x/a", "y/a"], ["x-a", "y-a"]),
        (["a/b-c", "a-b/c"], ["b-c", "c"]),
        (["q/a/b", "q/a-b", "r/a/b"], []),
        (["x-a/b", "x/a-b", "y/b"], []),
        (["a", "a"], ["a", "a"]),
    ],
)
def test_names_of_files_differ_where_paths_differ(paths: list[str], names: list[str]) -> None:
    found = file_names([f"/{path}" for path in paths])
    assert len(set(found)) == len(set(paths))
    assert not names or found == names


def test_nothing_is_written_when_one_path_fails(tmp_path: Path) -> None:
    good = kustomization(tmp_path / "good", "a")
    done = compiler(good, tmp_path / "nowhere", "--output-dir", tmp_path / "out", "--jobs", "2")
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert not (tmp_path / "out").exists()


def test_verify_holds_against_the_real_tool(tmp_path: Path) -> None:
    folder = kustomization(tmp_path / "a", "a")
    done = compiler(folder, "--verify", path=f"{kubectl().parent}:/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    assert done.stdout == kustomize_build(folder).stdout.decode()


def test_verify_names_the_first_difference_and_both_versions(tmp_path: Path) -> None:
    other = tool(tmp_path / "bin", 'if [ "$1" = version ]; then echo v9.9.9; else echo "apiVersion: v2"; fi')
    done = compiler(kustomization(tmp_path / "a", "a"), "--verify", path=other)
    assert (done.returncode, done.stdout) == (1, "")
    assert "differs at byte 13, line 1: ours 'apiVersion: v1', theirs 'apiVersion: v2'" in done.stderr
    assert "against kustomize (v9.9.9)" in done.stderr


def test_verify_says_what_the_real_tool_refuses(tmp_path: Path) -> None:
    other = tool(tmp_path / "bin", 'if [ "$1" = version ]; then echo v9; else echo "no, thanks" >&2; exit 1; fi')
    done = compiler(kustomization(tmp_path / "a", "a"), "--verify", path=other)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the real tool refuses what we render" in done.stderr
    assert "no, thanks" in done.stderr


def test_verify_without_a_tool_says_what_it_needs(tmp_path: Path) -> None:
    done = compiler(kustomization(tmp_path / "a", "a"), "--verify", path=str(tmp_path))
    assert (done.returncode, done.stdout) == (3, "")
    assert "needs kustomize or kubectl on PATH" in done.stderr


def test_verify_with_a_tool_that_does_not_start_is_the_worlds_failure(tmp_path: Path) -> None:
    tool(tmp_path / "bin", "")
    (tmp_path / "bin" / "kustomize").write_text("#!/nowhere\n")
    done = compiler(kustomization(tmp_path / "a", "a"), "--verify", path=f"{tmp_path / 'bin'}")
    assert done.returncode == 3
    assert "kustomize cannot be run: " in done.stderr


@pytest.mark.parametrize("name", ["file", "file/below", "/dev/null"])
def test_an_output_dir_that_is_a_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("mine")
    place = os.path.join(tmp_path, name)
    done = compiler(kustomization(tmp_path / "a", "a"), "--output-dir", place)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert place in done.stderr
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_in_place_of_a_rendering_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out" / "a.yaml").mkdir(parents=True)
    done = compiler(kustomization(tmp_path / "a", "a"), "--output-dir", tmp_path / "out")
    assert done.returncode == 2
    assert "a.yaml is a folder" in done.stderr
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["a.yaml"]


def test_an_empty_output_dir_is_wrong_usage(tmp_path: Path) -> None:
    done = compiler(kustomization(tmp_path / "a", "a"), "--output-dir", "")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: --output-dir is empty")
