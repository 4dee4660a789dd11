"""Trees: the same folder from disk, memory, Git and in layers renders the same."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from compiler.kustomize import DirTree, GitError, GitTree, LayeredTree, MemoryTree, build

FILES = {
    "base/kustomization.yaml": "resources: [r.yaml]\n",
    "base/r.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n",
    "top/kustomization.yaml": "resources: [../base]\nnamePrefix: x-\n",
}


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder."""
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, "-C", str(folder), *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "one")
    return tmp_path


def test_disk_memory_and_git_render_the_same(repository: Path) -> None:
    wanted = build(MemoryTree(FILES), "top").text
    assert build(DirTree(repository), "top").text == wanted
    with GitTree(repository, "HEAD") as tree:
        assert build(tree, "top").text == wanted
        assert tree.listdir("") == ["base", "top"]
        assert not tree.is_dir("nope")


def test_git_shows_the_revision_and_not_the_checkout(repository: Path) -> None:
    (repository / "base/r.yaml").write_text("broken: [")
    with GitTree(repository, "HEAD") as tree:
        assert "name: x-a" in build(tree, "top").text


def test_git_follows_links_inside_and_refuses_those_that_leave(repository: Path) -> None:
    (repository / "base/link.yaml").symlink_to("r.yaml")
    (repository / "base/out.yaml").symlink_to("/etc/hostname")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "links")
    with GitTree(repository, "HEAD") as tree:
        assert tree.read("base/link.yaml") == FILES["base/r.yaml"].encode()
        with pytest.raises(PermissionError):
            tree.read("base/out.yaml")


@pytest.mark.parametrize("revision", ["HEAD:base", "HEAD^{commit}:base"])
def test_git_takes_a_folder_of_a_revision_as_the_root(repository: Path, revision: str) -> None:
    with GitTree(repository, revision) as tree:
        assert "r.yaml" in tree.listdir("")
        assert "name: a" in build(tree, "").text


@pytest.mark.parametrize("revision", ["nope", "--help", "HEAD:nothing", "HEAD:base/r.yaml"])
def test_an_unknown_revision_is_an_error(repository: Path, revision: str) -> None:
    with pytest.raises(GitError):
        GitTree(repository, revision)


def test_a_layer_replaces_adds_and_removes(repository: Path) -> None:
    over = {"base/r.yaml": None, "base/new.yaml": FILES["base/r.yaml"].replace("name: a", "name: b").encode()}
    over["base/kustomization.yaml"] = b"resources: [new.yaml]\n"
    tree = LayeredTree(over, DirTree(repository))
    assert "name: x-b" in build(tree, "top").text
    assert tree.listdir("base") == ["kustomization.yaml", "new.yaml"]
    assert not tree.is_file("base/r.yaml")


def test_objects_are_plain_data_with_their_origin() -> None:
    (one,) = build(MemoryTree(FILES), "top").objects
    assert one.data == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x-a"}}
    assert (one.origin.path, one.origin.line) == ("base/r.yaml", 1)
