"""Recipients come from our own file, are checked, and a private key among them is never repeated."""

from __future__ import annotations

import pytest
import yaml

from compiler.errors import CompilerError
from compiler.secrets import layout, recipients
from compiler.secrets.start import initialize
from tests.secrets.support import MemoryTree, World, admin_password, person, small

GOOD = person().recipient


@pytest.mark.parametrize(
    "text",
    [
        "", "age1", GOOD[:-1], GOOD[:-1] + ("q" if GOOD[-1] != "q" else "p"), GOOD.upper(),
        GOOD[:20].upper() + GOOD[20:], "ssh-ed25519 AAAAC3Nza", "age1yubikey1qwerty", f"{GOOD},{GOOD}", f" {GOOD}",
    ],
    ids=range(10),  # GOOD is another one in every process: its text in an id would make xdist's workers disagree
)  # fmt: skip
def test_what_is_no_age_recipient_is_refused(text: str) -> None:
    with pytest.raises(CompilerError, match="is no age recipient"):
        recipients.check_recipient(text)


def test_a_private_key_is_refused_without_being_repeated() -> None:
    identity = person().identity
    for text in (identity, identity.lower(), f"x{identity}"):
        with pytest.raises(CompilerError, match="private key") as caught:
            recipients.check_recipient(text)
        assert identity[16:30] not in str(caught.value)
        assert identity[16:30].lower() not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("version: 2\n", "version 1"),
        ("version: 1\ngroup: {}\n", "unknown key 'group'"),
        ("version: 1\ngroups: {admins: []}\n", "groups are admin, ci and cluster-"),
        ("version: 1\ngroups: {admin: []}\n", "group admin has no recipient"),
        (f"version: 1\ngroups: {{admin: {GOOD}}}\n", "a list of age recipients"),
        (f"version: 1\ngroups: {{admin: [{GOOD}, {GOOD}]}}\n", "stands twice"),
        (f"version: 1\ngroups: {{admin: [{GOOD}]}}\ncertificates: {{prod: x}}\n", "64 hexadecimal digits"),
        ("version: 1\nversion: 1\n", "a key stands twice"),
        ("a: &x 1\nb: *x\n", "anchors"),
        ("\tversion: 1\n", "YAML"),
        ("version: 1\n---\nversion: 1\n", "second document"),
        ("- 1\n", "a mapping was expected"),
        (b"\xff\xfe", "not UTF-8"),
    ],
    ids=range(13),
)
def test_a_malformed_file_is_told_with_its_place(content: str | bytes, message: str) -> None:
    raw = content if isinstance(content, bytes) else content.encode()
    with pytest.raises(CompilerError, match=message) as caught:
        recipients.read(MemoryTree({layout.RECIPIENTS: raw}))
    assert caught.value.origin is not None
    assert caught.value.origin.path == layout.RECIPIENTS


def test_init_is_told_when_there_is_no_file() -> None:
    with pytest.raises(CompilerError, match="nobody could open") as caught:
        recipients.read(MemoryTree())
    assert "compiler secrets init" in str(caught.value)


def test_init_again_adds_and_keeps_comments() -> None:
    world = small(admin_password())
    path = layout.RECIPIENTS
    world.tree.files[path] = world.tree.files[path].replace(b"  admin:\n", b"  admin:  # Operations\n")
    second, cluster = person(), person()
    with world.access(None, sops=False) as access:
        writes = initialize(
            world.tree, access, administrators=[second.recipient], clusters={"pop-ams": [cluster.recipient]}
        )
    assert list(writes) == [".sops.yaml", path]
    content = writes[path]
    assert content is not None
    assert b"# Operations" in content
    groups = yaml.safe_load(content)["groups"]
    assert groups["admin"] == [world.admin.recipient, second.recipient]
    assert groups["cluster-pop-ams"] == [cluster.recipient]
    world.tree.apply(writes)
    with world.access(None, sops=False) as access:
        assert initialize(world.tree, access, administrators=[second.recipient]) == {}


def test_init_needs_an_administrator() -> None:
    world = World(small(admin_password()).requirements)
    with world.access(None, sops=False) as access, pytest.raises(CompilerError, match="admin has no recipient"):
        initialize(world.tree, access, clusters={"demo": [person().recipient]})
    assert world.tree.files == {}


def test_init_never_makes_a_second_digest_key() -> None:
    world = small(admin_password())
    del world.tree.files[layout.LOCK]
    with pytest.raises(CompilerError, match="digest key is here"):
        world.init()
