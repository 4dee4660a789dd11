"""The vault is taken at its word only when a person says so, and never loses a value to it."""

from __future__ import annotations

import pytest

from compiler.errors import CompilerError
from compiler.secrets import documents, generations, layout, sops, tool
from compiler.secrets.adopt import adopt
from compiler.secrets.plaintext import Plaintext, Values
from tests.secrets.support import World, admin_password, api_tls, copy, fields_key, person, small

ADMIN = "demo/pulp-admin-password"


@pytest.fixture(scope="module")
def settled() -> World:
    """Everything in place; tests take copies."""
    world = small(admin_password(), fields_key(), api_tls())
    world.ensure(world.admin)
    return world


@pytest.fixture
def world(settled: World) -> World:
    return copy(settled)


def edit(world: World, secret: str, values: Values, recipient: str | None = None) -> None:
    """What ``sops edit`` leaves behind."""
    document = documents.vault_document(secret, values)
    content = sops.seal(tool.find(None), document, [recipient or world.admin.recipient])
    world.tree.files[layout.vault(secret)] = content


def take(world: World, secret: str) -> None:
    with world.access(world.admin) as access:
        world.tree.apply(adopt(world.tree, world.targets, secret, access).writes)


def test_an_edited_vault_stops_everything_until_it_is_adopted(world: World) -> None:
    edit(world, ADMIN, {"password": Plaintext(b"by-hand")})
    with pytest.raises(CompilerError, match="edited"):
        world.ensure(world.admin)
    take(world, ADMIN)
    assert world.check(world.admin) == []
    assert generations(world.tree, "demo")["pulp-admin-password"] == 2
    content = world.tree.files[layout.sealed(ADMIN, "sops")]
    who = sorted([world.admin.recipient, world.cluster.recipient])
    assert sops.unseal(tool.find(None), content, "x", who, world.cluster.identities()) == {
        "password": Plaintext(b"by-hand")
    }


def test_an_edited_cluster_file_gives_way_to_the_vault(world: World) -> None:
    world.tree.files[layout.sealed(ADMIN, "sops")] += b"#"
    take(world, ADMIN)
    assert world.check(world.admin) == []


def test_a_certificate_is_kept_or_issued_anew(world: World) -> None:
    world.tree.files[layout.sealed("demo/pulp-api-tls", "sops")] += b"#"
    before = world.lock().secrets["demo/pulp-api-tls"].certificate
    take(world, "demo/pulp-api-tls")
    assert world.lock().secrets["demo/pulp-api-tls"].certificate == before
    assert world.check(world.admin) == []


def test_a_value_that_is_gone_is_not_made_anew(world: World) -> None:
    edit(world, "demo/pulp-db-fields-encryption", {"other": Plaintext(b"x")})
    before = dict(world.tree.files)
    with pytest.raises(CompilerError, match="does not hold database_fields"):
        take(world, "demo/pulp-db-fields-encryption")
    del world.tree.files[layout.vault(ADMIN)]
    with pytest.raises(CompilerError, match="no values of it in the vault"):
        take(world, ADMIN)
    assert world.tree.files == {path: content for path, content in before.items() if path != layout.vault(ADMIN)}


def test_values_of_strangers_and_other_ids_are_not_adopted(world: World) -> None:
    edit(world, ADMIN, {"password": Plaintext(b"x")}, person().recipient)
    with pytest.raises(CompilerError, match="other recipients"):
        take(world, ADMIN)
    other = layout.vault("demo/pulp-db-fields-encryption")
    world.tree.files[layout.vault(ADMIN)] = world.tree.files[other]
    with pytest.raises(CompilerError, match="does not hold the values of"):
        take(world, ADMIN)
