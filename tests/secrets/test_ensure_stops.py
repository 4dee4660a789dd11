"""What stops ensure: records that contradict each other, things that were edited or swapped, nobody to seal to."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa

from compiler.errors import CompilerError, ErrorGroup
from compiler.pulp.requirements import Password, Requirements, SecretRequirement
from compiler.secrets import layout, sealedsecrets
from tests.secrets.support import (
    DB_KEY,
    World,
    admin_password,
    api_tls,
    everything,
    small,
)
from tests.secrets.test_sealedsecrets import controller
from tests.secrets.test_sops import stub


@pytest.mark.parametrize(
    "lost", ["lock", "vault", "both files", "lock and sealed", "lock and vault", "all but inventory"]
)
def test_the_database_field_key_is_never_made_twice(world: World, lost: str) -> None:
    sealed, vault = layout.sealed(DB_KEY, "sops"), layout.vault(DB_KEY)
    gone = {
        "lock": [layout.LOCK],
        "vault": [vault],
        "both files": [vault, sealed],
        "lock and sealed": [layout.LOCK, sealed],
        "lock and vault": [layout.LOCK, vault],
        "all but inventory": [layout.LOCK, vault, sealed],
    }[lost]
    for path in gone:
        del world.tree.files[path]
    before = dict(world.tree.files)
    with pytest.raises(CompilerError) as caught:
        world.ensure(world.admin)
    assert DB_KEY in str(caught.value)
    assert world.tree.files == before


@pytest.mark.parametrize("folder", ["vault/demo", "demo"])
def test_an_edited_or_older_file_stops_the_run(world: World, folder: str) -> None:
    path = f"secrets/{folder}/pulp-admin-password.sops.yaml"
    world.tree.files[path] = world.tree.files[path].replace(b"3.11.0", b"3.11.1")
    with pytest.raises(CompilerError, match="edited, or an older one"):
        world.ensure(world.admin)


def test_another_controller_certificate_than_the_pinned_one_stops_the_run() -> None:
    world = World(Requirements((admin_password(),)), backend="sealed-secrets")
    world.init({"demo": controller(rsa.generate_private_key(65537, 2048))})
    path = layout.controller_certificate("demo")
    world.tree.files[path] = controller(rsa.generate_private_key(65537, 2048))
    with pytest.raises(CompilerError, match="not the pinned certificate"):
        world.ensure(None)


@pytest.mark.parametrize("forged", [False, True])
def test_a_swapped_or_forged_value_in_a_sealed_secret_is_found(forged: bool) -> None:
    pair = SecretRequirement("pulp-pair", "pulp", (Password("a"), Password("b")))
    world = World(Requirements((pair,)), backend="sealed-secrets")
    world.init({"demo": controller(rsa.generate_private_key(65537, 2048))}).ensure()
    path = "secrets/demo/pulp-pair.sealed.yaml"
    document = yaml.safe_load(world.tree.files[path])
    data = document["spec"]["encryptedData"]
    if forged:
        certificate = sealedsecrets.read_certificate(
            world.tree.files[layout.controller_certificate("demo")], now=world.now, path=""
        )
        data["a"] = sealedsecrets.seal_value(b"forged", b"pulp/pulp-pair", certificate.key)
    else:
        data["a"], data["b"] = data["b"], data["a"]
    world.tree.files[path] = yaml.safe_dump(document).encode()
    assert path in {finding.path for finding in world.check()}
    with pytest.raises(CompilerError, match="edited, or an older one"):
        world.ensure(world.admin)


def test_a_cluster_without_a_recipient_is_told_what_to_do() -> None:
    world = small(admin_password())
    world.overlay = "other"
    with pytest.raises(CompilerError, match="has no age recipient") as caught:
        world.ensure(None)
    assert "--cluster other=age1" in str(caught.value)
    world.backend = "sealed-secrets"
    with pytest.raises(CompilerError, match="no certificate here") as caught:
        world.ensure(None)
    assert "--cert other=" in str(caught.value)


def test_all_contradictions_are_told_at_once(world: World) -> None:
    del world.tree.files[layout.LOCK]
    with pytest.raises(ErrorGroup) as caught:
        world.ensure(world.admin)
    assert len(caught.value.errors) == 6


def test_an_edited_trust_bundle_stops_the_run(world: World) -> None:
    path = "secrets/demo/pulp-ca.configmap.yaml"
    world.tree.files[path] += b"# and one more CA\n"
    with pytest.raises(CompilerError, match="trust bundle is not the one"):
        world.ensure(None, sops=False)


def test_a_swapped_ca_certificate_stops_the_run(world: World) -> None:
    other = small(api_tls())
    other.ensure()
    path = layout.authority_certificate("demo/service", 1)
    world.tree.files[path] = other.tree.files[path]
    with pytest.raises(CompilerError, match="CA's certificate is not the one"):
        world.ensure(None, sops=False)


def test_nothing_is_returned_when_one_seal_fails(tmp_path: Path) -> None:
    body = "sys.exit(1) if b'pulp-secret-key' in given else sys.stdout.buffer.write(real())"
    world = World(everything()).init()
    before = dict(world.tree.files)
    world.sops = stub(tmp_path, body).path
    with pytest.raises(CompilerError, match="could not seal"):
        world.ensure(None)
    assert world.tree.files == before


@pytest.mark.parametrize("name", ["vault", "ca/x", "trust", "Demo", "a_b", "x" * 41])
def test_an_overlay_whose_name_means_something_else_is_refused(name: str) -> None:
    world = small(admin_password())
    with pytest.raises(CompilerError):
        layout.check_overlay(name)
    world.overlay = name
    with pytest.raises(CompilerError):
        world.ensure(None)


def test_an_overlay_that_wants_a_secret_twice_is_refused() -> None:
    with pytest.raises(CompilerError, match="wanted twice"):
        small(admin_password(), admin_password()).ensure()


@pytest.mark.parametrize("content", [b"", b"<<<<<<< ours\n", b"[]", b"{}", b'{"version": 2}', b"\xff"])
def test_a_damaged_lock_stops_the_run(world: World, content: bytes) -> None:
    world.tree.files[layout.LOCK] = content
    with pytest.raises(CompilerError, match="lock"):
        world.ensure(world.admin)
