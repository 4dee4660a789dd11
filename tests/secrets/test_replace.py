"""Renewing and rotating replace what they should, and nothing else."""

from __future__ import annotations

import pytest

from compiler.errors import CompilerError
from compiler.pulp.requirements import Given, Leaf, Password, SecretRequirement
from compiler.secrets import generations, pki, replace
from compiler.secrets.outcome import Outcome
from compiler.secrets.plaintext import Plaintext, Values
from tests.secrets.support import Person, World, actions, admin_password, api_tls, copy, fields_key, s3, small

CLIENT = SecretRequirement("pulp-web-client", "pulp", (Leaf("client", "pulp-web", (), "upstream"),))
MIXED = SecretRequirement("pulp-mixed", "pulp", (Given({"user": "name"}), Password("password")))


@pytest.fixture(scope="module")
def settled() -> World:
    """Everything in place; tests take copies."""
    world = small(admin_password(), fields_key(), api_tls(), CLIENT)
    world.ensure(world.admin)
    return world


@pytest.fixture
def world(settled: World) -> World:
    return copy(settled)


def values(world: World, name: str) -> Values:
    with world.access(world.admin) as access:
        return access.open(world.tree, world.lock(), f"demo/{name}", "the test looks")


def renew(world: World, who: Person | None, *, everything: bool = False) -> Outcome:
    with world.access(who, sops=who is not None) as access:
        outcome = replace.renew(world.tree, world.targets, access, everything=everything)
    world.tree.apply(outcome.writes)
    return outcome


def rotate(world: World, name: str) -> Outcome:
    with world.access(world.admin) as access:
        outcome = replace.rotate(world.tree, world.targets, f"demo/{name}", access)
    world.tree.apply(outcome.writes)
    return outcome


def test_nothing_is_renewed_before_it_is_due(world: World) -> None:
    world.later(days=243)
    assert renew(world, None).writes == {}


def test_what_is_due_gets_a_new_certificate_and_key_under_the_same_ca(world: World) -> None:
    before = values(world, "pulp-api-tls")
    world.later(days=245)
    with pytest.raises(CompilerError, match="needs an administrator's identity"):
        renew(world, None)
    assert actions(renew(world, world.admin)) == {"pulp-api-tls": "renew", "pulp-web-client": "renew"}
    after = values(world, "pulp-api-tls")
    assert after["tls.key"] != before["tls.key"]
    old, new = (pki.read(one["tls.crt"].reveal()) for one in (before, after))
    assert (new.dns_names, new.subject, new.issuer) == (old.dns_names, old.subject, old.issuer)
    assert new.serial != old.serial
    assert (new.not_after - old.not_after).days == 245
    assert generations(world.tree, "demo") == {
        "pulp-admin-password": 1, "pulp-db-fields-encryption": 1, "pulp-api-tls": 2, "pulp-web-client": 2,
    }  # fmt: skip
    assert world.check(world.admin) == []
    assert renew(world, None).writes == {}
    assert world.ensure(None, sops=False).writes == {}


def test_all_can_be_renewed_at_once(world: World) -> None:
    assert set(actions(renew(world, world.admin, everything=True))) == {"pulp-api-tls", "pulp-web-client"}


def test_rotating_makes_a_new_value_and_counts(world: World) -> None:
    before = values(world, "pulp-admin-password")
    rotate(world, "pulp-admin-password")
    assert values(world, "pulp-admin-password") != before
    assert generations(world.tree, "demo")["pulp-admin-password"] == 2
    assert world.check(world.admin) == []


def test_the_database_field_key_is_not_rotated(world: World) -> None:
    before = dict(world.tree.files)
    with pytest.raises(CompilerError, match="database-field key"):
        rotate(world, "pulp-db-fields-encryption")
    assert world.tree.files == before


def test_given_values_stay_when_the_rest_is_rotated() -> None:
    world = small(MIXED, s3(), admin_password())
    world.give("pulp-mixed", {"user": b"me"})
    before = values(world, "pulp-mixed")
    rotate(world, "pulp-mixed")
    after = values(world, "pulp-mixed")
    assert after["user"] == Plaintext(b"me")
    assert after["password"] != before["password"]
    with pytest.raises(CompilerError, match="is given"):
        rotate(world, "pulp-s3")
    with pytest.raises(CompilerError, match="does not exist yet"):
        rotate(world, "pulp-admin-password")


def test_a_tampered_file_is_not_rotated_away(world: World) -> None:
    world.tree.files["secrets/demo/pulp-admin-password.sops.yaml"] += b"#"
    with pytest.raises(CompilerError, match="edited, or an older one"):
        rotate(world, "pulp-admin-password")
