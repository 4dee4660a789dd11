"""A tree with a few files in front of it: what a command is about to write counts already."""

from __future__ import annotations

from collections.abc import Mapping

from compiler.k8s.tree import Tree


class Overlaid:
    """``files`` in front of ``under``.

    Args:
        files: path to content.
        under: where everything else is read.
    """

    def __init__(self, files: Mapping[str, bytes], under: Tree) -> None:
        self._files = files
        self._under = under

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        return self._files[path] if path in self._files else self._under.read(path)

    def is_file(self, path: str) -> bool:
        """Whether there is such a file."""
        return path in self._files or self._under.is_file(path)

    def is_dir(self, path: str) -> bool:
        """Whether there is such a folder, below the files in front or in the tree."""
        return any(file.startswith(f"{path}/") for file in self._files) or self._under.is_dir(path)

    def listdir(self, path: str) -> list[str]:
        """The names in a folder, sorted by code point."""
        prefix = f"{path}/" if path else ""
        front = {file[len(prefix) :].split("/")[0] for file in self._files if file.startswith(prefix)}
        return sorted(front | set(self._under.listdir(path) if self._under.is_dir(path) else []))
