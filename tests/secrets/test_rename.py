"""An overlay under another name keeps every value, CA and generation; nothing is made anew in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from compiler.errors import CompilerError
from compiler.secrets import inventory, layout, recipients
from compiler.secrets.plaintext import Values
from compiler.secrets.rename import rename
from tests.secrets.support import MemoryTree, Person, World, copy, everything, person
from tests.secrets.test_sealedsecrets import controller


def opened(world: World) -> dict[str, Values]:
    """Every value of the vault, by id."""
    known = world.lock()
    with world.access(world.admin) as access:
        return {
            secret: access.open(world.tree, known, secret, "the test looks")
            for secret in known.vault
            if secret != layout.DIGEST_KEY_ID
        }


def move(world: World, who: Person | None, old: str = "demo", new: str = "dev") -> None:
    with world.access(who) as access:
        world.tree.apply(rename(world.tree, world.targets, old, new, access).writes)


@pytest.fixture(scope="module")
def full() -> World:
    world = World(everything()).init()
    world.ensure(world.admin)
    world.tree.files["overlays/demo/pulp.yaml"] = b""
    return world


@pytest.fixture
def moved(full: World) -> World:
    """The overlay's folder has another name, its secrets not yet."""
    world = replace(copy(full), overlay="dev")
    world.tree.files["overlays/dev/pulp.yaml"] = world.tree.files.pop("overlays/demo/pulp.yaml")
    return world


def test_ensure_refuses_a_new_name_beside_a_gone_one(moved: World) -> None:
    before = dict(moved.tree.files)
    with pytest.raises(CompilerError, match="would make its database unreadable") as caught:
        moved.ensure(moved.admin)
    assert "compiler secrets rename demo dev" in str(caught.value.hint)
    assert moved.tree.files == before


def test_every_value_ca_and_generation_is_the_same_afterwards(full: World, moved: World) -> None:
    old, values = full.lock(), opened(full)
    move(moved, moved.admin)
    now = moved.lock()
    assert {secret.replace("dev/", "demo/"): held for secret, held in opened(moved).items()} == values
    assert "demo/pulp-db-fields-encryption" in values
    assert {layout.split(one)[1]: seal for one, seal in now.secrets.items()} == {
        layout.split(one)[1]: seal for one, seal in old.secrets.items()
    }
    for kind in ("service", "upstream"):
        path = layout.authority_certificate(f"demo/{kind}", 1)
        assert moved.tree.read(path.replace("demo", "dev")) == full.tree.read(path)
    assert not [path for path in moved.tree.files if "demo" in path]
    assert all(secret.startswith("dev/") for secret in inventory.read(moved.tree))
    assert recipients.read(moved.tree).cluster("dev") == recipients.read(full.tree).cluster("demo")


def test_afterwards_everything_is_in_place(moved: World) -> None:
    move(moved, moved.admin)
    assert moved.ensure(None, sops=False).writes == {}
    assert moved.check() == []
    assert moved.check(moved.admin) == []


def test_a_ca_still_issues_under_the_new_name(moved: World) -> None:
    move(moved, moved.admin)
    before = moved.lock().authorities
    moved.want(*[replace(one, labels={"app": "other"}) for one in moved.requirements.secrets])
    moved.later(days=1)
    moved.ensure(moved.admin)
    assert moved.lock().authorities == before
    assert moved.check(moved.admin) == []


def test_a_recipient_that_was_given_for_the_new_name_is_kept(moved: World) -> None:
    cluster = person().recipient
    text = recipients.extend(moved.tree.read(layout.RECIPIENTS), {"cluster-dev": [cluster]}, {})
    moved.tree.files[layout.RECIPIENTS] = text
    move(moved, moved.admin)
    who = recipients.read(moved.tree)
    assert who.groups["cluster-dev"] == (cluster,)
    assert "cluster-demo" not in who.groups
    values = opened(moved)
    moved.ensure(moved.admin)
    assert opened(moved) == values
    assert moved.check(moved.admin) == []


def test_what_a_controller_opens_moves_as_it_is() -> None:
    pem = controller(rsa.generate_private_key(65537, 2048))
    world = World(everything(), backend="sealed-secrets").init({"demo": pem})
    world.ensure(world.admin)
    world.overlay = "dev"
    files = dict(world.tree.files)
    move(world, world.admin)
    path = "secrets/{}/pulp-db-fields-encryption.sealed.yaml"
    assert world.tree.files[path.format("dev")] == files[path.format("demo")]
    assert world.tree.files["secrets/trust/dev.controller.crt"] == pem
    assert world.ensure(None, sops=False).writes == {}
    assert world.check(world.admin) == []


def test_it_needs_an_identity(moved: World) -> None:
    with pytest.raises(CompilerError, match="administrator's identity"):
        move(moved, None)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("other", "dev", "knows no secrets"), ("demo", "prod", "is no overlay"), ("demo", "vault", "another meaning")],
)
def test_a_wrong_name_is_refused(moved: World, old: str, new: str, words: str) -> None:
    with pytest.raises(CompilerError, match=words):
        move(moved, moved.admin, old, new)


def test_an_overlay_that_is_still_there_is_not_renamed(moved: World) -> None:
    moved.tree.files["overlays/demo/pulp.yaml"] = b""
    with pytest.raises(CompilerError, match="is still there"):
        move(moved, moved.admin)


def test_one_that_has_secrets_already_is_not_overwritten(moved: World) -> None:
    tree = MemoryTree(moved.tree.files)
    move(moved, moved.admin)
    again = replace(moved, overlay="demo", tree=tree)
    again.tree.files[layout.LOCK] = (
        tree.files[layout.LOCK]
        .decode()
        .replace('"bundles": {', '"bundles": {"dev/x": {"generation": 1, "sha256": "0"},')
    ).encode()
    again.overlay = "dev"
    with pytest.raises(CompilerError, match="has secrets already"):
        move(again, again.admin)


@pytest.mark.parametrize("path", ["secrets/vault/demo/pulp-secret-key.sops.yaml", "secrets/trust/demo.service.g1.crt"])
def test_an_edited_file_stops_it(moved: World, path: str) -> None:
    moved.tree.files[path] += b"# edited\n"
    with pytest.raises(CompilerError, match="not the file that the lock knows"):
        move(moved, moved.admin)
