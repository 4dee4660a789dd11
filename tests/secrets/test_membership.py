"""People and clusters come and go; values stay until somebody replaces them."""

from __future__ import annotations

import base64

import pyrage
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa

from compiler.errors import CompilerError
from compiler.secrets import layout, membership, sops, sopsfile, tool
from compiler.secrets.ensure import ensure
from compiler.secrets.plaintext import Values
from tests.secrets.support import Person, World, admin_password, api_tls, copy, fields_key, person, sealed_files, small
from tests.secrets.test_sealedsecrets import controller, unseal

DB_KEY = "demo/pulp-db-fields-encryption"


@pytest.fixture(scope="module")
def settled() -> World:
    """Everything in place; tests take copies."""
    world = small(admin_password(), fields_key(), api_tls())
    world.ensure(world.admin)
    return world


@pytest.fixture
def world(settled: World) -> World:
    return copy(settled)


def values(world: World, who: Person) -> Values:
    with world.access(who) as access:
        return access.open(world.tree, world.lock(), DB_KEY, "the test looks")


def join(world: World, group: str, who: Person) -> None:
    with world.access(world.admin) as access:
        outcome = membership.add(world.tree, world.targets, group, who.recipient, access)
    world.tree.apply(outcome.writes)


def leave(world: World, who: Person, by: Person, group: str | None = None) -> membership.Departure:
    with world.access(by) as access:
        left = membership.remove(world.tree, world.targets, who.recipient, access, group=group)
    world.tree.apply(left.outcome.writes)
    return left


def test_a_second_administrator_reads_everything_at_once(world: World) -> None:
    second, before = person(), values(world, world.admin)
    join(world, "admin", second)
    assert values(world, second) == before
    assert world.check(second) == []
    assert world.ensure(None, sops=False).writes == {}


def test_ci_reads_the_vault_and_neither_ca_keys_nor_what_clusters_get(world: World) -> None:
    pipeline = person()
    join(world, "ci", pipeline)
    assert values(world, pipeline) == values(world, world.admin)
    for path in sealed_files(world):
        found = {block["recipient"] for block in yaml.safe_load(world.tree.files[path])["sops"]["age"]}
        assert (pipeline.recipient in found) is path.startswith("secrets/vault/"), path


def test_who_left_cannot_open_new_files_even_with_an_old_key_block(world: World) -> None:
    second = person()
    join(world, "admin", second)
    path = layout.sealed(DB_KEY, "sops")
    old = yaml.safe_load(world.tree.files[path])
    left = leave(world, second, world.admin)
    new = yaml.safe_load(world.tree.files[path])
    assert second.recipient not in str(new)
    new["sops"]["age"] = [block for block in old["sops"]["age"] if block["recipient"] == second.recipient]
    with pytest.raises(sopsfile.StructureError, match="data key"):
        sopsfile.open_values(new, second.identity)
    assert sopsfile.open_values(old, second.identity)
    assert DB_KEY in left.secrets
    assert left.authorities == ("demo/service",)
    assert world.check(world.admin) == []


def test_a_cluster_that_leaves_exposes_only_what_it_got(world: World) -> None:
    newcomer = person()
    join(world, "cluster-demo", newcomer)
    left = leave(world, world.cluster, world.admin)
    assert left.secrets == tuple(sorted(world.lock().secrets))
    assert left.authorities == ()
    opened = sops.unseal(
        tool.find(None),
        world.tree.files[layout.sealed(DB_KEY, "sops")],
        "x",
        sorted([newcomer.recipient, world.admin.recipient]),
        newcomer.identities(),
    )
    assert opened == values(world, world.admin)


def test_the_last_one_of_a_group_cannot_leave_and_strangers_are_told(world: World) -> None:
    before = dict(world.tree.files)
    for who in (world.admin, world.cluster):
        with pytest.raises(CompilerError, match=r"has no (age )?recipient"):
            leave(world, who, world.admin)
    with pytest.raises(CompilerError, match="is not in any group"):
        leave(world, person(), world.admin)
    with pytest.raises(CompilerError, match="is not in group ci"):
        leave(world, world.admin, world.admin, "ci")
    with pytest.raises(CompilerError, match="groups are admin"):
        join(world, "admins", person())
    assert world.tree.files == before


def data_key(world: World, path: str) -> bytes:
    block = yaml.safe_load(world.tree.files[path])["sops"]["age"]
    mine = next(one["enc"] for one in block if one["recipient"] == world.admin.recipient)
    body = base64.b64decode("".join(mine.split("\n")[1:-2]))
    return bytes(pyrage.decrypt(body, [pyrage.x25519.Identity.from_str(world.admin.identity)]))


def test_rekey_gives_every_file_a_new_data_key_and_no_pod_restarts(world: World) -> None:
    before, lock = {path: data_key(world, path) for path in sealed_files(world)}, world.lock()
    value = values(world, world.admin)
    with world.access(world.admin) as access:
        world.tree.apply(ensure(world.tree, world.targets, access, again="everything").writes)
    assert all(data_key(world, path) != key for path, key in before.items())
    assert values(world, world.admin) == value
    after = world.lock()
    assert {key: entry.generation for key, entry in after.secrets.items()} == {
        key: entry.generation for key, entry in lock.secrets.items()
    }
    assert world.check(world.admin) == []


def test_reseal_serves_a_cluster_that_lost_its_key_from_the_vault(world: World) -> None:
    value = values(world, world.admin)["database_fields.symmetric.key"].reveal()
    world.backend = "sealed-secrets"
    world.init({"demo": controller(rsa.generate_private_key(65537, 2048))})
    world.ensure(world.admin)
    key = rsa.generate_private_key(65537, 2048)
    world.init({"demo": controller(key)})
    assert world.ensure(None, sops=False).writes == {}
    vault = {path: world.tree.files[path] for path in sealed_files(world)}
    with world.access(world.admin) as access:
        world.tree.apply(ensure(world.tree, world.targets, access, again="cluster").writes)
    sealed = yaml.safe_load(world.tree.files[layout.sealed(DB_KEY, "sealed-secrets")])["spec"]["encryptedData"]
    assert unseal(sealed["database_fields.symmetric.key"], b"pulp/pulp-db-fields-encryption", key) == value
    assert {path: world.tree.files[path] for path in sealed_files(world)} == vault
    assert world.check(world.admin) == []
