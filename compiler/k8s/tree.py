"""A place to read files from: a folder, a Git revision, or memory.

The engine brings the implementations (:mod:`compiler.kustomize.tree`); the other rooms only need this shape.
"""

from __future__ import annotations

from typing import Protocol


class Tree(Protocol):
    """Read access to files by POSIX paths relative to the tree's root (no leading ``/``, no ``..``)."""

    def read(self, path: str) -> bytes:
        """The bytes of a file.

        Raises:
            FileNotFoundError: there is no such file.
            OSError: it cannot be read.
        """
        ...

    def is_file(self, path: str) -> bool:
        """Whether ``path`` is a regular file (after links)."""
        ...

    def is_dir(self, path: str) -> bool:
        """Whether ``path`` is a folder (after links); ``""`` is the root."""
        ...

    def listdir(self, path: str) -> list[str]:
        """The names in a folder, sorted by code point."""
        ...
