"""Fetches of remote bases: that git fetches them once, at a commit, and what never happens on the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compiler.kustomize import DirTree, KustomizeError, Options, Remotes, build
from tests.support.remotes import commit, folder_of, git, ours, write

ROOT = Path(__file__).resolve().parents[2]


def test_without_the_flag_nothing_is_run(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    folder = folder_of(world, "resources: ['file://{where}/repo//base']\n")
    with pytest.raises(KustomizeError, match="remote resources are not fetched") as caught:
        build(DirTree(folder), "")
    assert caught.value.unsupported
    assert "--allow-remote" in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("file://{where}/repo//base?ref=--upload-pack=touch ran", "is no branch, tag or commit"),
        ("file://{where}/repo//base?ref=-x", "is no branch, tag or commit"),
        ("file://{where}/repo//base?ref=main:refs/heads/x", "is no branch, tag or commit"),
        ("file://{where}/repo//base?ref=a..b", "is no branch, tag or commit"),
        ("https://user:secret@host.xz/org/repo//base", "a password in the URL of https://host.xz/org/repo"),
        ("https://host.xz/org/re po//base", "is no URL"),
    ],
)
def test_what_git_could_misread_is_refused(entry: str, said: str, world: Path) -> None:
    with pytest.raises(KustomizeError) as caught:
        ours(world, f"resources: ['{entry}']\n")
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_pinned_base_needs_no_repository_once_it_is_cached(world: Path) -> None:
    pin = git(world / "repo", "rev-parse", "v1^{commit}")
    text = f"resources: ['file://{{where}}/repo//base?ref={pin}']\n"
    before = ours(world, text)
    shutil.rmtree(world / "repo")
    assert ours(world, text) == before
    with pytest.raises(KustomizeError, match="failed to run 'git fetch") as caught:
        ours(world, text.replace(pin, "v1"))
    assert caught.value.world


def test_a_branch_that_moves_is_seen_and_a_commit_stays(world: Path) -> None:
    pin = git(world / "repo", "rev-parse", "main")
    moving, pinned = (f"resources: ['file://{{where}}/repo//base?ref={ref}']\n" for ref in ("main", pin))
    before = ours(world, moving)
    assert ours(world, pinned) == before
    write(world / "repo", {"base/f.txt": "newest\n"})
    commit(world / "repo")
    assert "newest" in ours(world, moving)
    assert ours(world, pinned) == before


def test_the_commit_that_a_ref_meant_is_told_and_a_pin_says_nothing(world: Path) -> None:
    pin = git(world / "repo", "rev-parse", "v1^{commit}")
    remotes = Remotes(str(world / "cache"))
    folder = folder_of(world, "resources: ['file://{where}/repo//base?ref=v1']\n")
    told = build(DirTree(folder), "", Options(remotes=remotes)).warnings
    assert told == (f"# file://{world}/repo: v1 is {pin}; ?ref={pin} pins it",)
    folder_of(world, f"resources: ['file://{{where}}/repo//base?ref={pin}']\n")
    assert build(DirTree(folder), "", Options(remotes=remotes)).warnings == ()


def test_no_hook_and_no_program_of_a_url_is_run(world: Path) -> None:
    hooks = world / "hooks"
    hooks.mkdir()
    for name in ("reference-transaction", "post-checkout", "post-merge", "pre-auto-gc"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {world}/ran\n")
        (hooks / name).chmod(0o755)
    (world / "home/.gitconfig").write_text(
        f'[core]\n\thooksPath = {hooks}\n[init]\n\ttemplateDir = {hooks}\n[url "ext::sh -c touch% {world}/ran% "]\n'
        "\tinsteadOf = https://host.xz/\n[protocol]\n\tallow = always\n"
    )
    assert "name: x-o" in ours(world, "resources: ['file://{where}/repo//other']\n")
    with pytest.raises(KustomizeError, match="transport 'ext' not allowed"):
        ours(world, "resources: ['https://host.xz/org/repo//base']\n")
    assert not (world / "ran").exists()


def test_a_fetch_that_takes_too_long_ends_and_leaves_nothing(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = world / "bin"
    fake.mkdir()
    (fake / "git").write_text(f'#!/bin/sh\ncase "$*" in *" fetch "*) sleep 60 & echo $! > {world}/pid; wait;; esac\n')
    (fake / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake}:/usr/bin:/bin")
    with pytest.raises(KustomizeError, match="hit 1s timeout running 'git fetch") as caught:
        ours(world, "resources: ['file://{where}/repo//base?timeout=1']\n")
    assert caught.value.world
    assert not [path for path in (world / "cache").rglob("*") if path.is_file()]
    state = Path(f"/proc/{(world / 'pid').read_text().strip()}/stat")
    assert not state.exists() or state.read_text().split(") ")[1][0] == "Z"


def test_processes_that_fetch_at_once_share_one_entry(world: Path) -> None:
    folder = folder_of(world, "resources: ['file://{where}/repo//base?ref=v1']\n")
    command = [sys.executable, "-m", "compiler", "build", "--allow-remote", str(folder)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(4)
    ]
    outputs = {one.communicate(timeout=60)[0] for one in running}
    assert [one.returncode for one in running] == [0] * 4
    assert len(outputs) == 1
    (shelf,) = (world / "cache/compiler/git").iterdir()
    assert [path.name for path in shelf.iterdir()] == [git(world / "repo", "rev-parse", "v1^{commit}")]


def test_the_command_tells_the_pin_and_that_the_world_failed(world: Path) -> None:
    folder = folder_of(world, "resources: ['file://{where}/repo//base?ref=v1']\n")

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "compiler", "build", *options, str(folder)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=world, env={**os.environ})

    refused = run()
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--allow-remote" in refused.stderr
    done = run("--allow-remote")
    assert done.returncode == 0
    assert f"# file://{world}/repo: v1 is " in done.stderr
    shutil.rmtree(world / "repo")
    failed = run("--allow-remote")
    assert (failed.returncode, failed.stdout) == (3, "")


def test_a_fetch_that_fails_leaves_nothing_in_the_cache(world: Path) -> None:
    with pytest.raises(KustomizeError, match="failed to run"):
        ours(world, "resources: ['file://{where}/nowhere//base?ref=v1']\n")
    with pytest.raises(KustomizeError, match="failed to run"):
        ours(world, "resources: ['file://{where}/repo//base?ref=none']\n")
    assert list((world / "cache/compiler/git").iterdir()) == []
