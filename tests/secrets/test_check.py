"""Check finds every edit that sops alone does not, without any key; deep finds the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import yaml

from compiler.errors import CompilerError
from compiler.pulp.requirements import Requirements, TrustBundle
from compiler.secrets import digest, layout, lock
from compiler.secrets.check import check
from tests.secrets.support import World, admin_password, api_tls, copy, fields_key, person

FILE = "secrets/demo/pulp-admin-password.sops.yaml"


@pytest.fixture(scope="module")
def sound() -> World:
    secrets = (admin_password(), fields_key(), api_tls())
    world = World(Requirements(secrets, (TrustBundle("pulp-ca", "pulp", {"ca.crt": "service"}),))).init()
    world.ensure(world.admin)
    return world


@pytest.fixture
def world(sound: World) -> World:
    return copy(sound)


def edit(world: World, path: str, change: Callable[[dict], object], *, lock_too: bool = False) -> None:  # type: ignore[type-arg]
    """Change a file as an attacker with write access to Git would; ``lock_too``: the lock's digest as well."""
    document = yaml.safe_load(world.tree.files[path])
    change(document)
    before = digest.of_file(world.tree.files[path])
    world.tree.files[path] = yaml.safe_dump(document).encode()
    if lock_too:
        content = world.tree.files[layout.LOCK].decode()
        after = digest.of_file(world.tree.files[path])
        world.tree.files[layout.LOCK] = content.replace(before, after).encode()


def test_what_was_just_sealed_has_no_finding(world: World) -> None:
    assert world.check() == []
    assert world.check(world.admin) == []


EDITS: dict[str, Callable[[dict], object]] = {  # type: ignore[type-arg]
    "rename a cleartext key": lambda d: d["metadata"].update(nome=d["metadata"].pop("name")),
    "add a null field": lambda d: d.update(immutable=None),
    "add an empty value": lambda d: d["data"].update(extra=""),
    "move a character from name to namespace": lambda d: d["metadata"].update(
        name="ulp-admin-password", namespace="pulpp"
    ),
    "add a recipient": lambda d: d["sops"]["age"].append({**d["sops"]["age"][0], "recipient": person().recipient}),
    "change encrypted_regex": lambda d: d["sops"].update(encrypted_regex="^x$"),
    "change the version": lambda d: d["sops"].update(version="3.0.0"),
    "add a Vault server": lambda d: d["sops"].update(hc_vault=[{"vault_address": "http://127.0.0.1:9"}]),
    "another type": lambda d: d.update(type="kubernetes.io/tls"),
    "allow substitution": lambda d: d["metadata"].pop("annotations"),
    "replace a value": lambda d: d["data"].update(password="cGxhaW4="),
}


@pytest.mark.parametrize("name", list(EDITS))
def test_each_edit_of_a_sealed_file_is_found_without_a_key(world: World, name: str) -> None:
    edit(world, FILE, EDITS[name])
    assert any(finding.path == FILE for finding in world.check())


@pytest.mark.parametrize("name", [name for name in EDITS if name != "change the version"])
def test_each_edit_is_found_even_when_the_lock_was_edited_along(world: World, name: str) -> None:
    edit(world, FILE, EDITS[name], lock_too=True)
    assert any(finding.path == FILE for finding in world.check())


def test_an_older_file_put_back_is_found(world: World) -> None:
    old = world.tree.files[FILE]
    world.tree.files[layout.RECIPIENTS] = world.tree.files[layout.RECIPIENTS].replace(
        world.cluster.recipient.encode(), person().recipient.encode()
    )
    world.ensure(world.admin)
    assert world.check() == []
    world.tree.files[FILE] = old
    assert any("older one" in finding.message for finding in world.check())


def test_a_recipient_added_to_the_configuration_alone_is_found(world: World) -> None:
    path = layout.RECIPIENTS
    world.tree.files[path] = world.tree.files[path].replace(
        b"  cluster-demo:\n", f"  cluster-demo:\n    - {person().recipient}\n".encode()
    )
    assert any("recipients have changed" in finding.message for finding in world.check())


