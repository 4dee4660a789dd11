"""Finding and loading: kustomization folders, files, and the rules about what may be read (kustomize.md, section 3)."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.kustfile import NAMES, Kustomization, read_kustomization
from compiler.kustomize.reader import Document, read_documents
from compiler.kustomize.scalars import copy
from compiler.kustomize.tree import Resolving, Tree

if TYPE_CHECKING:
    from compiler.kustomize.remote import Base, Remotes
    from compiler.kustomize.repospec import RepoSpec


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
        remotes: what fetches remote bases; None where that is not allowed.
        base: the remote base that the tree is, if it is one.
    """

    def __init__(
        self,
        tree: Tree,
        root: str,
        parents: tuple[str, ...] = (),
        *,
        restricted: bool = True,
        cache: Cache,
        remotes: Remotes | None = None,
        base: Base | None = None,
    ) -> None:
        self.tree = tree
        self.root = root
        self.parents = parents
        self.restricted = restricted
        self.cache = cache
        self.remotes = remotes
        self.base = base
        self.here = self._shown(root)
        """The folder, for people and to tell it from those of other trees."""
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
                f"in directory '{self.said(self.here)}'",
                path=self.here or ".",
                hint="name a folder that has a kustomization file",
            )
        if len(found) > 1:
            raise KustomizeError(
                f"Found multiple kustomization files under: {self.said(self.here)}",
                path=self.here or ".",
                hint=f"keep one of {', '.join(posixpath.basename(path) for path in found)}",
            )
        return self.cache.kustomization(self._read(found[0]), self._shown(found[0]), self.said(self.here))

    def folder(self, path: str) -> Loader:
        """The loader of another kustomization folder, named relative to this one or by the URL of a repository.

        Raises:
            KustomizeError: it is absolute, not a folder, a cycle, or remote and that is not allowed or fails.
        """
        if not path:
            raise KustomizeError("new root cannot be empty", hint="remove the empty entry")
        spec = repo_of(path)
        if spec is not None:
            return self._remote(spec)
        if path.startswith("/"):
            raise KustomizeError(f"new root '{path}' cannot be absolute", hint="use a relative path")
        real = self._resolve(path)
        shown = self.said(self._shown(real))
        if self.tree.is_file(real) or (not self.tree.is_dir(real) and self._is_special(real)):
            raise KustomizeError(f"must build at directory: '{shown}': file is not directory")
        if not self.tree.is_dir(real):
            raise KustomizeError(
                f"must build at directory: not a valid directory: evalsymlink failure on '{shown}' : "
                f"lstat {shown}: no such file or directory"
            )
        candidate = self._shown(real)
        for visited in (*self.parents, self.here):
            if visited == candidate or not candidate or visited.startswith(f"{candidate}/"):
                raise KustomizeError(
                    f"cycle detected: candidate root '{self.said(candidate)}' "
                    f"contains visited root '{self.said(visited)}'",
                    hint="a base cannot be the folder itself or lie above it",
                )
        return self._below(self.tree, real, self.base)

    def _below(self, tree: Tree, root: str, base: Base | None) -> Loader:
        restricted = self.restricted or base is not None  # a repository from elsewhere never reads outside its folders
        loader = Loader(
            *(tree, root, (*self.parents, self.here)),
            restricted=restricted,
            cache=self.cache,
            remotes=self.remotes,
            base=base,
        )
        loader.namespace = self.namespace
        return loader

    def _remote(self, spec: RepoSpec) -> Loader:
        from compiler.kustomize.remote import open_base

        base = open_base(spec, self.remotes, self.base)
        return self._below(base.tree, base.root, base)

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
        shown = self.said(self._shown(real))
        if not self.tree.is_file(real):
            if self.tree.is_dir(real):
                raise KustomizeError(f"'{shown}' must resolve to a file", hint="name a file, not a folder")
            if self._is_special(real):
                raise KustomizeError(
                    f"'{shown}' is not a regular file", hint="a pipe or a device is not read", unsupported=True
                )
            raise KustomizeError(
                f"evalsymlink failure on '{shown}' : lstat {shown}: no such file or directory",
                hint=self._nearby(real),
            )
        if self.restricted and self.root and not real.startswith(f"{self.root}/"):
            raise KustomizeError(
                f"security; file '{shown}' is not in or below '{self.said(self.here)}'",
                hint="move the file, make its folder a base, or use --load-restrictor LoadRestrictionsNone",
            )
        return real

    def load(self, path: str) -> tuple[bytes, str]:
        """A file's bytes and its path in the tree, in a remote base with that base before it.

        Raises:
            KustomizeError: as :meth:`locate`, or it cannot be read.
        """
        return self.read(self.locate(path))

    def read(self, real: str) -> tuple[bytes, str]:
        """As :meth:`load`, for what :meth:`locate` found.

        Raises:
            KustomizeError: it cannot be read.
        """
        return self._read(real), self._shown(real)

    def _shown(self, real: str) -> str:
        return real if self.base is None else self.base.shown(real)

    def said(self, shown: str) -> str:
        """A path for a message: absolute where the tree is the whole disk, whose paths have no slash at their start."""
        if getattr(self.tree, "root_is_filesystem", False) and "//" not in shown:  # else a remote base's
            return f"/{shown}"
        return shown or "."

    def _is_special(self, real: str) -> bool:
        """Whether there is something that is no file and no folder: a pipe, a device, a socket."""
        folder, name = posixpath.split(real)
        try:
            return name in self.tree.listdir(folder)
        except OSError:
            return False

    def _join(self, path: str) -> str:
        joined = posixpath.normpath(posixpath.join("/", self.root, path))
        return joined.lstrip("/")

    def _resolve(self, path: str) -> str:
        if not path.startswith("/"):
            depth = 0
            for part in posixpath.join(self.root, path).split("/"):
                depth += -1 if part == ".." else 0 if part in ("", ".") else 1
                if depth < 0 and not getattr(self.tree, "root_is_filesystem", False):
                    where = "the tree" if self.base is None else f"the repository (security): {self.base.label}"
                    raise KustomizeError(f"'{path}' leaves {where}", hint="keep everything inside one repository")
        joined = self._join(path)
        if isinstance(self.tree, Resolving):
            try:
                return self.tree.resolve(joined)
            except PermissionError as error:
                raise KustomizeError(f"security; {error}", hint="a link must stay inside the repository") from None
            except OSError as error:
                raise KustomizeError(
                    f"evalsymlink failure on '{self.said(joined)}' : {error.strerror or error}"
                ) from None
        return joined

    def _read(self, real: str) -> bytes:
        try:
            return self.tree.read(real)
        except FileNotFoundError:
            shown = self._shown(real)
            raise KustomizeError(f"open {self.said(shown)}: no such file or directory", path=shown) from None
        except OSError as error:
            shown = self._shown(real)
            raise KustomizeError(f"cannot read {self.said(shown)}: {error.strerror or error}", path=shown) from None

    def _nearby(self, real: str) -> str | None:
        from difflib import get_close_matches

        folder, name = posixpath.split(real)
        try:
            near = get_close_matches(name, self.tree.listdir(folder), 1, 0.6)
        except OSError:
            return None
        return f"did you mean {near[0]}?" if near else None


def repo_of(path: str) -> RepoSpec | None:
    """The repository that an entry of ``resources`` or ``components`` names, if it names one."""
    if ":" not in path and "@" not in path and path[:11].lower() != "github.com/":
        return None
    from compiler.kustomize.repospec import parse_repo

    return parse_repo(path)
