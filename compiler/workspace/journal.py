"""Writing many files all or nothing: staged first, then moved into place, with a journal that the next command reads.

Everything new is written and everything old is kept (as a hard link) in ``.compiler-journal/`` before the first file of
the tree changes. Renaming the list of changes to ``commit`` is the point from which a killed run is finished by the
next one; before it, the next one throws the staged files away. A failure after it undoes what was done, and says so by
renaming ``commit`` to ``undo`` first, so that being killed then is put right too.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from compiler.errors import CompilerError, Origin, WorldError
from compiler.workspace.places import resolve

FOLDER = ".compiler-journal"

Step = Callable[[str], None]
"""Called before each step with its name; tests kill the process there."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A file that changes: ``number`` names its staged contents and its backup."""

    number: int
    path: str
    existed: bool
    deleted: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    changes: tuple[_Change, ...]
    folders: tuple[str, ...]
    """Folders that have to be made, outermost first."""


def apply(
    root: Path,
    writes: Mapping[str, bytes | None],
    *,
    seen: Mapping[str, str | None] = {},
    step: Step = lambda name: None,
) -> None:
    """Write and delete files, all of them or none.

    A file that exists keeps its mode; folders left empty by a deletion are removed.

    Args:
        root: the repository.
        writes: path relative to ``root`` (POSIX) to contents, or None to delete; deleting what is not there is fine.
        seen: path to SHA-256 (hexadecimal) of each file as it was read when ``writes`` was computed, None where there
            was none.
        step: for tests.

    Raises:
        CompilerError: a path is not inside the repository, leads through a link out of it, or is a folder.
        WorldError: another run is writing, a file of ``seen`` is not as it was any more, or the file system refused
            (full, read-only, no rights). The tree is as before, unless the message says that undoing failed too.
    """
    if not writes:
        return
    with _locked(root), _world(root, "nothing was written"):
        _recover(root)
        targets = {path: resolve(root, path) for path in sorted(writes)}
        _no_two_names(targets)
        _unchanged(root, seen)
        journal = root / FOLDER
        try:
            step("stage")
            plan = _stage(root, journal, {targets[path]: writes[path] for path in sorted(writes)}, step)
            step("commit")
            _unchanged(root, seen)
            os.rename(journal / "staged", journal / "commit")
            _sync(journal)
        except (OSError, WorldError, KeyboardInterrupt):
            shutil.rmtree(journal, ignore_errors=True)
            raise
        try:
            _forward(root, journal, plan, step)
        except KeyboardInterrupt:
            # Too late: everything is decided, and takes milliseconds.
            if (journal / "commit").exists():
                _forward(root, journal, plan, lambda name: None)
        except OSError as error:
            _undo(root, journal, plan, step, error)
            raise


def _undo(root: Path, journal: Path, plan: _Plan, step: Step, cause: OSError) -> None:
    """Take back what was placed after ``cause``.

    Raises:
        WorldError: the file system refuses that too.
    """
    try:
        os.rename(journal / "commit", journal / "undo")
        _back(root, journal, plan, step)
    except OSError as error:
        raise WorldError(
            f"the repository is half-written: the rest could not be written ({cause.strerror}), nor what was written "
            f"undone ({error.strerror})",
            origin=Origin(FOLDER),
            hint="what is needed to put it right is kept there: make the folder writable, then run the command again",
        ) from error


def _unchanged(root: Path, seen: Mapping[str, str | None]) -> None:
    """Refuse to write over what somebody changed since it was read.

    Raises:
        WorldError: a file is not as it was.
    """
    for path, before in seen.items():
        place = root / path
        now = None
        if place.is_file():  # a pipe is none, and to open it would wait for whoever writes into it
            with contextlib.suppress(FileNotFoundError):  # gone in this very moment
                now = hashlib.sha256(place.read_bytes()).hexdigest()
        if now != before:
            raise WorldError(
                "this file was changed while the command ran; nothing was written",
                origin=Origin(path),
                hint="run the command again: it starts from what stands there now",
            )


def recover(root: Path) -> str | None:
    """Put right what a killed run has left, and say what was done.

    Returns:
        A sentence for the person, None when there was nothing to do.

    Raises:
        WorldError: another run is writing, or the file system refused.
    """
    if not (root / FOLDER).is_dir():
        return None
    with _locked(root), _world(root, "an interrupted run cannot be put right"):
        return _recover(root)


def _recover(root: Path) -> str | None:
    journal = root / FOLDER
    if not journal.is_dir():
        return None
    if (journal / "undo").exists():
        plan = _read(journal / "undo")
        _back(root, journal, plan, lambda name: None)
        return f"an interrupted run was undone: {len(plan.changes)} files are as they were before it"
    if (journal / "commit").exists():
        plan = _read(journal / "commit")
        _forward(root, journal, plan, lambda name: None)
        return f"an interrupted run was finished: {len(plan.changes)} files are written"
    finished = (journal / "done").exists()
    shutil.rmtree(journal)
    if finished:
        return "an interrupted run had done its work; what it left behind is removed"
    return "an interrupted run had written nothing; what it had prepared is removed"


