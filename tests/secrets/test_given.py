"""Values that only a person has are taken, kept, and never invented."""

from __future__ import annotations

import pytest
import yaml

from compiler.errors import CompilerError
from compiler.pulp.requirements import Given, Password, SecretRequirement
from compiler.secrets import generations, layout, sops, tool
from compiler.secrets.given import set_values
from compiler.secrets.outcome import Outcome
from compiler.secrets.plaintext import Plaintext
from tests.secrets.support import World, actions, admin_password, person, s3, small

ONE = SecretRequirement("pulp-db", "pulp", (Given({"password": "of the database"}),))
MIXED = SecretRequirement("pulp-mixed", "pulp", (Given({"user": "name"}), Password("password")))


def opened(world: World, name: str) -> dict[str, Plaintext]:
    path = f"secrets/demo/{name}.sops.yaml"
    who = sorted([world.admin.recipient, world.cluster.recipient])
    return sops.unseal(tool.find(None), world.tree.files[path], path, who, world.cluster.identities())


def test_an_unset_value_is_not_sealed_and_not_listed() -> None:
    world = small(ONE, admin_password())
    assert actions(world.ensure()) == {"pulp-db": "unset", "pulp-admin-password": "create"}
    assert "secrets/demo/pulp-db.sops.yaml" not in world.tree.files
    listed = yaml.safe_load(world.tree.files["secrets/demo/kustomization.yaml"])["resources"]
    assert listed == ["pulp-admin-password.sops.yaml"]


def test_a_set_value_reaches_the_cluster_without_an_identity() -> None:
    world = small(ONE, admin_password())
    world.ensure()
    world.give("pulp-db", {"password": b"canary"})
    assert opened(world, "pulp-db") == {"password": Plaintext(b"canary")}
    assert "pulp-db.sops.yaml" in world.tree.files["secrets/demo/kustomization.yaml"].decode()
    assert world.ensure(None, sops=False).writes == {}
    assert world.check(world.admin) == []


def test_setting_before_the_first_ensure_declares_nothing_else() -> None:
    world = small(ONE, admin_password())
    world.give("pulp-db", {"password": b"canary"})
    assert actions(world.ensure()) == {"pulp-db": "keep", "pulp-admin-password": "create"}
    assert world.check(world.admin) == []


def test_several_keys_are_sealed_when_the_last_is_there() -> None:
    world = small(s3())
    assert actions(world.give("pulp-s3", {"s3-access-key-id": b"AKIA"})) == {"pulp-s3": "unset"}
    assert not world.tree.is_dir("secrets/demo")
    with pytest.raises(CompilerError, match="its other values are kept; that needs an administrator's identity"):
        world.give("pulp-s3", {"s3-secret-access-key": b"canary"})
    world.give("pulp-s3", {"s3-secret-access-key": b"canary"}, world.admin)
    assert opened(world, "pulp-s3") == {
        "s3-access-key-id": Plaintext(b"AKIA"),
        "s3-secret-access-key": Plaintext(b"canary"),
    }


def test_the_generated_rest_of_a_secret_is_made_with_it_and_kept() -> None:
    world = small(MIXED)
    world.ensure()
    world.give("pulp-mixed", {"user": b"first"}, world.admin)
    password = opened(world, "pulp-mixed")["password"]
    world.give("pulp-mixed", {"user": b"second"}, world.admin)
    assert opened(world, "pulp-mixed") == {"user": Plaintext(b"second"), "password": password}
    assert generations(world.tree, "demo") == {"pulp-mixed": 2}


def test_the_same_value_again_changes_nothing() -> None:
    world = small(ONE)
    world.give("pulp-db", {"password": b"canary"}, world.admin)
    before = dict(world.tree.files)
    assert actions(world.give("pulp-db", {"password": b"canary"}, world.admin)) == {"pulp-db": "keep"}
    assert world.tree.files == before


def test_another_value_restarts_the_pods() -> None:
    world = small(ONE)
    for number, value in enumerate((b"one", b"two", b"three"), 1):
        world.give("pulp-db", {"password": value})
        assert generations(world.tree, "demo") == {"pulp-db": number}
    assert world.check(world.admin) == []


