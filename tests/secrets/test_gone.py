"""What becomes of the secrets of an overlay whose spec is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from compiler.errors import CompilerError, ErrorGroup
from compiler.pulp.requirements import Requirements, SecretRequirement
from compiler.secrets import inventory, layout, recipients
from compiler.secrets.ensure import Gone, ensure
from compiler.secrets.membership import remove
from compiler.secrets.outcome import Outcome
from compiler.secrets.status import Row, status
from compiler.secrets.targets import Target
from tests.secrets.support import World, admin_password, api_tls, copy, everything, fields_key, person, s3
from tests.secrets.test_sealedsecrets import controller

PROD = Target("prod", Requirements((replace(admin_password(), namespace="production"),)), "sops")


class Two(World):
    """``demo``, and ``prod`` beside it."""

    with_demo = True

    @property
    def targets(self) -> tuple[Target, ...]:
        return (*(super().targets if self.with_demo else ()), PROD)


def run(world: World, *, missing: Gone = "keep", new: tuple[str, ...] = (), partly: bool = False) -> Outcome:
    with world.access(world.admin) as access:
        outcome = ensure(world.tree, world.targets, access, missing=missing, new=new, partly=partly)
    world.tree.apply(outcome.writes)
    return outcome


def rows(world: World) -> list[Row]:
    with world.access(None, sops=False) as access:
        return list(status(world.tree, world.targets, access))


def tell(world: World, overlay: str) -> None:
    """Pin a recipient for the cluster of ``overlay``."""
    text = recipients.extend(world.tree.read(layout.RECIPIENTS), {f"cluster-{overlay}": [person().recipient]}, {})
    world.tree.files[layout.RECIPIENTS] = text


@pytest.fixture(scope="module")
def both() -> Two:
    world = Two(everything())
    world.init()
    tell(world, "prod")
    world.tree.files.pop(layout.SOPS_RULES)
    run(world)
    return world


@pytest.fixture
def left(both: Two) -> World:
    """``demo`` is gone."""
    world = copy(both)
    world.with_demo = False  # type: ignore[attr-defined]
    return world


def test_status_lists_what_is_left_and_check_mentions_it(left: World) -> None:
    found = {row.id: row.condition for row in rows(left)}
    assert found["demo/pulp-db-fields-encryption"] == found["demo/pulp-ca"] == "orphan"
    assert found["prod/pulp-admin-password"] == "ok"
    (finding,) = left.check()
    assert finding.severity == "warning"
    assert "the overlay demo is gone" in finding.message


def test_nothing_is_removed_unasked(left: World) -> None:
    assert run(left).writes == {}


def test_pruning_removes_the_clusters_copy_and_keeps_every_value(left: World) -> None:
    before = left.lock()
    run(left, missing="prune")
    assert not [path for path in left.tree.files if path.startswith("secrets/demo/")]
    assert (left.lock().vault, left.lock().authorities) == (before.vault, before.authorities)
    assert left.check() == left.check(left.admin) == []
    assert {row.condition for row in rows(left)} == {"ok"}
    assert "kept in the vault" in {row.id: row for row in rows(left)}["demo/pulp-db-fields-encryption"].note


def test_what_was_pruned_comes_back_with_the_same_values(left: World) -> None:
    before = left.lock()
    run(left, missing="prune")
    left.with_demo = True  # type: ignore[attr-defined]
    run(left)
    made_once = {secret: entry for secret, entry in before.vault.items() if "tls.crt" not in entry.keys}
    assert "demo/pulp-db-fields-encryption" in made_once
    assert {secret: left.lock().vault[secret] for secret in made_once} == made_once
    assert left.lock().authorities == before.authorities
    assert left.check(left.admin) == []


def test_forgetting_removes_vault_and_cas_too(left: World) -> None:
    outcome = run(left, missing="forget")
    assert ("demo/pulp-db-fields-encryption", "prune") in {(step.secret, step.action) for step in outcome.steps}
    assert not [path for path in left.tree.files if "/demo" in path]
    assert all(secret.startswith("prod/") for secret in inventory.read(left.tree))
    assert left.check(left.admin) == []
    assert run(left).writes == {}


def test_forgetting_removes_the_clusters_recipients_and_the_pinned_certificate(left: World) -> None:
    left.init({"demo": controller(rsa.generate_private_key(65537, 2048))})
    text = left.tree.files[layout.RECIPIENTS]
    left.tree.files[layout.RECIPIENTS] = text.replace(b"  ci: []", b"  ci: []  # none yet")
    run(left, missing="prune")
    assert "demo" in recipients.read(left.tree).certificates  # the overlay may come back
    run(left, missing="forget")
    known = recipients.read(left.tree)
    assert set(known.groups) == {"admin", "ci", "cluster-prod"}
    assert known.certificates == {}
    assert b"# none yet" in left.tree.files[layout.RECIPIENTS]
    assert layout.controller_certificate("demo") not in left.tree.files
    assert b"secrets/demo" not in left.tree.files.get(layout.SOPS_RULES, b"")
    assert left.check(left.admin) == []


def test_who_leaves_does_not_open_what_is_kept(left: World) -> None:
    other = person().recipient
    text = recipients.extend(left.tree.read(layout.RECIPIENTS), {"admin": [other]}, {})
    left.tree.files[layout.RECIPIENTS] = text
    run(left, missing="prune")
    with left.access(left.admin) as access:
        left.tree.apply(remove(left.tree, left.targets, other, access).outcome.writes)
    held = [path for path in left.tree.files if "/demo" in path and path.endswith("sops.yaml")]
    assert any("/ca/" in path for path in held)
    assert all(other.encode() not in left.tree.files[path] for path in held)
    assert left.check(left.admin) == []


@pytest.mark.parametrize("pruned", [False, True])
def test_a_new_overlay_of_the_same_namespace_needs_a_word(pruned: bool) -> None:
    world = World(Requirements((admin_password(), fields_key()))).init()
    world.ensure(world.admin)
    world.overlay = "dev"
    tell(world, "dev")
    if pruned:
        world.requirements = Requirements(())
        run(world, missing="prune")
        world.requirements = Requirements((admin_password(), fields_key()))
    with pytest.raises(CompilerError, match="dev has no secrets, and the overlay demo that has some is gone"):
        run(world)
    run(world, new=("dev",))
    assert "dev/pulp-db-fields-encryption" in world.lock().vault


def test_another_namespace_needs_a_word_until_the_gone_one_is_pruned() -> None:
    world = World(Requirements((admin_password(),))).init()
    world.ensure(world.admin)
    world.overlay, here = "dev", replace(admin_password(), namespace="other")
    tell(world, "dev")
    world.requirements = Requirements((here,))
    with pytest.raises(CompilerError, match="is gone"):
        run(world)
    world.requirements = Requirements(())
    run(world, missing="prune")
    world.requirements = Requirements((here,))
    run(world)
    assert "dev/pulp-admin-password" in world.lock().secrets


def test_a_value_that_was_given_first_does_not_make_the_new_name_known() -> None:
    world = World(Requirements((fields_key(), s3()))).init()
    world.ensure(world.admin)
    world.overlay = "dev"
    tell(world, "dev")
    world.give("pulp-s3", {"s3-access-key-id": b"an id", "s3-secret-access-key": b"a key"}, world.admin)
    with pytest.raises(CompilerError, match="the overlay demo that has some is gone"):
        run(world)


class Lacking(World):
    """``demo``, and overlays that nobody is known to seal to."""

    @property
    def targets(self) -> tuple[Target, ...]:
        return (*super().targets, PROD, Target("stage", Requirements((fields_key(),)), "sealed-secrets"))


def test_an_overlay_without_a_recipient_does_not_stop_the_others() -> None:
    world = Lacking(Requirements((admin_password(), api_tls())))
    world.init()
    outcome = run(world, partly=True)
    assert [error.message for error in outcome.failed] == [
        "the cluster of prod has no age recipient",
        "the sealed-secrets controller of stage has no certificate here",
    ]
    assert set(world.lock().secrets) == {"demo/pulp-admin-password", "demo/pulp-api-tls"}
    assert all(secret.startswith("demo/") for secret in inventory.read(world.tree))
    assert not [path for path in outcome.writes if "prod" in path or "stage" in path]


def test_without_anybody_to_seal_to_nothing_is_written() -> None:
    world = Lacking(Requirements((SecretRequirement("pulp-x", "pulp", admin_password().materials),)))
    world.init()
    world.overlay = "lab"
    before = dict(world.tree.files)
    with pytest.raises(ErrorGroup):
        run(world, partly=True)
    assert world.tree.files == before


@pytest.mark.parametrize(("content", "words"), [(None, "is gone"), (b"{}\n", "not the one that the lock knows")])
def test_ensure_stops_without_the_digest_key(left: World, content: bytes | None, words: str) -> None:
    path = layout.vault(layout.DIGEST_KEY_ID)
    left.tree.apply({path: content})
    with pytest.raises(CompilerError, match=words) as caught:
        run(left)
    assert "restore it from Git" in str(caught.value.hint)


def test_a_value_is_not_set_without_the_digest_key() -> None:
    world = World(Requirements((s3(),))).init()
    del world.tree.files[layout.vault(layout.DIGEST_KEY_ID)]
    with pytest.raises(CompilerError, match="the vault's file is gone"):
        world.give("pulp-s3", {"s3-access-key-id": b"an id", "s3-secret-access-key": b"a key"}, world.admin)