@pytest.mark.parametrize(
    "path",
    [
        "secrets/demo/plain.yaml", "secrets/demo/pulp-admin-password.yaml", "secrets/vault/demo/x.sops.yaml",
        "secrets/trust/demo.service.g2.crt", "secrets/ca/demo.service.g1.key", "secrets/notes.txt",
    ],
)  # fmt: skip
def test_a_file_that_nothing_accounts_for_is_found(world: World, path: str) -> None:
    world.tree.files[path] = b"kind: Secret\n"
    assert [finding.path for finding in world.check()] == [path]


@pytest.mark.parametrize(
    "path",
    [
        layout.vault("demo/pulp-admin-password"), layout.vault(layout.DIGEST_KEY_ID),
        "secrets/demo/pulp-ca.configmap.yaml", "secrets/ca/demo.service.g1.sops.yaml",
        "secrets/trust/demo.service.g1.crt", FILE,
    ],
)  # fmt: skip
def test_a_missing_or_edited_file_is_found(world: World, path: str) -> None:
    content = world.tree.files[path]
    world.tree.files[path] = content + b"#\n"
    assert any(finding.path == path for finding in world.check())
    del world.tree.files[path]
    assert world.check() != []


def test_a_kustomization_that_lists_something_else_is_found(world: World) -> None:
    path = layout.kustomization("demo")
    edit(world, path, lambda d: d["resources"].append("http://example.com/evil.yaml"))
    assert [finding.path for finding in world.check()] == [path]


def test_an_inventory_that_says_something_else_is_found(world: World) -> None:
    edit(world, layout.INVENTORY, lambda d: d["secrets"]["demo/pulp-api-tls"].update(consumers=["Job/evil"]))
    assert [finding.path for finding in world.check()] == [layout.INVENTORY]


def test_what_the_spec_wants_now_but_is_not_sealed_is_found(world: World) -> None:
    world.want(admin_password(), fields_key(), api_tls("other"))
    assert any("what it must hold has changed" in finding.message for finding in world.check())


def test_deep_finds_a_cluster_copy_of_another_value(world: World) -> None:
    other = replace(world, tree=type(world.tree)({})).init()
    other.ensure(other.admin)
    document = yaml.safe_load(other.tree.files[FILE])
    edit(world, FILE, lambda d: d.update(document), lock_too=True)
    assert world.check() == []
    assert any("its values are not the vault's" in finding.message for finding in world.check(world.admin))


def test_deep_finds_a_digest_that_is_not_the_vaults(world: World) -> None:
    known = world.lock()
    entry = replace(known.secrets["demo/pulp-admin-password"], digest="0" * 64)
    changed = replace(known, secrets={**known.secrets, "demo/pulp-admin-password": entry})
    world.tree.files[layout.LOCK] = lock.dump(changed)
    assert world.check() == []
    assert any("the digest is not that" in finding.message for finding in world.check(world.admin))


def test_deep_finds_a_ca_key_that_is_not_the_cas(world: World) -> None:
    other = replace(world, tree=type(world.tree)({})).init()
    other.ensure(other.admin)
    path = "secrets/ca/demo.service.g1.sops.yaml"
    document = yaml.safe_load(other.tree.files[path])
    edit(world, path, lambda d: d.update(document), lock_too=True)
    assert world.check() == []
    assert any("does not belong" in finding.message for finding in world.check(world.admin))


def test_deep_needs_an_identity_that_fits(world: World) -> None:
    with world.access(None) as access, pytest.raises(CompilerError, match="needs an administrator's identity"):
        check(world.tree, world.targets, access, open_everything=True)
    with pytest.raises(CompilerError, match="none of the identities opens it"):
        world.check(person())


def test_what_is_due_is_found(world: World) -> None:
    world.later(days=250)
    assert {finding.severity for finding in world.check()} == {"warning"}
    world.later(days=100)
    assert {finding.severity for finding in world.check()} == {"error"}
