"""Finding and loading: kustomization folders, files, and the rules about what may be read (kustomize.md, section 3)."""

from __future__ import annotations

import posixpath

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.kustfile import NAMES, Kustomization, read_kustomization
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.reader import Document, read_documents
from compiler.kustomize.scalars import copy
from compiler.kustomize.tree import Resolving, Tree

_REMOTE = Pattern(
    r"(?:git::|ssh://|https?://|file://|git@|org-\d+@|gh:|github\.com[/:]|git\.[^/]+[/:]|[^/]+@[^/]+:|bitbucket\.org[/:])"
)


class Cache:
    """What one run has read already; several builds may share it.

    Args:
        shared: whether documents are kept for other builds, and copied for each.
    """

    def __init__(self, *, shared: bool = True) -> None:
        self.shared = shared
        self.documents: dict[bytes, list[Document]] = {}
        self.kustomizations: dict[tuple[str, bytes], Kustomization] = {}
        self.bases: dict[object, object] = {}
        self.parsed = 0
        """How many files were parsed: a measure of work for tests."""

    def read(self, content: bytes) -> list[Document]:
        """The documents of a resource file, the caller's to change."""
        if not self.shared:
            self.parsed += 1
            return read_documents(content)
        return [document._replace(node=copy(document.node)) for document in self._known(content)]

    def _known(self, content: bytes) -> list[Document]:
        found = self.documents.get(content)
        if found is None:
            self.parsed += 1
            found = self.documents[content] = read_documents(content)
        return found

    def kustomization(self, content: bytes, path: str, folder: str) -> Kustomization:
        """A kustomization file. It is shared: do not change it."""
        found = self.kustomizations.get((path, content))
        if found is None:
            self.parsed += 1
            found = self.kustomizations[path, content] = read_kustomization(content, path, folder)
        return found


class Loader:
    """Reads for one kustomization folder.

    Args:
        tree: where files are.
        root: the folder (links followed).
        parents: the folders on the way here, outermost first.
        restricted: files must lie in or below the folder.
        cache: what this run has read.
    """

    def __init__(
        self, tree: Tree, root: str, parents: tuple[str, ...] = (), *, restricted: bool = True, cache: Cache
    ) -> None:
        self.tree = tree
        self.root = root
        self.parents = parents
        self.restricted = restricted
        self.cache = cache
        self.namespace = ""
        """The namespace that helm charts get: the kustomization's own, else that of the nearest one above."""

    def kustomization(self) -> Kustomization:
        """The folder's kustomization.

        Raises:
            KustomizeError: there is none, or more than one, or it is invalid.
        """
        found = [path for path in (self._join(name) for name in NAMES) if self.tree.is_file(path)]
        if not found:
            raise KustomizeError(
                "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' "
                f"in directory '{self.root or '.'}'",
                path=self.root or ".",
                hint="name a folder that has a kustomization file",
            )
        if len(found) > 1:
            raise KustomizeError(
                f"Found multiple kustomization files under: {self.root or '.'}",
                path=self.root or ".",
                hint=f"keep one of {', '.join(posixpath.basename(path) for path in found)}",
            )
        return self.cache.kustomization(self._read(found[0]), found[0], self.root)

    def folder(self, path: str) -> Loader:
        """The loader of another kustomization folder, named relative to this one.

        Raises:
            KustomizeError: it is remote, absolute, not a folder, or a cycle.
        """
        if not path:
            raise KustomizeError("new root cannot be empty", hint="remove the empty entry")
        if is_remote(path) and not self.tree.is_dir(self._join(path)):
            raise KustomizeError(
                f"remote resources are not fetched: '{path}'",
                hint="vendor the files into the repository and refer to the folder",
                unsupported=True,
            )
        if path.startswith("/"):
            raise KustomizeError(f"new root '{path}' cannot be absolute", hint="use a relative path")
        real = self._resolve(path)
        if self.tree.is_file(real):
            raise KustomizeError(f"must build at directory: '{real}': file is not directory")
        if not self.tree.is_dir(real):
            raise KustomizeError(
                f"must build at directory: not a valid directory: evalsymlink failure on '{real}' : "
                f"lstat {real}: no such file or directory"
            )
        for visited in (*self.parents, self.root):
            if visited == real or not real or visited.startswith(f"{real}/"):
                raise KustomizeError(
                    f"cycle detected: candidate root '{real or '.'}' contains visited root '{visited or '.'}'",
                    hint="a base cannot be the folder itself or lie above it",
                )
        below = Loader(self.tree, real, (*self.parents, self.root), restricted=self.restricted, cache=self.cache)
        below.namespace = self.namespace
        return below

    def locate(self, path: str) -> str:
        """The tree's path of a file named in this folder.

        Raises:
            KustomizeError: it does not exist, is a folder, is remote, or lies outside the folder.
        """
        if path.startswith(("http://", "https://")):
            raise KustomizeError(
                f"remote files are not fetched: '{path}'", hint="put a copy into the repository", unsupported=True
            )
        real = self._resolve(path)
        if not self.tree.is_file(real):
            if self.tree.is_dir(real):
                raise KustomizeError(f"'{real or '.'}' must resolve to a file", hint="name a file, not a folder")
            raise KustomizeError(
                f"evalsymlink failure on '{real}' : lstat {real}: no such file or directory",
                hint=self._nearby(real),
            )
        if self.restricted and self.root and not real.startswith(f"{self.root}/"):
            raise KustomizeError(
                f"security; file '{real}' is not in or below '{self.root or '.'}'",
                hint="move the file, make its folder a base, or use --load-restrictor LoadRestrictionsNone",
            )
        return real

    def load(self, path: str) -> tuple[bytes, str]:
        """A file's bytes and its path in the tree.

        Raises:
            KustomizeError: as :meth:`locate`, or it cannot be read.
        """
        real = self.locate(path)
        return self._read(real), real

    def _join(self, path: str) -> str:
        joined = posixpath.normpath(posixpath.join("/", self.root, path))
        return joined.lstrip("/")

    def _resolve(self, path: str) -> str:
        if not path.startswith("/"):
            depth = 0
            for part in posixpath.join(self.root, path).split("/"):
                depth += -1 if part == ".." else 0 if part in ("", ".") else 1
                if depth < 0 and not getattr(self.tree, "root_is_filesystem", False):
                    raise KustomizeError(f"'{path}' leaves the tree", hint="keep everything inside one repository")
        joined = self._join(path)
        if isinstance(self.tree, Resolving):
            try:
                return self.tree.resolve(joined)
            except PermissionError as error:
                raise KustomizeError(f"security; {error}", hint="a link must stay inside the repository") from None
            except OSError as error:
                raise KustomizeError(f"evalsymlink failure on '{joined}' : {error.strerror or error}") from None
        return joined

    def _read(self, real: str) -> bytes:
        try:
            return self.tree.read(real)
        except FileNotFoundError:
            raise KustomizeError(f"open {real}: no such file or directory", path=real) from None
        except OSError as error:
            raise KustomizeError(f"cannot read {real}: {error.strerror or error}", path=real) from None

    def _nearby(self, real: str) -> str | None:
        from difflib import get_close_matches

        folder, name = posixpath.split(real)
        try:
            near = get_close_matches(name, self.tree.listdir(folder), 1, 0.6)
        except OSError:
            return None
        return f"did you mean {near[0]}?" if near else None


def is_remote(path: str) -> bool:
    """Whether the real tool would take a resource for a Git URL."""
    return _REMOTE.match(path) is not None or ("?ref=" in path and "//" in path)
