"""Finding a repository, and the folders in it that have a spec."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from compiler.errors import CompilerError, Origin, WorldError
from compiler.k8s.tree import Tree

if TYPE_CHECKING:
    from compiler.spec import EffectiveSpec

MARKER = ".compiler.yaml"
"""Marks the root of a repository and pins the version of the compiler: ``version: 0.1.0``."""

SPEC = "pulp.yaml"
_PARENTS = ("base", "overlays")


@dataclass(frozen=True)
class Workspace:
    """A repository.

    Args:
        root: its root folder, absolute and without links.
    """

    root: Path

    @classmethod
    def find(cls, start: Path) -> Workspace:
        """The repository around a folder: the nearest folder with ``.compiler.yaml``, else the Git repository.

        Raises:
            CompilerError: there is none.
        """
        place = Path(os.path.realpath(start))
        around = [place, *place.parents]
        for marker in (MARKER, ".git"):
            for folder in around:
                if (folder / marker).exists():
                    return cls(folder)
        raise CompilerError(
            f"{start} is not inside a repository: no folder above it has a {MARKER}",
            hint="`compiler init DIR` makes a repository",
        )

    @property
    def tree(self) -> Tree:
        """The files of the repository as they are on disk."""
        from compiler.kustomize.tree import DirTree

        return DirTree(self.root)

    def pinned_version(self) -> str | None:
        """The version of the compiler that ``.compiler.yaml`` asks for, None when there is no such file.

        Raises:
            CompilerError: the file says something else.
            WorldError: it cannot be read.
        """
        return pinned_version(self.tree)

    def folders(self, tree: Tree | None = None) -> tuple[str, ...]:
        """The folders below ``base/`` and ``overlays/`` that have a ``pulp.yaml``, sorted, relative to the root."""
        return spec_folders(self.tree if tree is None else tree)

    def overlays(self, tree: Tree | None = None) -> tuple[EffectiveSpec, ...]:
        """The effective spec of every folder.

        Raises:
            CompilerError: a spec is wrong, or two overlays get in each other's way; all errors come together.
        """
        from compiler.spec import check_names, check_unique, load_all
        from compiler.workspace.failures import raise_together

        tree = self.tree if tree is None else tree
        specs, errors = load_all(tree, spec_folders(tree))
        raise_together([*errors, *check_names(specs), *check_unique(specs)])
        return specs

    def chosen(self, paths: tuple[Path, ...], start: Path) -> tuple[str, ...]:
        """The folders that paths on a command line mean: each names a folder with a spec, its spec, or a folder above.

        Args:
            paths: relative to ``start`` or absolute; none means every folder.
            start: the working folder.

        Raises:
            CompilerError: there is no spec there, or it is outside the repository.
        """
        every = self.folders()
        found: dict[str, None] = {}
        for path in paths:
            place = os.path.realpath(start / path)
            if place != str(self.root) and not place.startswith(f"{self.root}/"):
                raise CompilerError(f"{path} is outside the repository {self.root}")
            folder = os.path.relpath(place, self.root)
            if os.path.basename(folder) == SPEC:
                folder = os.path.dirname(folder)
            below = [one for one in every if folder == "." or one == folder or one.startswith(f"{folder}/")]
            if not below:
                raise CompilerError(f"{path} has no {SPEC}", hint=f"these have: {', '.join(every) or 'none yet'}")
            found.update(dict.fromkeys(below))
        return tuple(sorted(found)) if paths else every


def spec_folders(tree: Tree) -> tuple[str, ...]:
    """The folders of a tree that have a spec, bases first.

    Raises:
        CompilerError: a spec cannot be reached; to take it for one that is gone would remove what it means.
    """
    for parent in _PARENTS:
        for folder in tree.listdir(parent) if tree.is_dir(parent) else ():
            path = f"{parent}/{folder}/{SPEC}"
            refuse_stray(tree, path)
            if tree.is_dir(path):
                raise CompilerError("this is a folder; a spec is a file", origin=Origin(path))
    return folders_with(tree, SPEC)


def refuse_stray(tree: Tree, path: str) -> None:
    """Refuse a name that stands in its folder, but is neither a file nor a folder of the tree: a link that leaves it.

    Raises:
        CompilerError: it is one.
    """
    folder, _, name = path.rpartition("/")
    if tree.is_file(path) or tree.is_dir(path) or not tree.is_dir(folder) or name not in tree.listdir(folder):
        return
    raise CompilerError(
        "this is a link that leads nowhere in the repository, or no regular file",
        origin=Origin(path),
        hint="put the file itself in its place",
    )


def folders_with(tree: Tree, name: str) -> tuple[str, ...]:
    """The folders below ``base/`` and ``overlays/`` that have a file of this name, bases first."""
    return tuple(
        f"{parent}/{folder}"
        for parent in _PARENTS
        if tree.is_dir(parent)
        for folder in tree.listdir(parent)
        if tree.is_file(f"{parent}/{folder}/{name}")
    )


def pinned_version(tree: Tree) -> str | None:
    """The version that ``.compiler.yaml`` of a tree pins, None without one.

    Raises:
        CompilerError: the file is malformed.
        WorldError: it cannot be read.
    """
    if not tree.is_file(MARKER):
        return None
    import yaml

    try:
        loaded = yaml.safe_load(tree.read(MARKER))
    except OSError as error:
        raise WorldError(f"cannot be read: {error.strerror or error}", origin=Origin(MARKER)) from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        loaded = None
    version = loaded.get("version") if isinstance(loaded, dict) else None
    if not isinstance(version, str) or set(loaded) != {"version"}:
        raise CompilerError(
            "expected one line such as `version: 0.1.0`",
            origin=Origin(MARKER),
            hint="`compiler --version` prints yours",
        )
    return version
