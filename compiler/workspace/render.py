"""Renderings of the overlays of a repository: as they are on disk, at a Git revision, or in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from compiler.errors import CompilerError, WorldError
from compiler.k8s.tree import Tree
from compiler.workspace.failures import translated
from compiler.workspace.repository import Workspace, spec_folders

if TYPE_CHECKING:
    from compiler.kustomize import Rendering


def render(workspace: Workspace, folder: str, tree: Tree | None = None) -> Rendering:
    """What ``kustomize build`` prints for a folder.

    Args:
        workspace: the repository.
        folder: relative to its root.
        tree: where to read; the files on disk when None.

    Raises:
        CompilerError: the folder cannot be built, with file and line where the engine knows them.
        WorldError: a file cannot be read.
    """
    from compiler.kustomize import build

    with translated(folder):
        return build(workspace.tree if tree is None else tree, folder)


@contextmanager
def at_revision(workspace: Workspace, revision: str) -> Iterator[Tree]:
    """The repository at a Git revision, as a tree whose root is the workspace's.

    Raises:
        CompilerError: there is no such revision.
        WorldError: Git is missing or fails.
    """
    from compiler.kustomize import GitTree
    from compiler.kustomize.git import GitError

    try:
        tree = GitTree(workspace.root, f"{revision}:{_prefix(workspace)}")
    except GitError as error:
        raise CompilerError(
            f"{revision!r} is no revision of this repository: {error}", hint="`git log --oneline` lists revisions"
        ) from error
    with tree:
        yield tree


def built_folders(tree: Tree) -> tuple[str, ...]:
    """The folders of a tree that have a spec and can be built, bases first."""
    names = ("kustomization.yaml", "kustomization.yml", "Kustomization")
    return tuple(folder for folder in spec_folders(tree) if any(tree.is_file(f"{folder}/{name}") for name in names))


def _prefix(workspace: Workspace) -> str:
    """Where the workspace stands inside its Git repository: empty, or ``site/``."""
    import subprocess

    try:
        done = subprocess.run(
            ["git", "-C", str(workspace.root), "rev-parse", "--show-prefix"],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise WorldError("git is not installed, and a revision was asked for") from error
    if done.returncode != 0:
        raise CompilerError(f"{workspace.root} is not in a Git repository")
    return done.stdout.strip()
