"""What has to change on disk so that a folder holds what was computed, and what must not be touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from compiler.errors import CompilerError, Origin, WorldError
from compiler.k8s.tree import Tree
from compiler.overlay import HEADER
from compiler.version import __version__
from compiler.workspace.lock import NAME, Lock, digest, read_lock
from compiler.workspace.places import resolve


@dataclass(frozen=True, slots=True)
class Change:
    """A file that is not as it was computed.

    Args:
        path: relative to the repository.
        before: contents on disk, None when there is no such file.
        after: contents as computed, None when the file has no reason to be any more.
    """

    path: str
    before: bytes | None
    after: bytes | None

    @property
    def state(self) -> Literal["missing", "stale", "outdated"]:
        """What is wrong with the file on disk."""
        if self.before is None:
            return "missing"
        return "stale" if self.after is None else "outdated"


def folder_changes(
    root: Path,
    tree: Tree,
    folder: str,
    files: Mapping[str, bytes],
    *,
    force: bool,
    generations: Mapping[str, int] = {},
) -> tuple[list[Change], list[CompilerError]]:
    """Compare a folder with what was computed for it.

    Args:
        root: the repository on disk.
        tree: the same, to read.
        folder: relative to the repository.
        files: what was computed: path relative to the folder to contents, without the lock; nothing for a folder that
            has no spec any more.
        force: whether edits by hand are discarded.
        generations: those of the overlay's Secrets and trust bundles that ``files`` were computed with.

    Returns:
        What has to change, and what stands against it: generated files that were edited by hand, and files of people
        where generated ones belong.

    Raises:
        CompilerError: the lock is malformed, or a path leads out of the repository.
        WorldError: a file cannot be read.
    """
    lock = _lock(tree, folder, force=force)
    known = dict(lock.files) if lock else {}
    changes: list[Change] = []
    errors: list[CompilerError] = []
    for name in sorted({*files, *known}):
        path = f"{folder}/{name}"
        resolve(root, path)
        before = _contents(tree, path)
        after = files.get(name)
        if before == after:
            continue
        if before is not None and name not in known and not (force and before.startswith(HEADER.encode())):
            errors.append(_foreign(path))
        elif before is not None and name in known and digest(before) != known[name] and not force:
            errors.append(_edited(path))
        else:
            changes.append(Change(path, before, after))
    digests = {name: digest(contents) for name, contents in files.items()}
    text = Lock(__version__, digests, _highest(lock.generations if lock else {}, generations)).text().encode()
    resolve(root, f"{folder}/{NAME}")
    written = _contents(tree, f"{folder}/{NAME}")
    after = text if files else None
    if written != after:
        changes.append(Change(f"{folder}/{NAME}", written, after))
    return changes, errors


def _highest(before: Mapping[str, int], now: Mapping[str, int]) -> Mapping[str, int]:
    return {name: max(before.get(name, 0), now.get(name, 0)) for name in {*before, *now}}


def _lock(tree: Tree, folder: str, *, force: bool) -> Lock | None:
    try:
        return read_lock(tree, folder)
    except CompilerError:
        if force:
            return None
        raise


def _contents(tree: Tree, path: str) -> bytes | None:
    if not tree.is_file(path):
        return None
    try:
        return tree.read(path)
    except OSError as error:
        raise WorldError(f"cannot be read: {error.strerror or error}", origin=Origin(path)) from error


def _foreign(path: str) -> CompilerError:
    return CompilerError(
        "this file is in the way: the compiler did not write it, so it does not overwrite it",
        origin=Origin(path),
        hint="move it, for example into custom/, or delete it",
    )


def _edited(path: str) -> CompilerError:
    return CompilerError(
        "this generated file was edited by hand",
        origin=Origin(path),
        hint="put the change into pulp.yaml or custom/, then discard it here with `compiler generate --force`",
    )
