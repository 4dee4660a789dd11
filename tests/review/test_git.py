"""Revisions: what a person names is found, and what cannot be is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.errors import CompilerError, WorldError
from compiler.workspace import git
from compiler.workspace.diff import is_revision, sides_of
from tests.review.repository import commit, create
from tests.review.repository import git as run


@pytest.fixture
def repository(tmp_path: Path) -> git.Repository:
    return git.find(create(tmp_path / "site", {"a": "1"}))


def test_a_repository_is_found_from_a_folder_in_it(repository: git.Repository) -> None:
    below = repository.root / "x" / "y"
    below.mkdir(parents=True)
    assert git.find(below) == repository
    assert repository.folder(below) == "x/y"
    assert repository.folder(repository.root) == ""


def test_a_folder_without_git_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CompilerError, match="no Git repository"):
        git.find(tmp_path)


def test_a_missing_git_is_the_world_failing(
    tmp_path: Path, repository: git.Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WorldError, match="git is not installed"):
        repository.commit("HEAD")


@pytest.mark.parametrize("rev", ["", "nothing", "--output=/tmp/x", "HEAD~5", "a\0b"])
def test_what_is_no_revision_names_no_commit(repository: git.Repository, rev: str) -> None:
    assert repository.commit(rev) is None
    with pytest.raises(CompilerError, match="no such revision"):
        sides_of(repository, rev)


def test_the_default_is_where_the_branch_left_main(repository: git.Repository) -> None:
    base = repository.commit("HEAD")
    run(repository.root, "checkout", "--quiet", "-b", "topic")
    commit(repository.root, {"a": "2"})
    run(repository.root, "checkout", "--quiet", "main")
    commit(repository.root, {"b": "3"})
    run(repository.root, "checkout", "--quiet", "topic")
    sides = sides_of(repository, None)
    assert (sides.before, sides.after) == (base, None)
    assert sides.names == (f"main ({(base or '')[:12]})", "working tree")


def test_the_remote_main_branch_comes_first(repository: git.Repository) -> None:
    assert repository.main_branch() == "refs/heads/main"
    run(repository.root, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert repository.main_branch() == "refs/remotes/origin/main"
    run(repository.root, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    assert repository.main_branch() == "refs/remotes/origin/HEAD"


def test_without_a_main_branch_a_revision_must_be_named(repository: git.Repository) -> None:
    run(repository.root, "branch", "--move", "trunk")
    with pytest.raises(CompilerError, match="no main branch"):
        sides_of(repository, None)


def test_before_the_first_commit_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    run(tmp_path, "init", "--quiet", "--initial-branch", "main")
    repository = git.find(tmp_path)
    with pytest.raises(CompilerError, match="nothing is committed yet") as caught:
        sides_of(repository, None)
    assert "commit first" in str(caught.value.hint)


def test_ranges_name_both_sides(repository: git.Repository) -> None:
    first = repository.commit("HEAD")
    second = commit(repository.root, {"a": "2"})
    assert sides_of(repository, f"{first}..{second}").after == second
    assert sides_of(repository, "HEAD~1..").after == second
    run(repository.root, "branch", "old", "HEAD~1")
    commit(repository.root, {"a": "3"})
    three = sides_of(repository, "old...main")
    assert (three.before, three.after) == (first, repository.commit("main"))


def test_histories_without_a_common_commit_are_an_error(repository: git.Repository) -> None:
    run(repository.root, "checkout", "--quiet", "--orphan", "other")
    commit(repository.root, {"z": "1"})
    with pytest.raises(CompilerError, match="no common ancestor"):
        sides_of(repository, "main...other")


def test_a_shallow_clone_says_how_to_get_the_rest(tmp_path: Path, repository: git.Repository) -> None:
    run(repository.root, "checkout", "--quiet", "-b", "topic")
    commit(repository.root, {"a": "2"})
    run(repository.root, "checkout", "--quiet", "main")
    commit(repository.root, {"b": "2"})
    run(tmp_path, "clone", "--quiet", "--depth=1", "--no-single-branch", f"file://{repository.root}", "shallow")
    with pytest.raises(CompilerError, match="shallow") as caught:
        sides_of(git.find(tmp_path / "shallow"), "origin/main...origin/topic")
    assert "fetch" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("HEAD", True), ("main..", True), ("..main", True), ("a", False), ("../a", False), ("..", False), ("a..b", False)],
)
def test_revisions_are_told_from_paths(repository: git.Repository, text: str, is_one: bool) -> None:
    assert is_revision(repository, text) == is_one


def test_the_tree_of_a_folder(repository: git.Repository) -> None:
    done = commit(repository.root, {"site/a": "1"})
    assert repository.tree(done, "site") == run(repository.root, "rev-parse", "HEAD:site")
    assert repository.tree(done, "") == run(repository.root, "rev-parse", "HEAD^{tree}")
    assert repository.tree(done, "nothing") is None
    assert repository.tree(done, "a") is None