def test_what_nobody_wants_or_is_made_here_cannot_be_set() -> None:
    world = small(ONE, admin_password())
    with pytest.raises(CompilerError, match="did you mean demo/pulp-db") as caught:
        world.give("pulp-bd", {"password": b"canary"})
    with pytest.raises(CompilerError, match="its values are made here"):
        world.give("pulp-admin-password", {"password": b"canary"})
    with pytest.raises(CompilerError, match="'other' is no given key"):
        world.give("pulp-db", {"other": b"canary"})
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("value", [b"", b"@format {env[HOME]}"])
def test_a_value_that_cannot_be_is_refused_and_nothing_written(value: bytes) -> None:
    world = small(ONE)
    before = dict(world.tree.files)
    with pytest.raises(CompilerError):
        world.give("pulp-db", {"password": value})
    assert world.tree.files == before


def test_a_tampered_vault_stops_a_set_too() -> None:
    world = small(ONE)
    world.give("pulp-db", {"password": b"one"})
    world.tree.files[layout.vault("demo/pulp-db")] += b"#"
    with pytest.raises(CompilerError, match="edited, or an older one"):
        world.give("pulp-db", {"password": b"two"}, world.admin)


def test_a_wrong_identity_is_told_by_file_and_key() -> None:
    world = small(s3())
    world.give("pulp-s3", {"s3-access-key-id": b"AKIA"})
    with pytest.raises(CompilerError, match="none of the identities opens it"):
        world.give("pulp-s3", {"s3-secret-access-key": b"canary"}, person())


UNREADABLE = {
    "no UTF-8": (b"ldpw\xff\xfe\0", "no UTF-8 text"),
    "UTF-16": ("canary".encode("utf-16-le"), "NUL"),
    "UTF-16 with its mark": ("canary".encode("utf-16"), "no UTF-8 text"),
    "a byte order mark": (b"\xef\xbb\xbfcanary", "byte order mark"),
    "a NUL": (b"can\0ary", "NUL"),
    "white space": (b" \t\r\n", "white space alone"),
}


@pytest.mark.parametrize("case", UNREADABLE)
@pytest.mark.parametrize("name", ["pulp-db", "pulp-admin-password"])
def test_what_pulp_cannot_read_as_text_is_refused_and_not_quoted(case: str, name: str) -> None:
    value, message = UNREADABLE[case]
    world = small(ONE, admin_password())
    before = dict(world.tree.files)
    with pytest.raises(CompilerError, match=f"^password: the value .*{message}") as caught:
        give_generated(world, name, value)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert world.tree.files == before


def give_generated(world: World, name: str, value: bytes) -> Outcome:
    with world.access(world.admin) as access:
        values = {"password": Plaintext(value)}
        return set_values(world.tree, world.targets, f"demo/{name}", values, access, generated=True)


@pytest.mark.parametrize("value", [b"a\nb", b"a\tb", b"a\x1b[2J", b"a\x7f"])
def test_a_password_is_one_line_of_text(value: bytes) -> None:
    with pytest.raises(CompilerError, match="a password is one line of text"):
        give_generated(small(admin_password()), "pulp-admin-password", value)


def test_a_short_password_is_taken_and_told() -> None:
    world = small(admin_password())
    steps = give_generated(world, "pulp-admin-password", b"7 chars\n").steps
    assert [(step.action, "fewer than 8 characters" in step.reason) for step in steps] == [
        ("seal", False),
        ("warn", True),
    ]
    assert [step.action for step in give_generated(world, "pulp-admin-password", b"8 chars!").steps] == ["seal"]


@pytest.mark.parametrize("value", ["pässwörd 密码", "two\nlines", " a space before", "end\r\n"])
def test_text_of_any_language_is_taken_as_it_is(value: str) -> None:
    world = small(ONE)
    world.give("pulp-db", {"password": value.encode()})
    assert opened(world, "pulp-db") == {"password": Plaintext(value.encode())}