def _stage(root: Path, journal: Path, writes: Mapping[str, bytes | None], step: Step) -> _Plan:
    os.mkdir(journal, 0o700)
    changes = []
    folders: dict[str, None] = {}
    for number, (path, contents) in enumerate(writes.items()):
        target = root / path
        existed = os.path.lexists(target)
        if contents is None and not existed:
            continue
        changes.append(_Change(number, path, existed, contents is None))
        if existed:
            step(f"back up {path}")
            _keep(target, journal / f"{number}.old")
        if contents is not None:
            step(f"stage {path}")
            _write(journal / f"{number}.new", contents, target if existed else None)
            for folder in reversed(Path(path).parents[:-1]):
                if not (root / folder).exists():
                    folders[folder.as_posix()] = None
    plan = _Plan(tuple(changes), tuple(folders))
    step("list")
    _write(journal / "staged", json.dumps(asdict(plan)).encode(), None)
    _sync(journal)
    return plan


def _read(path: Path) -> _Plan:
    loaded = json.loads(path.read_bytes())
    return _Plan(tuple(_Change(**change) for change in loaded["changes"]), tuple(loaded["folders"]))


def _forward(root: Path, journal: Path, plan: _Plan, step: Step) -> None:
    """Do every change that is not done yet, then remove the journal."""
    for folder in plan.folders:
        step(f"make {folder}")
        os.makedirs(root / folder, exist_ok=True)
    for change in plan.changes:
        target, staged = root / change.path, journal / f"{change.number}.new"
        step(f"place {change.path}")
        if change.deleted:
            target.unlink(missing_ok=True)
        elif staged.exists():
            os.replace(staged, target)
    for folder in sorted({str((root / change.path).parent) for change in plan.changes}):
        if os.path.isdir(folder):
            _sync(Path(folder))
    for change in plan.changes:
        if change.deleted:
            _prune(root, Path(change.path).parent)
    _finish(journal, "commit", step)


def _back(root: Path, journal: Path, plan: _Plan, step: Step) -> None:
    """Undo every change, done or not, then remove the journal."""
    for change in plan.changes:
        target, kept = root / change.path, journal / f"{change.number}.old"
        step(f"restore {change.path}")
        staged = journal / f"{change.number}.new"
        if os.path.lexists(target) if change.deleted else staged.exists():
            continue  # it never came to this one: its folder may be what refused
        if kept.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(kept, target)
        elif not change.existed:
            target.unlink(missing_ok=True)
    for folder in reversed(plan.folders):
        with contextlib.suppress(OSError):
            os.rmdir(root / folder)
    _finish(journal, "undo", step)


def _finish(journal: Path, state: str, step: Step) -> None:
    step("finish")
    os.rename(journal / state, journal / "done")
    _sync(journal)
    step("clean")
    # The work is done: what cannot be cleaned up is the next run's to remove, and no failure. "done" goes last.
    with contextlib.suppress(OSError):
        for name in os.listdir(journal):
            if name != "done":
                os.unlink(journal / name)
        shutil.rmtree(journal)


def _prune(root: Path, folder: Path) -> None:
    while folder.parts:
        try:
            os.rmdir(root / folder)
        except OSError:
            return
        folder = folder.parent


def _keep(target: Path, backup: Path) -> None:
    try:
        os.link(target, backup, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV):
            raise
        shutil.copy2(target, backup)


def _write(path: Path, contents: bytes, like: Path | None) -> None:
    """Write a file through to the disk, with the mode of ``like``."""
    with open(path, "xb") as file:
        file.write(contents)
        file.flush()
        if like is not None:
            os.fchmod(file.fileno(), like.stat().st_mode & 0o7777)
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _no_two_names(targets: Mapping[str, str]) -> None:
    seen: dict[str, str] = {}
    for path, target in targets.items():
        other = seen.setdefault(target, path)
        if other != path:
            raise CompilerError(f"{path} and {other} are one file (a link)", origin=Origin(path))


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[None]:
    """One writer at a time; the lock is on the folder itself and goes with the process."""
    try:
        handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise WorldError(f"{root}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise WorldError(
                "another run of `compiler` is writing to this repository", hint="wait until it has finished"
            ) from error
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _world(root: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = str(error.filename2 or error.filename or "")
        path = os.path.relpath(place, root) if place.startswith(str(root)) else place
        raise WorldError(
            f"{what}: {error.strerror}",
            origin=Origin(path) if path else None,
            hint="make room on the disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else None,
        ) from error
