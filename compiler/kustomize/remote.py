"""Remote bases: folders in Git repositories elsewhere, read only when that is allowed (kustomize.md, 3.3)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from compiler.kustomize.clones import Clone, fetch
from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.repospec import RepoSpec, without_secret

if TYPE_CHECKING:
    from compiler.kustomize.remotetree import RemoteTree
    from compiler.kustomize.tree import Tree


class Remotes:
    """What may be fetched, and what has been; one for all builds of a run, so that a ref means one commit in all of it.

    Args:
        cache: the folder of the cache; it is made when it is needed.
    """

    def __init__(self, cache: str) -> None:
        self.cache = cache
        self.specs: dict[str, RepoSpec] = {}
        """What was fetched for a base, by the label that stands before the paths of its files."""
        self.said: list[str] = []
        """What a person should know: the commits that refs meant."""
        self._told = 0
        self._labels: dict[tuple[str, str, bool, bool, bool], str] = {}
        self._trees: dict[tuple[str, str, bool], RemoteTree] = {}
        self._clones: dict[tuple[str, str], Clone] = {}

    def take_messages(self) -> list[str]:
        """Those of ``said`` that have not been taken yet."""
        taken, self._told = self.said[self._told :], len(self.said)
        return taken

    def tree(self, spec: RepoSpec) -> RemoteTree:
        """The files of a repository.

        Raises:
            KustomizeError: as :meth:`clone`.
        """
        from compiler.kustomize.remotetree import RemoteTree

        key = (spec.url, spec.ref, spec.submodules)
        if key not in self._trees:
            if spec.raw[:5].lower() == "git::":
                self.said.append(f"# Warning: the prefix git:: in '{without_secret(spec.raw)}' means nothing")
            clone = self.clone(spec.url, spec.ref, spec.timeout)
            try:
                self._trees[key] = RemoteTree(clone, self, spec.timeout, submodules=spec.submodules)
            except OSError as error:
                raise KustomizeError(f"cannot read {clone.folder}: {error}", hint="remove it", world=True) from None
        return self._trees[key]

    def label(self, spec: RepoSpec, *, top: bool) -> str:
        """What stands before the paths of the files of a base, one for all that differ in nothing but the folder.

        Args:
            top: whether it is what is built, and no base of that: ``buildMetadata`` names their files differently.
        """
        key = (spec.url, spec.ref, spec.submodules, not spec.path, top)
        if key not in self._labels:
            name = label = f"{without_secret(spec.url)}@{spec.ref or 'HEAD'}"
            while label in self.specs:
                label = f"{name}({len(self.specs)})"
            self._labels[key] = label
            self.specs[label] = spec
        return self._labels[key]

    def clone(self, url: str, ref: str, timeout: float, *, files: bool = True) -> Clone:
        """A repository at the commit that a ref means, as :func:`compiler.kustomize.clones.fetch`."""
        known = self._clones.get((url, ref))
        if known is None:
            known = self._clones[url, ref] = fetch(self.cache, url, ref, timeout, files=files)
            if known.commit != ref:
                self.said.append(
                    f"# {without_secret(url)}: {ref or 'HEAD'} is {known.commit}; ?ref={known.commit} pins it"
                )
        return known

    def over(self, tree: Tree) -> Tree:
        """A tree that also has the files of the remote bases, by the paths that a rendering names them with."""
        return _Everything(tree, self)


class _Everything:
    """A tree and, by their labels, the files of remote bases."""

    def __init__(self, tree: Tree, remotes: Remotes) -> None:
        self._tree = tree
        self._remotes = remotes

    def _at(self, path: str) -> tuple[Tree, str]:
        label, mark, inside = path.rpartition("//")
        spec = self._remotes.specs.get(label) if mark else None
        return (self._tree, path) if spec is None else (self._remotes.tree(spec), inside)

    def read(self, path: str) -> bytes:
        tree, inside = self._at(path)
        return tree.read(inside)

    def is_file(self, path: str) -> bool:
        tree, inside = self._at(path)
        return tree.is_file(inside)

    def is_dir(self, path: str) -> bool:
        tree, inside = self._at(path)
        return tree.is_dir(inside)

    def listdir(self, path: str) -> list[str]:
        tree, inside = self._at(path)
        return tree.listdir(inside)


class Base:
    """A remote base that is being built.

    Args:
        tree: the files of its repository.
        root: its folder in there.
        label: what stands before the paths of its files.
        origins: the URLs on the way here as they were written, this one's last.
    """

    __slots__ = ("label", "origins", "root", "tree")

    def __init__(self, tree: RemoteTree, root: str, label: str, origins: tuple[str, ...]) -> None:
        self.tree = tree
        self.root = root
        self.label = label
        self.origins = origins

    def shown(self, path: str) -> str:
        """A path in the repository with the repository before it: ``https://github.com/org/repo@v1//folder/file``."""
        return f"{self.label}//{path}" if path else f"{self.label}/"


def open_base(spec: RepoSpec, remotes: Remotes | None, inside: Base | None, *, top: bool = False) -> Base:
    """Fetch a remote base.

    Args:
        inside: the remote base that refers to it, if one does.
        top: whether it is what is built.

    Raises:
        KustomizeError: that is not allowed, it refers to itself, git cannot fetch it, or it has no such folder.
    """
    shown = without_secret(spec.raw)
    if not spec.explicit and _is_file(spec):
        raise KustomizeError(
            f"remote files are not fetched: '{shown}'",
            hint="git fetches repositories: write https://HOST/ORG/REPO//FOLDER?ref=COMMIT for the folder of the file, "
            "or put a copy of it into your own",
            unsupported=True,
        )
    if remotes is None:
        raise KustomizeError(
            f"remote resources are not fetched: '{shown}'",
            hint="give --allow-remote, or vendor the files into the repository and refer to the folder",
            unsupported=True,
        )
    origins = inside.origins if inside is not None else ()
    for raw in origins:
        if raw.startswith(spec.raw):
            raise KustomizeError(
                f"cycle detected: URI '{shown}' referenced by previous URI '{without_secret(raw)}'",
                hint="a base cannot be made of itself",
            )
    tree = remotes.tree(spec)
    try:
        root = tree.resolve(spec.path)
    except PermissionError:
        raise KustomizeError(
            f'"{spec.path}" refers to directory outside of repo "{shown}"',
            hint="a link must stay inside its repository",
        ) from None
    base = Base(tree, root, remotes.label(spec, top=top), (*origins, spec.raw))
    if tree.is_file(root):
        raise KustomizeError(
            f"'{base.shown(root)}' refers to file '{os.path.basename(root)}'; expecting directory",
            hint="name the folder of the file",
        )
    if root and not tree.is_dir(root):
        raise KustomizeError(
            f"evalsymlink failure on '{base.shown(root)}' : lstat {base.shown(root)}: no such file or directory",
            hint="check the folder and the ref",
        )
    return base


def _is_file(spec: RepoSpec) -> bool:
    """Whether a URL without a mark of a repository looks like that of one file, which the real tool gets by http."""
    return (
        spec.url.startswith(("https://raw.githubusercontent.com/", "http://raw.githubusercontent.com/"))
        or spec.path.endswith((".yaml", ".yml", ".json"))
        or spec.path.startswith(("raw/", "releases/download/"))
    )
