"""The guard finds plaintext however it is hidden, passes what is sealed, and never prints a value."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.cli.main import run
from compiler.pulp.requirements import Requirements
from compiler.secrets import guard
from tests.secrets.samples import B64, CANARY, CLEAN, IDENTITY, LEAKS, PRIVATE, packed
from tests.secrets.support import World, admin_password, api_tls, everything
from tests.secrets.test_sealedsecrets import controller

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", list(LEAKS))
def test_a_leak_is_found_and_not_repeated(name: str) -> None:
    content = LEAKS[name]
    raw = content.encode() if isinstance(content, str) else content
    leaks = guard.scan("overlays/demo/custom/x.yaml", raw)
    assert leaks, name
    said = " ".join(leak.message for leak in leaks)
    assert not any(value in said for value in (CANARY, B64, IDENTITY[20:40], PRIVATE[40:60]))


@pytest.mark.parametrize("name", list(CLEAN))
def test_what_is_no_leak_is_passed(name: str) -> None:
    content = CLEAN[name]
    assert guard.scan("x.yaml", content.encode() if isinstance(content, str) else content) == []


def test_what_is_found_in_an_archive_is_told_by_its_place() -> None:
    (leak,) = guard.scan("a.tar", packed("tar", b"x\n" + PRIVATE.encode()))
    assert (leak.path, leak.line) == ("a.tar!folder/b.conf", 2)


def test_a_damaged_or_encrypted_file_hides_none_of_the_others() -> None:
    archive = bytearray(packed("zip", PRIVATE.encode()))
    archive[archive.index(b"a.txt") + 5] ^= 0xFF  # the first byte of its compressed data
    assert [leak.path for leak in guard.scan("a.zip", bytes(archive))] == ["a.zip!folder/b.conf"]


@given(before=st.binary(max_size=200), after=st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_no_bytes_around_it_hide_a_private_key(before: bytes, after: bytes) -> None:
    for value in (PRIVATE.encode(), b"\n" + IDENTITY.encode() + b"\n"):
        assert guard.scan("a.conf", before + b"\n" + value + after)


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_whatever_a_file_holds_the_guard_has_an_answer(content: bytes) -> None:
    for start in (b"", b"\x1f\x8b\x08", b"PK\3\4", b"BZh9", b"\xfd7zXZ\0", b"\xff\xfe", b"kind: Secret\n"):
        guard.scan("x.yaml", start + content)


def test_a_false_seal_in_the_place_of_a_sealed_file_is_found_by_the_lock() -> None:
    world = World(everything()).init()
    world.ensure()
    path = "secrets/demo/pulp-admin-password.sops.yaml"
    content = world.tree.files[path]
    known = guard.recorded(world.tree)
    assert {name for name in world.tree.files if name.endswith(".sops.yaml") and name != ".sops.yaml"} == set(known)
    assert guard.scan(path, content, known) == []
    at = content.index(b"data:", content.index(b"ENC[")) + 5
    false = content[:at] + (b"AAAA" if content[at : at + 4] != b"AAAA" else b"BBBB") + content[at + 4 :]
    assert guard.scan(path, false) == []  # nobody could tell it by its form
    assert [leak.message for leak in guard.scan(path, false, known)] == [
        "not the file that was sealed, by the lock: nobody knows what is in it"
    ]


def test_everything_that_the_sealers_write_is_passed() -> None:
    world = World(everything()).init()
    world.ensure()
    other = World(Requirements((admin_password(), api_tls())), backend="sealed-secrets")
    other.init({"demo": controller(rsa.generate_private_key(65537, 2048))}).ensure()
    for path, content in {**world.tree.files, **other.tree.files}.items():
        assert guard.scan(path, content) == [], path


def test_an_unsealed_file_with_the_name_of_a_sealed_one_is_found() -> None:
    assert guard.scan("secrets/vault/x.sops.yaml", b"data: {a: b}\n")


def test_anchors_of_exponential_size_are_no_trouble() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    assert guard.scan("x.yaml", f"{bomb}kind: Secret\nstringData: {{a: *a39}}\n".encode())


@pytest.mark.parametrize("piece", [b"kty:RSA ", b"PuTTY-User-Key-File-3: \n", b"AGE-SECRET-KEY-1", b"M" * 41 + b" "])
def test_a_file_full_of_beginnings_takes_no_longer_than_its_size(piece: bytes) -> None:
    begun = time.process_time()
    assert guard.scan("x.conf", piece * (1024 * 1024 // len(piece))) == []
    assert time.process_time() - begun < 5  # 0.1 seconds; looked at anew from each of them, it would take minutes


def test_this_repository_is_clean() -> None:
    for path in sorted((ROOT / "secrets").rglob("*")):
        if path.is_file():
            assert guard.scan(path.relative_to(ROOT).as_posix(), path.read_bytes()) == []


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".compiler.yaml").write_text("version: 0.1.0\n")
    git(tmp_path, "init", "--quiet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "-C", str(folder), *author, *arguments], check=True, capture_output=True)


def test_history_has_every_version_and_the_messages_of_commits_and_tags(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "a.conf").write_text(PRIVATE)
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "one")
    (checkout / "a.conf").write_bytes(b"nothing\n\n")
    git(checkout, "commit", "--quiet", "--all", "--message", f"the key was\n\n{IDENTITY}")
    git(checkout, "tag", "--annotate", "v1", "--message", IDENTITY)
    assert run(["secrets", "guard"]) == 0
    assert run(["secrets", "guard", "--history"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line.split(" ")[0] for line in said] == ["a.conf:1:", "commit", "tag"]
    assert IDENTITY not in "".join(said)
    assert run(["secrets", "guard", "--history", "--exclude", "a.conf"]) == 1
    assert run(["secrets", "guard", "--history", "--exclude", "*"]) == 0


def test_the_name_of_a_file_begins_no_line_and_drives_no_terminal(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "x\n::error file=a::b\x1b[2J").write_text(PRIVATE)
    assert run(["secrets", "guard"]) == 1
    assert capsys.readouterr().out == "x\\n::error file=a::b\\x1b[2J:1: a private key in PEM form\n"


def test_a_damaged_lock_is_found_and_keeps_nothing_from_being_scanned(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "secrets").mkdir()
    (checkout / "secrets/seals.lock.json").write_text("[" * 100)
    (checkout / "a.conf").write_text(PRIVATE)
    assert run(["secrets", "guard"]) == 1
    assert capsys.readouterr().out == (
        "a.conf:1: a private key in PEM form\n"
        "secrets/seals.lock.json: the lock cannot be read, so no sealed file was compared with it\n"
    )


def test_a_named_file_is_compared_with_the_lock_as_well(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(everything()).init()
    world.ensure()
    for path, content in world.tree.files.items():
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_bytes(content)
    name = "pulp-admin-password.sops.yaml"
    monkeypatch.chdir(checkout / "secrets/demo")
    assert run(["secrets", "guard", name]) == 0
    (checkout / "secrets/demo" / name).write_bytes(world.tree.files["secrets/demo/pulp-secret-key.sops.yaml"])
    assert run(["secrets", "guard", name]) == 1
    said = capsys.readouterr().out
    assert said == f"{name}: not the file that was sealed, by the lock: nobody knows what is in it\n"
    monkeypatch.chdir("/")
    assert run(["secrets", "guard", str(checkout / "secrets/demo" / name)]) == 0  # no repository, no lock
