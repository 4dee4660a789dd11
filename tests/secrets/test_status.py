"""The dashboard says what is unset, what is due, and who can open what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from compiler.errors import CompilerError
from compiler.pulp.requirements import ExistingSecret, Requirements
from compiler.secrets import layout
from compiler.secrets.status import Row, status
from tests.secrets.support import NOW, World, admin_password, api_tls, copy, s3
from tests.secrets.test_sealedsecrets import controller


@pytest.fixture(scope="module")
def settled() -> World:
    """Everything in place; tests take copies."""
    world = World(Requirements((admin_password(), api_tls(), s3()))).init()
    world.ensure(world.admin)
    return world


@pytest.fixture
def world(settled: World) -> World:
    return copy(settled)


def rows(world: World) -> dict[str, Row]:
    with world.access(None, sops=False) as access:
        return {row.id: row for row in status(world.tree, world.targets, access)}


def test_each_secret_and_ca_has_a_row_with_its_readers(world: World) -> None:
    found = rows(world)
    assert list(found) == ["demo/pulp-admin-password", "demo/pulp-api-tls", "demo/pulp-s3", "demo/service CA g1"]
    admin = found["demo/pulp-admin-password"]
    assert (admin.kind, admin.condition, admin.generation, admin.backend) == ("generated", "ok", 1, "sops")
    assert admin.readers == ("cluster-demo", "admin")
    assert admin.consumers == ("Job/pulp-admin",)
    assert admin.changed == "2026-11-21T04:30:00Z"
    assert found["demo/service CA g1"].readers == ("admin",)
    assert found["demo/pulp-api-tls"].not_after == "2027-11-21T03:00:00Z"


def test_unset_missing_stale_and_wrong_are_told(world: World) -> None:
    assert rows(world)["demo/pulp-s3"].condition == "unset"
    world.want(admin_password(), api_tls("other"), s3())
    assert rows(world)["demo/pulp-api-tls"].condition == "stale"
    del world.tree.files[layout.LOCK]
    assert rows(world)["demo/pulp-admin-password"].condition == "wrong"


def test_a_leaf_is_due_at_a_third_of_its_life_and_critical_in_its_last_month(world: World) -> None:
    for days, condition in ((243, "ok"), (244, "renew"), (336, "expiring"), (366, "expired")):
        world.now = NOW + timedelta(days=days)
        assert rows(world)["demo/pulp-api-tls"].condition == condition, days


def test_a_ca_is_due_one_leafs_life_before_its_end(world: World) -> None:
    world.now = NOW + timedelta(days=3650 - 366)
    assert rows(world)["demo/service CA g1"].condition == "ok"
    world.now = NOW + timedelta(days=3650 - 364)
    assert rows(world)["demo/service CA g1"].condition == "renew"


def test_what_nobody_wants_any_more_is_an_orphan(world: World) -> None:
    world.want(admin_password())
    assert rows(world)["demo/pulp-api-tls"].condition == "orphan"


def test_a_controllers_certificate_is_watched() -> None:
    world = World(Requirements((admin_password(),)), backend="sealed-secrets")
    world.init({"demo": controller(rsa.generate_private_key(65537, 2048), days=365)})
    world.ensure(None, sops=True)
    assert rows(world)["demo/controller"].condition == "ok"
    assert rows(world)["demo/pulp-admin-password"].readers == ("controller",)
    world.later(days=280)
    assert rows(world)["demo/controller"].condition == "renew"
    world.later(days=100)
    assert rows(world)["demo/controller"].condition == "wrong"


def test_a_secret_that_somebody_else_makes_is_told_and_never_due(world: World) -> None:
    theirs = ExistingSecret(
        "team", "pulp-demo", ("pw",), "pulp-admin-password", {"password": "pw"}, ("Job/pulp-admin-password",)
    )
    world.requirements = Requirements((api_tls(), s3()), existing=(theirs,))
    with world.access(None, sops=False) as access:
        found = [row for row in status(world.tree, world.targets, access) if row.id == "demo/pulp-admin-password"]
    orphan, row = sorted(found, key=lambda row: row.kind)
    assert orphan.condition == "orphan"  # what was sealed before is to be pruned
    assert (row.kind, row.condition, row.generation, row.readers) == ("existing", "ok", 0, ())
    assert row.holds == ("password: its key pw",)
    assert row.consumers == ("Job/pulp-admin-password",)
    assert "the Secret team" in row.note


def test_nothing_is_made_for_a_secret_that_somebody_else_makes(world: World) -> None:
    theirs = ExistingSecret("team", "pulp-demo", ("pw",), "pulp-s3", {"s3-access-key-id": "pw"})
    world.requirements = Requirements((admin_password(), api_tls()), existing=(theirs,))
    outcome = world.ensure()
    assert not any("s3" in path for path in outcome.writes)
    assert [step.action for step in outcome.steps] == ["keep", "keep"]
    with pytest.raises(CompilerError, match="demo/pulp-s3 is made by somebody else: the spec names the Secret team"):
        world.give("pulp-s3", {"s3-access-key-id": b"x"})
