"""Identities live outside the repository and show up in no message."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from compiler.errors import CompilerError, WorldError
from compiler.secrets import identities
from tests.secrets.support import person


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    return folder


def test_a_generated_identity_is_private_and_read_back(tmp_path: Path, repository: Path) -> None:
    file = tmp_path / "new" / "identity.txt"
    recipient = identities.generate(file, repository=repository, comment="test")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    read = identities.read([file], repository=repository)
    assert recipient in read.described
    assert b"AGE-SECRET-KEY-1" in read.reveal()
    assert "SECRET" not in f"{read!r} {read.described} {read}"


def test_an_identity_is_never_overwritten(tmp_path: Path, repository: Path) -> None:
    file = tmp_path / "identity.txt"
    file.write_text("mine")
    with pytest.raises(CompilerError, match="never overwritten"):
        identities.generate(file, repository=repository, comment="test")
    assert file.read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorldError, match="cannot be made"):
        identities.generate(tmp_path / "file" / "identity.txt", repository=repository, comment="test")


@pytest.mark.parametrize("how", ["plain", "link to it", "link out of it", "dots"])
def test_an_identity_inside_the_repository_is_refused(tmp_path: Path, repository: Path, how: str) -> None:
    inside = repository / "identity.txt"
    outside = tmp_path / "identity.txt"
    match how:
        case "plain":
            file = inside
            file.write_text(person().identity)
        case "link to it":
            inside.write_text(person().identity)
            file = outside
            file.symlink_to(inside)
        case "link out of it":
            outside.write_text(person().identity)
            file = inside
            file.symlink_to(outside)
        case _:
            inside.write_text(person().identity)
            file = tmp_path / "x" / ".." / "repository" / "identity.txt"
    with pytest.raises(CompilerError, match="inside the repository"):
        identities.read([file], repository=repository)
    with pytest.raises(CompilerError, match="inside the repository"):
        identities.generate(repository / "new.txt", repository=repository, comment="test")
    assert not (repository / "new.txt").exists()


def test_comments_empty_lines_and_other_line_ends_are_fine(tmp_path: Path, repository: Path) -> None:
    one, two = person(), person()
    file = tmp_path / "keys.txt"
    file.write_bytes(f"# a\r\n\r\n{one.identity}\r\n  {two.identity}  \n".encode())
    read = identities.read([file], repository=repository)
    assert read.reveal() == f"{one.identity}\n{two.identity}\n".encode()


@pytest.mark.parametrize("line", ["AGE-SECRET-KEY-1CANARY", "canary", "ssh-ed25519 canary"])
def test_a_broken_identity_is_told_by_line_and_not_repeated(tmp_path: Path, repository: Path, line: str) -> None:
    file = tmp_path / "keys.txt"
    file.write_text(f"# x\n{line}\n")
    with pytest.raises(CompilerError, match=r"keys\.txt:2: this is no age identity") as caught:
        identities.read([file], repository=repository)
    assert "canary" not in str(caught.value).lower()
    assert caught.value.__cause__ is None


def test_a_missing_a_binary_and_an_endless_file_are_told(tmp_path: Path, repository: Path) -> None:
    with pytest.raises(CompilerError, match="cannot be read") as caught:
        identities.read([tmp_path / "none"], repository=repository)
    assert not isinstance(caught.value, WorldError)  # a wrong name is wrong usage
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(CompilerError, match="not text"):
        identities.read([tmp_path / "binary"], repository=repository)
    with pytest.raises(CompilerError, match="not a regular file"):
        identities.read([Path("/dev/zero")], repository=repository)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "link to a pipe"])
def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path: Path, repository: Path, kind: str) -> None:
    file = tmp_path / "identity.txt"
    match kind:
        case "pipe":
            os.mkfifo(file)
        case "device":
            file = Path("/dev/zero")
        case "folder":
            file.mkdir()
        case _:
            os.mkfifo(tmp_path / "pipe")
            file.symlink_to("pipe")
    with pytest.raises(CompilerError, match="is not a regular file"):
        identities.read([file], repository=repository)
    with pytest.raises(CompilerError, match="is not a regular file"):
        identities.read_private(file, repository)


@pytest.mark.parametrize("folder", ["/dev/fd", "/proc/self/fd"])
def test_what_a_command_prints_can_be_an_identity(repository: Path, folder: str) -> None:
    """``--identity <(…)`` becomes the name of an open descriptor."""
    reading, writing = os.pipe()
    os.write(writing, f"{person().identity}\n".encode())
    os.close(writing)
    try:
        assert identities.read([Path(f"{folder}/{reading}")], repository=repository)
    finally:
        os.close(reading)


def test_an_endless_descriptor_is_not_read_to_its_end(repository: Path) -> None:
    with open("/dev/zero", "rb") as endless, pytest.raises(CompilerError, match="larger than 65536 bytes"):
        identities.read([Path(f"/dev/fd/{endless.fileno()}")], repository=repository)
