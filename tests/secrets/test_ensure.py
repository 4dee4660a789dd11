"""Ensure creates what is missing; a second run touches nothing."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from compiler.errors import CompilerError
from compiler.pulp.requirements import Password, Requirements, SecretRequirement, TrustBundle
from compiler.secrets import declared, generations, layout, lock, pki, plan, sops, tool
from tests.secrets.support import (
    World,
    actions,
    everything,
    person,
    s3,
    sealed_files,
    small,
    values,
)
from tests.support.oracle import kustomize_build


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
    for path in [path for path in files if "/s" in path[7:] or path.endswith("digest-key.sops.yaml")]:
        del files[path]
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
