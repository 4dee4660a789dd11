"""The files of a remote repository: a commit, and its submodules where they are looked into."""

from __future__ import annotations

import posixpath

from compiler.kustomize.clones import Clone
from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.git import GitTree
from compiler.kustomize.remote import Remotes

_POINTER = b"version https://git-lfs.github.com/spec/"
_MAX_DEPTH = 10


class RemoteTree:
    """A commit of a remote repository as a tree.

    Args:
        clone: the repository.
        remotes: what fetches its submodules.
        timeout: seconds for a command of git.
        submodules: whether they count; without, their folders are empty.
        depth: how many repositories it is a submodule of.
    """

    def __init__(self, clone: Clone, remotes: Remotes, timeout: float, *, submodules: bool, depth: int = 0) -> None:
        self._git = GitTree(clone.folder, clone.commit)
        self._clone = clone
        self._remotes = remotes
        self._timeout = timeout
        self._links = self._git.submodules() if submodules else {}
        self._depth = depth
        self._below: dict[str, RemoteTree] = {}

    def resolve(self, path: str) -> str:
        """The path after links; PermissionError when it leaves the repository."""
        real = self._git.resolve(path)
        inside = self._inside(real)
        if inside is None:
            return real
        return posixpath.normpath(f"{inside}/{self._submodule(inside).resolve(real[len(inside) + 1 :])}")

    def read(self, path: str) -> bytes:
        """The bytes of a file; FileNotFoundError when there is none."""
        real = self._git.resolve(path)
        inside = self._inside(real)
        content = self._git.read(real) if inside is None else self._submodule(inside).read(real[len(inside) + 1 :])
        if content.startswith(_POINTER):
            raise KustomizeError(
                f"'{path}' is kept by Git LFS, whose files are not fetched", hint="vendor the file", unsupported=True
            )
        return content

    def is_file(self, path: str) -> bool:
        """Whether there is such a file."""
        inside, rest = self._at(path)
        return self._git.is_file(path) if inside is None else inside.is_file(rest)

    def is_dir(self, path: str) -> bool:
        """Whether there is such a folder."""
        inside, rest = self._at(path)
        return self._git.is_dir(path) if inside is None else inside.is_dir(rest)

    def listdir(self, path: str) -> list[str]:
        """The names in a folder, sorted."""
        inside, rest = self._at(path)
        return self._git.listdir(path) if inside is None else inside.listdir(rest)

    def _at(self, path: str) -> tuple[RemoteTree | None, str]:
        if not self._links:
            return None, path
        try:
            real = self._git.resolve(path)
        except PermissionError:
            return None, path
        inside = self._inside(real)
        return (None, path) if inside is None else (self._submodule(inside), real[len(inside) + 1 :])

    def _inside(self, path: str) -> str | None:
        """The submodule that a path lies in."""
        return next((link for link in self._links if path == link or path.startswith(f"{link}/")), None)

    def _submodule(self, path: str) -> RemoteTree:
        known = self._below.get(path)
        if known is None:
            commit, url = self._links[path]
            if url is None or self._depth >= _MAX_DEPTH:
                why = ".gitmodules names no URL for it" if url is None else "it is nested too deeply"
                raise KustomizeError(f"no submodule can be fetched for '{path}': {why}", hint="add submodules=false")
            own = self._clone.url
            clone = self._remotes.clone(_absolute(url, own), commit, self._timeout, files=own.startswith("file://"))
            known = self._below[path] = RemoteTree(
                clone, self._remotes, self._timeout, submodules=True, depth=self._depth + 1
            )
        return known


def _absolute(url: str, parent: str) -> str:
    """A submodule's URL; a relative one counts from its parent's."""
    if not url.startswith(("./", "../")):
        return url
    base = parent.rstrip("/")
    while url.startswith(("./", "../")):
        if url.startswith("../"):
            cut = max(base.rfind("/"), base.rfind(":"))
            base = base[:cut] if base[cut : cut + 1] == "/" else base[: cut + 1]
        url = url.partition("/")[2]
    return f"{base}{url}" if base.endswith(":") else f"{base}/{url}"
