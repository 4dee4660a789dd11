"""A run writes all of its files or none, and a killed run is put right by the next one."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from compiler.errors import CompilerError, WorldError
from compiler.workspace import journal

BEFORE = {"a.yaml": b"old a", "gone/deep/b.yaml": b"old b", "kept.yaml": b"kept", "gone2.yaml": b"x"}
WRITES: dict[str, bytes | None] = {
    "a.yaml": b"new a",
    "gone/deep/b.yaml": None,
    "gone2.yaml": None,
    "new/folder/c.yaml": b"new c",
    "never.yaml": None,
}
AFTER = {"a.yaml": b"new a", "kept.yaml": b"kept", "new/folder/c.yaml": b"new c"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, contents in BEFORE.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(contents)
    return tmp_path


def snapshot(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def folders(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_dir()}


def steps(root: Path) -> list[str]:
    names: list[str] = []
    journal.apply(root, WRITES, step=names.append)
    return names


def test_everything_is_written_and_empty_folders_go(root: Path) -> None:
    journal.apply(root, WRITES)
    assert snapshot(root) == AFTER
    assert folders(root) == {"new", "new/folder"}


def test_a_second_run_finds_nothing_to_recover(root: Path) -> None:
    journal.apply(root, WRITES)
    assert journal.recover(root) is None


def test_nothing_to_write_touches_nothing(root: Path) -> None:
    journal.apply(root, {})
    journal.apply(root, {"never.yaml": None})
    assert snapshot(root) == BEFORE


def test_an_existing_file_keeps_its_mode(root: Path) -> None:
    (root / "a.yaml").chmod(0o640)
    journal.apply(root, WRITES)
    assert (root / "a.yaml").stat().st_mode & 0o7777 == 0o640


def test_a_kill_at_any_step_leaves_all_or_nothing_after_recovery(tmp_path: Path) -> None:
    def fresh(name: str) -> Path:
        root = tmp_path / name
        for path, contents in BEFORE.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(contents)
        return root

    names = steps(fresh("count"))
    outcomes = []
    for number in range(len(names)):
        root = fresh(str(number))
        child = os.fork()
        if child == 0:
            seen = iter(range(len(names)))

            def kill(name: str, seen: object = seen, number: int = number) -> None:
                if next(seen) == number:  # type: ignore[call-overload]
                    os._exit(9)

            journal.apply(root, WRITES, step=kill)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        said = journal.recover(root)
        assert (said is None) == (names[number] == "stage")
        assert snapshot(root) in (BEFORE, AFTER)
        assert not (root / journal.FOLDER).exists()
        outcomes.append(snapshot(root) == AFTER)
    assert outcomes == sorted(outcomes), "once committed, always committed"
    assert outcomes[0] is False
    assert outcomes[-1] is True


def test_a_failure_at_any_step_leaves_the_tree_as_it_was(tmp_path: Path) -> None:
    root = tmp_path / "count"
    for path, contents in BEFORE.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(contents)
    names = [name for name in steps(root) if name not in ("finish", "clean")]
    for number in range(len(names)):
        root = tmp_path / str(number)
        for path, contents in BEFORE.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(contents)
        seen = iter(range(1000))

        def full(name: str, seen: object = seen, number: int = number) -> None:
            if next(seen) == number:  # type: ignore[call-overload]
                raise OSError(errno.ENOSPC, "No space left on device", "a.yaml")

        with pytest.raises(WorldError, match="No space left on device") as caught:
            journal.apply(root, WRITES, step=full)
        assert caught.value.exit_code == 3
        assert snapshot(root) == BEFORE
        assert folders(root) == {"gone", "gone/deep"}


def test_a_kill_while_undoing_is_undone_by_the_next_run(root: Path) -> None:
    child = os.fork()
    if child == 0:

        def fail_then_die(name: str) -> None:
            if name == "place new/folder/c.yaml":
                raise OSError(errno.EIO, "Input/output error")
            if name.startswith("restore gone2"):
                os._exit(9)

        journal.apply(root, WRITES, step=fail_then_die)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert "undone" in (journal.recover(root) or "")
    assert snapshot(root) == BEFORE


def test_a_folder_without_rights_is_told_and_the_tree_stays(root: Path) -> None:
    """Run as another user, since root may write anywhere."""
    closed = root / "closed"
    closed.mkdir()
    (closed / "x.yaml").write_bytes(b"x")
    for path in [root, *root.rglob("*")]:
        os.chmod(path, 0o777 if path.is_dir() else 0o666)
    closed.chmod(0o555)
    for parent in root.parents:
        if parent.stat().st_uid == os.geteuid() and parent != Path("/") and parent.stat().st_mode & 0o7077 == 0o0000:
            parent.chmod(0o711)
    before = snapshot(root)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            journal.apply(root, {"a.yaml": b"new", "closed/x.yaml": b"new"})
        except WorldError as error:
            code = 3 if "Permission denied" in str(error) else 4
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    assert snapshot(root) == before


def test_a_link_out_of_the_repository_is_refused(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (root / "link").symlink_to(outside)
    (root / "file.yaml").symlink_to(outside / "target")
    for path in ("link/x.yaml", "file.yaml"):
        with pytest.raises(CompilerError, match="out of the repository"):
            journal.apply(root, {"a.yaml": b"new", path: b"new"})
    assert (root / "a.yaml").read_bytes() == b"old a"
    assert list(outside.iterdir()) == []


def test_a_link_inside_the_repository_is_followed(root: Path) -> None:
    (root / "link.yaml").symlink_to("a.yaml")
    journal.apply(root, {"link.yaml": b"new"})
    assert (root / "link.yaml").is_symlink()
    assert (root / "a.yaml").read_bytes() == b"new"


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a/../../x", ".git/config", ".compiler-journal/x", "gone", "a.yaml/x"]
)
def test_paths_that_are_not_files_of_the_repository_are_refused(root: Path, path: str) -> None:
    with pytest.raises(CompilerError) as caught:
        journal.apply(root, {path: b"x"})
    assert caught.value.exit_code == 2
    assert snapshot(root) == BEFORE


def test_two_runs_exclude_each_other(root: Path) -> None:
    def second(name: str) -> None:
        with pytest.raises(WorldError, match="another run"):
            journal.apply(root, {"a.yaml": b"second"})

    journal.apply(root, WRITES, step=second)
    assert snapshot(root) == AFTER
