"""The vault is taken at its word only when a person says so, and never loses a value to it."""

from __future__ import annotations

import pytest

from compiler.errors import CompilerError
from compiler.pulp.requirements import SecretRequirement, TokenPair
from compiler.secrets import documents, generations, layout, material, recipients, sops, tool
from compiler.secrets.adopt import adopt
from compiler.secrets.plaintext import Plaintext, Values
from compiler.secrets.sealing import Sealing
from tests.secrets.support import World, admin_password, api_tls, copy, fields_key, person, small, values

ADMIN = "demo/pulp-admin-password"
FIELDS = "demo/pulp-db-fields-encryption"
KEY = "database_fields.symmetric.key"
PAIR = ("private.pem", "public.pem")
PAIRS = (material.token_pair()[0].reveal(), material.token_pair()[1].reveal())
"""Halves of two pairs."""


@pytest.fixture(scope="module")
def settled() -> World:
    """Everything in place; tests take copies."""
    token = SecretRequirement("pulp-container-auth", "pulp", (TokenPair(*PAIR),))
    world = small(admin_password(), fields_key(), api_tls(), token)
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


def test_what_is_in_place_stays_as_it_is(world: World) -> None:
    before = dict(world.tree.files)
    for name in ("pulp-admin-password", "pulp-db-fields-encryption", "pulp-api-tls"):
        take(world, f"demo/{name}")
    assert world.tree.files == before


def test_a_file_that_was_only_encrypted_anew_restarts_nothing(world: World) -> None:
    for secret in (ADMIN, FIELDS):
        edit(world, secret, values(world, secret))
        take(world, secret)
    assert world.check(world.admin) == []
    assert set(generations(world.tree, "demo").values()) == {1}


@pytest.mark.parametrize("sealed_without_identity", [False, True])
def test_another_database_field_key_is_refused_and_the_rotation_is_named(
    world: World, *, sealed_without_identity: bool
) -> None:
    if sealed_without_identity:  # then the lock has no digest of it
        world = small(fields_key())
        world.ensure(None)
        assert world.lock().secrets[FIELDS].digest is None
    edit(world, FIELDS, {KEY: material.fernet_key()})
    before = dict(world.tree.files)
    with pytest.raises(CompilerError, match="not the database-field key") as caught:
        take(world, FIELDS)
    assert "--phase add" in (caught.value.hint or "")
    assert world.tree.files == before


@pytest.mark.parametrize(
    ("secret", "wrong", "message"),
    [
        (FIELDS, {KEY: b"garbage"}, f"{KEY}: a line of .* is no Fernet key"),
        (ADMIN, {"password": b"@jinja x"}, "password: the value begins with '@'"),
        (ADMIN, {"password": b"x", "extra": b"y"}, "nothing wants the key extra"),
        ("demo/pulp-container-auth", {"private.pem": b"garbage"}, r"private\.pem: it is not readable"),
        ("demo/pulp-container-auth", {"public.pem": b"garbage"}, r"public\.pem: it is not readable"),
        ("demo/pulp-container-auth", dict(zip(PAIR, PAIRS, strict=True)), r"public\.pem: it is not the public half"),
        ("demo/pulp-api-tls", {"tls.key": b"garbage"}, r"tls\.key: it is not readable"),
        ("demo/pulp-api-tls", {"tls.key": PAIRS[0]}, r"tls\.key: it is not the private key of"),
        ("demo/pulp-api-tls", {"tls.crt": b"garbage"}, r"tls\.crt: it is not one PEM certificate"),
    ],
)
def test_a_value_of_no_use_is_refused_and_its_key_named(
    world: World, secret: str, wrong: dict[str, bytes], message: str
) -> None:
    edit(world, secret, {**values(world, secret), **{key: Plaintext(value) for key, value in wrong.items()}})
    before = dict(world.tree.files)
    with pytest.raises(CompilerError, match=message) as caught:
        take(world, secret)
    assert caught.value.origin is not None
    assert caught.value.origin.path == layout.vault(secret)
    assert world.tree.files == before


def test_what_should_never_have_been_adopted_is_found_by_opening_it(world: World) -> None:
    with world.access(world.admin) as access:
        sealing = Sealing(world.tree, access, recipients.read(world.tree), world.lock())
        garbage: Values = {KEY: Plaintext(b"garbage")}
        sealing.vault(FIELDS, garbage)
        sealing.cluster(world.targets[0], fields_key(), garbage, changed=False, certificate=None)
        world.tree.apply(sealing.finish())
    assert world.check() == []
    assert [one.message for one in world.check(world.admin)] == [
        f"{KEY}: a line of {FIELDS} is no Fernet key (32 bytes in base64)"
    ]


def test_values_of_strangers_and_other_ids_are_not_adopted(world: World) -> None:
    edit(world, ADMIN, {"password": Plaintext(b"x")}, person().recipient)
    with pytest.raises(CompilerError, match="other recipients"):
        take(world, ADMIN)
    other = layout.vault("demo/pulp-db-fields-encryption")
    world.tree.files[layout.vault(ADMIN)] = world.tree.files[other]
    with pytest.raises(CompilerError, match="does not hold the values of"):
        take(world, ADMIN)
