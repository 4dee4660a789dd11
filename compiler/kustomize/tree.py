"""Places to read files from. Paths are POSIX and relative to the tree's root; ``""`` is the root itself."""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pathlib import Path


MAX_FILE = 64 << 20
"""The largest file that is read from disk, in bytes (a cluster refuses single objects above 1.5 MiB)."""


class Tree(Protocol):
    """Read access to files; a tree may also have ``resolve(path) -> str``, which follows links inside the tree."""

    def read(self, path: str) -> bytes:
        """The bytes of a file; FileNotFoundError or OSError when there are none."""
        ...

    def is_file(self, path: str) -> bool:
        """Whether ``path`` is a regular file (after links)."""
        ...

    def is_dir(self, path: str) -> bool:
        """Whether ``path`` is a folder (after links)."""
        ...

    def listdir(self, path: str) -> list[str]:
        """The names in a folder, sorted by code point."""
        ...


@runtime_checkable
class Resolving(Protocol):
    """A tree with links."""

    def resolve(self, path: str) -> str:
        """The path after links; PermissionError when it leaves the tree."""
        ...


def link_out(path: str, folder: str) -> PermissionError:
    """The error of a path that leads through a link out of a tree.

    Args:
        path: as it was asked for.
        folder: the tree, in words.
    """
    error = PermissionError(f"link out of {folder}: {path}")
    error.strerror = f"{path} leads through a link out of the repository"  # what a person is told outside the engine
    return error


class DirTree:
    """A folder on disk.

    Args:
        root: the folder. A link that leaves it is refused.
    """

    def __init__(self, root: Path | str) -> None:
        real = os.path.realpath(root)
        self.folder = real
        self._prefix = "" if real == "/" else real
        self.root_is_filesystem = not self._prefix

    def _full(self, path: str) -> str:
        return f"{self._prefix}/{path}"

    def resolve(self, path: str) -> str:
        """The path after links.

        Raises:
            PermissionError: it leads out of the root.
        """
        real = os.path.realpath(self._full(path))
        if real != self._prefix and not real.startswith(f"{self._prefix}/"):
            raise link_out(path, self.folder)
        return real[len(self._prefix) + 1 :]

    def read(self, path: str) -> bytes:
        """The bytes of a file.

        Raises:
            FileNotFoundError: there is no such file.
            PermissionError: it is a link out of the root, or unreadable.
            OSError: anything else, e.g. a folder or a device.
        """
        full = self._full(path)
        if self._prefix:
            full = self._full(self.resolve(path))
        with open(full, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "not a regular file", path)
            if status.st_size > MAX_FILE:
                raise OSError(errno.EFBIG, f"{status.st_size:,} bytes are larger than the limit of {MAX_FILE:,} bytes")
            return file.read()

    def is_file(self, path: str) -> bool:
        """Whether it is a regular file inside the root."""
        return self._inside(path) and os.path.isfile(self._full(path))

    def is_dir(self, path: str) -> bool:
        """Whether it is a folder inside the root."""
        return self._inside(path) and os.path.isdir(self._full(path))

    def listdir(self, path: str) -> list[str]:
        """The names in a folder, sorted."""
        if not self._inside(path):
            raise link_out(path, self.folder)
        return sorted(os.listdir(self._full(path)))

    def _inside(self, path: str) -> bool:
        if not self._prefix:
            return True
        try:
            self.resolve(path)
        except PermissionError:
            return False
        return True


class MemoryTree:
    """Files in memory.

    Args:
        files: contents by path; a str is taken as UTF-8. Folders are what the paths imply.
    """

    def __init__(self, files: Mapping[str, bytes | str]) -> None:
        self.files = {
            posixpath.normpath(path): content.encode() if isinstance(content, str) else content
            for path, content in files.items()
        }
        self._folders: dict[str, set[str]] = {"": set()}
        for path in self.files:
            folder, name = posixpath.split(path)
            self._folders.setdefault(folder, set()).add(name)
            while folder:
                folder, name = posixpath.split(folder)
                self._folders.setdefault(folder, set()).add(name)

    def read(self, path: str) -> bytes:
        """The bytes of a file; FileNotFoundError when there is none."""
        content = self.files.get(path)
        if content is None:
            raise FileNotFoundError(path)
        return content

    def is_file(self, path: str) -> bool:
        """Whether there is such a file."""
        return path in self.files

    def is_dir(self, path: str) -> bool:
        """Whether a file lies below."""
        return path in self._folders

    def listdir(self, path: str) -> list[str]:
        """The names in a folder, sorted."""
        if path not in self._folders:
            raise FileNotFoundError(path)
        return sorted(self._folders[path])


class LayeredTree:
    """A tree with some files replaced, added or removed in memory.

    Args:
        over: contents by path; None removes the file.
        under: what shows through.
    """

    def __init__(self, over: Mapping[str, bytes | None], under: Tree) -> None:
        self.under = under
        self.removed = frozenset(path for path, content in over.items() if content is None)
        self.added = MemoryTree({path: content for path, content in over.items() if content is not None})

    def resolve(self, path: str) -> str:
        """The path after the links of the tree below; what is in memory has none."""
        if self.added.is_file(path) or self.added.is_dir(path) or not isinstance(self.under, Resolving):
            return path
        return self.under.resolve(path)

    def read(self, path: str) -> bytes:
        """The bytes of a file; FileNotFoundError when there is none or it was removed."""
        if self.added.is_file(path):
            return self.added.read(path)
        if path in self.removed:
            raise FileNotFoundError(path)
        return self.under.read(path)

    def is_file(self, path: str) -> bool:
        """Whether there is such a file."""
        return self.added.is_file(path) or (path not in self.removed and self.under.is_file(path))

    def is_dir(self, path: str) -> bool:
        """Whether there is such a folder with something left in it."""
        if self.added.is_dir(path) and (not path or self.added.listdir(path)):
            return True
        if not self.under.is_dir(path):
            return False
        if not any(removed.startswith(f"{path}/") for removed in self.removed):
            return True
        return bool(self.listdir(path))

    def listdir(self, path: str) -> list[str]:
        """The names in a folder, sorted."""
        names = set(self.added.listdir(path)) if self.added.is_dir(path) else set()
        if self.under.is_dir(path):
            for name in self.under.listdir(path):
                full = f"{path}/{name}" if path else name
                if full not in self.removed and (self.is_file(full) or self.is_dir(full)):
                    names.add(name)
        elif not names:
            raise FileNotFoundError(path)
        return sorted(names)
