"""The rendering of one folder of a repository, with errors for the person at the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.k8s.tree import Tree
from compiler.workspace.allowed import NOTHING, Allowed
from compiler.workspace.failures import translated
from compiler.workspace.repository import Workspace

if TYPE_CHECKING:
    from compiler.kustomize import Rendering
    from compiler.kustomize.loader import Cache


def render(
    workspace: Workspace,
    folder: str,
    tree: Tree | None = None,
    cache: Cache | None = None,
    allowed: Allowed = NOTHING,
) -> Rendering:
    """What ``kustomize build`` prints for a folder.

    Args:
        workspace: the repository.
        folder: relative to its root.
        tree: where to read; the files on disk when None.
        cache: what earlier builds over the same tree have read: overlays share their bases.
        allowed: what the rendering may do.

    Raises:
        CompilerError: the folder cannot be built, with file and line where the engine knows them.
        WorldError: a file cannot be read.
    """
    from compiler.kustomize import build

    with translated(folder):
        return build(workspace.tree if tree is None else tree, folder, allowed.options(cache=cache))
