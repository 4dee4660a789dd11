"""What goes wrong while a run writes: somebody edits, Ctrl-C, a folder that becomes unwritable, and what is said."""

from __future__ import annotations

import errno
import os
from hashlib import sha256
from pathlib import Path

import pytest

from compiler.cli import halfway
from compiler.cli.main import run
from compiler.errors import WorldError
from compiler.workspace import journal
from tests.workspace.test_journal import AFTER, BEFORE, WRITES, folders, root, snapshot

__all__ = ["root"]  # a fixture

SEEN = {path: sha256(content).hexdigest() for path, content in BEFORE.items()} | {"new/folder/c.yaml": None}


@pytest.mark.parametrize("moment", ["before", "stage", "stage new/folder/c.yaml", "commit"])
@pytest.mark.parametrize(
    ("path", "content"),
    [("a.yaml", b"by hand"), ("kept.yaml", b"by hand"), ("new/folder/c.yaml", b"by hand"), ("gone/deep/b.yaml", None)],
)
def test_a_file_that_somebody_changed_meanwhile_is_not_written_over(
    root: Path, moment: str, path: str, content: bytes | None
) -> None:
    def change(name: str) -> None:
        if name == moment:
            if content is None:
                (root / path).unlink()
            else:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(content)

    change("before")
    with pytest.raises(WorldError, match="changed while the command ran; nothing was written") as caught:
        journal.apply(root, WRITES, seen=SEEN, step=change)
    assert str(caught.value).startswith(path)
    wanted = {name: old for name, old in BEFORE.items() if name != path}
    assert snapshot(root) == (wanted if content is None else {**wanted, path: content})


def test_what_was_seen_unchanged_is_written(root: Path) -> None:
    journal.apply(root, WRITES, seen=SEEN)
    assert snapshot(root) == AFTER


def test_a_failure_that_cannot_be_undone_says_so_and_the_next_run_undoes_it(root: Path) -> None:
    def fail(name: str) -> None:
        if name == "place new/folder/c.yaml":
            raise OSError(errno.ENOSPC, "No space left on device")
        if name == "restore gone/deep/b.yaml":
            raise OSError(errno.EROFS, "Read-only file system")

    with pytest.raises(WorldError) as caught:
        journal.apply(root, WRITES, step=fail)
    said = str(caught.value)
    assert "half-written" in said
    assert "No space left on device" in said
    assert "Read-only file system" in said
    assert "nothing was written" not in said
    assert halfway.half_written(str(root / "new")) == str(root)
    assert "undone" in (journal.recover(root) or "")
    assert snapshot(root) == BEFORE
    assert halfway.half_written(str(root)) is None


@pytest.mark.parametrize("moment", ["stage", "back up a.yaml", "list", "commit"])
def test_an_interrupt_before_the_commit_leaves_the_tree_as_it_was(root: Path, moment: str) -> None:
    def interrupt(name: str) -> None:
        if name == moment:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        journal.apply(root, WRITES, step=interrupt)
    assert snapshot(root) == BEFORE
    assert folders(root) == {"gone", "gone/deep"}


@pytest.mark.parametrize("moment", ["make new", "place a.yaml", "place new/folder/c.yaml", "finish", "clean"])
def test_an_interrupt_after_the_commit_comes_too_late(root: Path, moment: str) -> None:
    def interrupt(name: str) -> None:
        if name == moment:
            raise KeyboardInterrupt

    journal.apply(root, WRITES, step=interrupt)
    journal.recover(root)
    assert snapshot(root) == AFTER


def test_a_folder_that_cannot_be_cleaned_up_is_no_failure(root: Path) -> None:
    def full(name: str) -> None:
        if name == "clean":
            (root / journal.FOLDER / "in the way").mkdir()

    journal.apply(root, WRITES, step=full)
    assert (root / "new/folder/c.yaml").read_bytes() == b"new c"
    assert "had done its work" in (journal.recover(root) or "")
    assert snapshot(root) == AFTER


def test_a_run_that_cannot_be_put_right_is_not_said_to_have_written_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(name: str) -> None:
        if name == "place gone2.yaml":
            os._exit(9)

    child = os.fork()
    if child == 0:
        journal.apply(root, WRITES, step=die)
    os.waitpid(child, 0)

    def refuse(*arguments: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr("compiler.workspace.journal.os.replace", refuse)
        with pytest.raises(WorldError, match="cannot be put right: Read-only file system"):
            journal.recover(root)
    assert "finished" in (journal.recover(root) or "")
    assert snapshot(root) == AFTER


def test_the_quick_look_knows_the_journals_folder() -> None:
    assert halfway._JOURNAL == journal.FOLDER


@pytest.mark.parametrize("state", ["commit", "undo"])
@pytest.mark.parametrize(
    "command", [["check"], ["build", "overlays/x"], ["build", "-o", "json", "overlays/x"], ["explain", "overlays/x"]]
)
def test_commands_that_read_refuse_a_half_written_repository(
    tmp_path: Path, state: str, command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / journal.FOLDER).mkdir()
    (tmp_path / "overlays/x").mkdir(parents=True)
    (tmp_path / "overlays/x/kustomization.yaml").write_text("namePrefix: x-\n")
    (tmp_path / ".compiler.yaml").write_text("version: 0.1.0\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / journal.FOLDER / "staged").touch()  # prepared only: the tree is as before
    assert run(command) != 3
    (tmp_path / journal.FOLDER / state).touch()
    capsys.readouterr()
    assert run(command) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "is half-written" in said.err
    assert "`compiler generate` or any `compiler secrets` command puts it right" in said.err
