"""Values that only a person has are taken, kept, and never invented."""

from __future__ import annotations

import pytest
import yaml

from compiler.errors import CompilerError
from compiler.pulp.requirements import Given, Password, SecretRequirement
from compiler.secrets import generations, layout, sops, tool
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
