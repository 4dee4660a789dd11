"""Ensure creates what is missing, seals what changed, and touches nothing else."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa

from compiler.errors import CompilerError, ErrorGroup
from compiler.pulp.requirements import FernetKey, Password, Requirements, SecretRequirement, TrustBundle
from compiler.secrets import declared, generations, layout, lock, pki, plan, sealedsecrets, sops, tool
from compiler.secrets.plaintext import Values
from compiler.secrets.start import initialize
from tests.secrets.support import (
    World,
    actions,
    admin_password,
    api_tls,
    copy,
    everything,
    fields_key,
    person,
    s3,
    sealed_files,
    small,
)
from tests.secrets.test_sealedsecrets import controller, unseal
from tests.secrets.test_sops import stub
from tests.support.oracle import kustomize_build

DB_KEY = "demo/pulp-db-fields-encryption"


def values(world: World, secret: str) -> Values:
    """What the vault holds, opened by the administrator."""
    with world.access(world.admin) as access:
        return access.open(world.tree, world.lock(), secret, "the test looks")


@pytest.fixture(scope="module")
def full() -> World:
    """Everything ensured by an administrator; tests take copies."""
    world = World(everything()).init()
    world.ensure(world.admin)
    return world


@pytest.fixture
def world(full: World) -> World:
    return copy(full)


def test_everything_is_created_but_given_values(world: World) -> None:
    files = world.tree.files
    assert {path for path in files if path.startswith("secrets/demo/")} == {
        "secrets/demo/kustomization.yaml",
        "secrets/demo/pulp-admin-password.sops.yaml",
        "secrets/demo/pulp-api-tls.sops.yaml",
        "secrets/demo/pulp-ca.configmap.yaml",
        "secrets/demo/pulp-container-auth.sops.yaml",
        "secrets/demo/pulp-db-fields-encryption.sops.yaml",
        "secrets/demo/pulp-secret-key.sops.yaml",
        "secrets/demo/pulp-web-client.sops.yaml",
    }
    listed = yaml.safe_load(files["secrets/demo/kustomization.yaml"])["resources"]
    assert sorted(listed) == sorted(
        path.rpartition("/")[2] for path in files if path.startswith("secrets/demo/") and "kustomization" not in path
    )


def test_every_sealed_file_is_for_exactly_those_who_should_open_it(world: World) -> None:
    for path in sealed_files(world):
        found = {block["recipient"] for block in yaml.safe_load(world.tree.files[path])["sops"]["age"]}
        wanted = {world.admin.recipient} | ({world.cluster.recipient} if path.startswith("secrets/demo/") else set())
        assert found == wanted, path


def test_the_real_sops_opens_every_file_with_the_right_identity_alone(world: World) -> None:
    found = tool.find(None)
    for path in sealed_files(world):
        for who, opens in ((world.admin, True), (world.cluster, path.startswith("secrets/demo/")), (person(), False)):
            done = subprocess.run(
                [str(found.path), "decrypt", "--input-type", "yaml", "--output-type", "json"],
                input=world.tree.files[path],
                capture_output=True,
                env={"SOPS_AGE_KEY": who.identity, "HOME": "/nonexistent"},
                check=False,
            )
            assert (done.returncode == 0) is opens, (path, done.returncode)


def test_what_the_cluster_gets_builds_with_kustomize(world: World, tmp_path: Path) -> None:
    for path, content in world.tree.files.items():
        if path.startswith("secrets/demo/"):
            (tmp_path / path.rpartition("/")[2]).write_bytes(content)
    built = kustomize_build(tmp_path)
    assert built.returncode == 0, built.stderr
    kinds = [document["kind"] for document in yaml.safe_load_all(built.stdout)]
    assert sorted(kinds) == ["ConfigMap"] + ["Secret"] * 6


def test_a_second_run_changes_nothing_and_needs_neither_sops_nor_identity(world: World) -> None:
    outcome = world.ensure(None, sops=False)
    assert outcome.writes == {}
    assert set(actions(outcome).values()) == {"keep", "unset"}


def test_it_works_without_an_identity_from_the_start() -> None:
    world = World(everything()).init()
    world.ensure(None)
    assert world.ensure(None, sops=False).writes == {}
    assert world.check() == []


def test_certificates_are_issued_by_the_overlays_own_ca(world: World) -> None:
    entry = world.lock().secrets["demo/pulp-api-tls"].certificate
    assert entry is not None
    leaf = values(world, "demo/pulp-api-tls")
    ca = world.tree.read(layout.authority_certificate("demo/service", 1))
    pki.verify(pki.Pair(leaf["tls.crt"].reveal(), leaf["tls.key"]), ca)
    assert pki.read(leaf["tls.crt"].reveal()).dns_names == ("pulp-api-svc", "pulp-api-svc.pulp.svc")
    assert pki.read(leaf["tls.crt"].reveal()).serial == entry.serial
    bundle = yaml.safe_load(world.tree.files["secrets/demo/pulp-ca.configmap.yaml"])
    assert bundle["data"]["ca.crt"].encode() == ca
    assert bundle["data"]["upstream-ca.crt"] != bundle["data"]["ca.crt"]


def test_the_cas_private_key_is_in_nothing_that_the_cluster_gets(world: World) -> None:
    cluster = [path for path in sealed_files(world) if path.startswith("secrets/ca/")]
    assert len(cluster) == 2
    with pytest.raises(CompilerError, match="none of the identities opens it"):
        sops.unseal(
            tool.find(None), world.tree.files[cluster[0]], "x", [world.admin.recipient], world.cluster.identities()
        )


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


def test_a_deleted_sealed_file_comes_back_with_the_same_value(world: World) -> None:
    before = values(world, DB_KEY)
    del world.tree.files[layout.sealed(DB_KEY, "sops")]
    with pytest.raises(CompilerError, match="needs an administrator's identity"):
        world.ensure(None)
    assert actions(world.ensure(world.admin))["pulp-db-fields-encryption"] == "seal"
    assert values(world, DB_KEY) == before
    assert generations(world.tree, "demo")["pulp-db-fields-encryption"] == 1
    assert world.check(world.admin) == []


@pytest.mark.parametrize("folder", ["vault/demo", "demo"])
def test_an_edited_or_older_file_stops_the_run(world: World, folder: str) -> None:
    path = f"secrets/{folder}/pulp-admin-password.sops.yaml"
    world.tree.files[path] = world.tree.files[path].replace(b"3.11.0", b"3.11.1")
    with pytest.raises(CompilerError, match="edited, or an older one"):
        world.ensure(world.admin)


def test_other_names_give_a_new_certificate_and_restart_the_pods_that_use_it_alone(world: World) -> None:
    before = {path: content for path, content in world.tree.files.items() if path.startswith("secrets/demo/")}
    world.want(*(api_tls("new.pulp.svc") if one.name == "pulp-api-tls" else one for one in everything().secrets))
    with pytest.raises(CompilerError, match="needs an administrator's identity"):
        world.ensure(None)
    outcome = world.ensure(world.admin)
    assert actions(outcome)["pulp-api-tls"] == "seal"
    assert pki.read(values(world, "demo/pulp-api-tls")["tls.crt"].reveal()).dns_names == ("new.pulp.svc",)
    assert [path for path in before if world.tree.files[path] != before[path]] == [
        "secrets/demo/pulp-api-tls.sops.yaml"
    ]
    assert {name for name, count in generations(world.tree, "demo").items() if count == 2} == {"pulp-api-tls"}
    assert world.check(world.admin) == []


def test_other_labels_seal_anew_without_a_new_value_or_restart(world: World) -> None:
    before = values(world, "demo/pulp-admin-password")
    world.want(*(replace(one, labels={"team": "content"}) for one in everything().secrets))
    world.ensure(world.admin)
    assert values(world, "demo/pulp-admin-password") == before
    assert set(generations(world.tree, "demo").values()) == {1}
    sealed = yaml.safe_load(world.tree.files["secrets/demo/pulp-admin-password.sops.yaml"])
    assert sealed["metadata"]["labels"] == {"team": "content"}


def test_a_new_key_in_a_secret_keeps_the_old_values() -> None:
    world = small(fields_key())
    world.ensure(world.admin)
    before = values(world, DB_KEY)
    materials = (FernetKey("database_fields.symmetric.key"), Password("extra"))
    world.want(replace(fields_key(), materials=materials))
    world.ensure(world.admin)
    after = values(world, DB_KEY)
    assert after.keys() == {"database_fields.symmetric.key", "extra"}
    assert after["database_fields.symmetric.key"] == before["database_fields.symmetric.key"]
    assert generations(world.tree, "demo") == {"pulp-db-fields-encryption": 2}


def test_a_value_survives_a_spec_that_did_not_want_it_for_a_while() -> None:
    world = small(fields_key(), admin_password())
    world.ensure(world.admin)
    before = values(world, DB_KEY)
    world.want(admin_password())
    assert actions(world.ensure(world.admin))["pulp-db-fields-encryption"] == "orphan"
    assert layout.sealed(DB_KEY, "sops") in world.tree.files
    world.ensure(world.admin, prune=True)
    assert layout.sealed(DB_KEY, "sops") not in world.tree.files
    assert world.check(world.admin) == []
    world.want(fields_key(), admin_password())
    world.ensure(world.admin)
    assert values(world, DB_KEY) == before
    assert world.check(world.admin) == []


def test_a_new_cluster_recipient_seals_anew_from_the_vault_without_a_new_value(world: World) -> None:
    before = values(world, DB_KEY)
    newcomer = person()
    path = layout.RECIPIENTS
    world.tree.files[path] = world.tree.files[path].replace(
        world.cluster.recipient.encode(), newcomer.recipient.encode()
    )
    with pytest.raises(CompilerError, match="needs an administrator's identity"):
        world.ensure(None)
    world.ensure(world.admin)
    assert values(world, DB_KEY) == before
    opened = sops.unseal(
        tool.find(None),
        world.tree.files[layout.sealed(DB_KEY, "sops")],
        "x",
        sorted([newcomer.recipient, world.admin.recipient]),
        newcomer.identities(),
    )
    assert opened == before
    assert world.check(world.admin) == []


def test_a_second_administrator_can_open_vault_and_ca_after_ensure(world: World) -> None:
    second = person()
    with world.access(None) as access:
        world.tree.apply(initialize(world.tree, access, administrators=[second.recipient]))
    assert any("run `compiler secrets ensure`" in finding.message for finding in world.check())
    world.ensure(world.admin)
    assert world.check(second) == []
    assert world.ensure(None, sops=False).writes == {}


def test_moving_to_sealed_secrets_and_back_keeps_the_values(world: World) -> None:
    before = values(world, DB_KEY)
    key = rsa.generate_private_key(65537, 2048)
    world.init({"demo": controller(key)})
    world.backend = "sealed-secrets"
    world.ensure(world.admin)
    path = layout.sealed(DB_KEY, "sealed-secrets")
    assert layout.sealed(DB_KEY, "sops") not in world.tree.files
    sealed = yaml.safe_load(world.tree.files[path])["spec"]["encryptedData"]["database_fields.symmetric.key"]
    label = b"pulp/pulp-db-fields-encryption"
    assert unseal(sealed, label, key) == before["database_fields.symmetric.key"].reveal()
    assert world.check(world.admin) == []
    assert world.ensure(None, sops=False).writes == {}
    world.backend = "sops"
    world.ensure(world.admin)
    assert path not in world.tree.files
    assert values(world, DB_KEY) == before
    assert world.check(world.admin) == []


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


def test_declared_and_generations_tell_the_checks_what_they_need(world: World) -> None:
    keys = declared(world.tree, "demo")
    assert keys["pulp-s3"] == ("s3-access-key-id", "s3-secret-access-key")
    assert keys["pulp-ca"] == ("ca.crt", "upstream-ca.crt")
    assert keys["pulp-api-tls"] == ("tls.crt", "tls.key")
    assert set(generations(world.tree, "demo")) == set(keys) - {"pulp-s3", "pulp-db-password"}
    assert declared(world.tree, "dem") == generations(world.tree, "elsewhere") == {}


def test_the_lock_is_sorted_readable_and_says_no_value(world: World) -> None:
    content = world.tree.files[layout.LOCK]
    assert lock.dump(lock.read(world.tree)) == content
    assert json.loads(content)["version"] == 1
    for secret in world.lock().vault:
        for value in values(world, secret).values():
            assert value.reveal().strip() not in content


@pytest.mark.parametrize("content", [b"", b"<<<<<<< ours\n", b"[]", b"{}", b'{"version": 2}', b"\xff"])
def test_a_damaged_lock_stops_the_run(world: World, content: bytes) -> None:
    world.tree.files[layout.LOCK] = content
    with pytest.raises(CompilerError, match="lock"):
        world.ensure(world.admin)


def test_s3_alone_creates_no_folder_for_the_cluster() -> None:
    world = small(s3())
    world.ensure(None, sops=False)
    assert not world.tree.is_dir("secrets/demo")
    assert declared(world.tree, "demo") == {"pulp-s3": ("s3-access-key-id", "s3-secret-access-key")}


def test_a_bundle_alone_makes_its_ca() -> None:
    world = World(Requirements((), (TrustBundle("pulp-ca", "pulp", {"ca.crt": "service"}),))).init()
    world.ensure()
    assert generations(world.tree, "demo") == {"pulp-ca": 1}


def test_many_secrets_are_planned_in_half_a_second() -> None:
    world = small(*(SecretRequirement(f"s{number}", "pulp", (Password("p"),)) for number in range(20)))
    world.ensure()
    entries = dict(world.lock().secrets), dict(world.lock().vault)
    secrets, vaults = {}, {}
    files = world.tree.files
    for number in range(1000):
        source, target = f"demo/s{number % 20}", f"demo/t{number}"
        secrets[target] = replace(entries[0][source], shape="")
        vaults[target] = entries[1][source]
        files[layout.sealed(target, "sops")] = files[layout.sealed(source, "sops")]
        files[layout.vault(target)] = files[layout.vault(source)]
    wanted = [SecretRequirement(f"t{number}", "pulp", (Password("p"),)) for number in range(1000)]

    secrets = {
        key: replace(value, shape=plan.shape(one)) for (key, value), one in zip(secrets.items(), wanted, strict=True)
    }
    files[layout.LOCK] = lock.dump(lock.Lock(secrets=secrets, vault=vaults))
    world.want(*wanted)
    del files[layout.INVENTORY]
    world.ensure(None, sops=False)
    start = time.process_time()
    outcome = world.ensure(None, sops=False)
    assert time.process_time() - start < 0.5
    assert outcome.writes == {}
    assert len(outcome.steps) == 1000
