"""A tree that remembers what was read from it, so that nothing is written over what somebody changed meanwhile."""

from __future__ import annotations

import hashlib

from compiler.k8s.tree import Tree


class Seen:
    """``tree``, with a digest of each file that was read.

    Args:
        tree: where to read.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.files: dict[str, str | None] = {}
        """Path to SHA-256 (hexadecimal) as it was first read; None for a file that was looked for and not there."""

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        content = self._tree.read(path)
        self.files.setdefault(path, hashlib.sha256(content).hexdigest())
        return content

    def is_file(self, path: str) -> bool:
        """Whether there is such a file."""
        found = self._tree.is_file(path)
        if not found:
            self.files.setdefault(path, None)
        return found

    def is_dir(self, path: str) -> bool:
        """Whether there is such a folder."""
        return self._tree.is_dir(path)

    def listdir(self, path: str) -> list[str]:
        """The names in a folder, sorted by code point."""
        return self._tree.listdir(path)
