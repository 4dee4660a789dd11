"""Paths inside a repository, safe to write to."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from compiler.errors import CompilerError, Origin

_RESERVED = (".git", ".compiler-journal")


def resolve(root: Path, path: str) -> str:
    """Where ``path`` really is, relative to ``root``, after links.

    Args:
        root: the repository.
        path: relative to it, POSIX.

    Raises:
        CompilerError: it is outside the repository, by itself or through a link; it is a folder; something on the way
            is no folder; or it belongs to Git or to the journal.
    """
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path:
        raise CompilerError("a path to write must be inside the repository", origin=Origin(path))
    real_root = os.path.realpath(root)
    real = os.path.realpath(os.path.join(real_root, path))
    if not real.startswith(real_root.rstrip("/") + "/"):
        raise CompilerError(
            "this path leads through a link out of the repository; nothing was written",
            origin=Origin(path),
            hint="replace the link by a folder or a file",
        )
    inside = os.path.relpath(real, real_root)
    if inside.split("/", 1)[0] in _RESERVED:
        raise CompilerError("this path is not for generated files", origin=Origin(path))
    if os.path.isdir(real):
        raise CompilerError("a folder is where a file has to be written", origin=Origin(path))
    for parent in Path(inside).parents[:-1]:
        place = os.path.join(real_root, parent)
        if os.path.lexists(place) and not os.path.isdir(place):
            raise CompilerError(f"a file is where a folder is needed: {parent.as_posix()}", origin=Origin(path))
    return inside
