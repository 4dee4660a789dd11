"""Values that would be made here can be those of an installation that is taken over, or of a vault that was lost."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from compiler.errors import CompilerError
from compiler.pulp.requirements import SecretRequirement, TokenPair
from compiler.secrets.given import set_values
from compiler.secrets.outcome import Outcome
from compiler.secrets.plaintext import Plaintext
from tests.secrets.support import World, admin_password, copy, fields_key, small

FIELDS, KEY = "pulp-db-fields-encryption", "database_fields.symmetric.key"
PAIR = SecretRequirement("pulp-container-auth", "pulp", (TokenPair("private.pem", "public.pem"),))
OURS = Fernet.generate_key()


@pytest.fixture(scope="module")
def begun() -> World:
    """Nothing made yet; tests take copies."""
    return small(fields_key(), admin_password(), PAIR)


@pytest.fixture
def world(begun: World) -> World:
    return copy(begun)


def take(world: World, name: str, key: str, value: bytes, *, generated: bool = True) -> Outcome:
    with world.access(world.admin) as access:
        given = {key: Plaintext(value)}
        outcome = set_values(world.tree, world.targets, f"demo/{name}", given, access, generated=generated)
    world.tree.apply(outcome.writes)
    return outcome


def kept(world: World, name: str, key: str) -> bytes:
    with world.access(world.admin) as access:
        return access.open(world.tree, world.lock(), f"demo/{name}", "the test looks")[key].reveal()


def test_it_is_what_the_vault_and_the_cluster_get_and_ensure_keeps_it(world: World) -> None:
    take(world, FIELDS, KEY, OURS)
    take(world, "pulp-admin-password", "password", b"from before")
    world.ensure(world.admin)
    assert kept(world, FIELDS, KEY) == OURS + b"\n"
    assert kept(world, "pulp-admin-password", "password") == b"from before"
    assert world.check(world.admin) == []


def test_it_replaces_one_that_was_made_and_counts(world: World) -> None:
    world.ensure(world.admin)
    take(world, FIELDS, KEY, OURS)
    assert kept(world, FIELDS, KEY) == OURS + b"\n"
    assert world.lock().secrets[f"demo/{FIELDS}"].generation == 2


def test_a_key_file_of_several_lines_is_written_as_pulpcore_wants_it(world: World) -> None:
    older = Fernet.generate_key()
    take(world, FIELDS, KEY, b"# ours\r\n" + OURS + b"\r\n\r\n" + older)
    assert kept(world, FIELDS, KEY) == OURS + b"\n" + older + b"\n"


@pytest.mark.parametrize("value", [b"canary-no-key", b"# a comment alone", b"c2hvcnQ="])
def test_what_is_no_database_field_key_is_refused_and_not_repeated(world: World, value: bytes) -> None:
    before = dict(world.tree.files)
    with pytest.raises(CompilerError) as caught:
        take(world, FIELDS, KEY, value)
    assert value.decode() not in f"{caught.value}{caught.value.hint}"
    assert world.tree.files == before


def test_nothing_generated_is_given_by_accident(world: World) -> None:
    with pytest.raises(CompilerError, match="its values are made here"):
        take(world, FIELDS, KEY, OURS, generated=False)


def test_half_a_key_pair_is_refused(world: World) -> None:
    with pytest.raises(CompilerError):
        take(world, "pulp-container-auth", "private.pem", b"x")
