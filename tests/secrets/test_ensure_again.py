"""What changes in specs and recipients is sealed anew; values stay, and nothing else is touched."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa

from compiler.errors import CompilerError
from compiler.pulp.requirements import FernetKey, Password
from compiler.secrets import generations, layout, pki, sops, tool
from compiler.secrets.start import initialize
from tests.secrets.support import (
    DB_KEY,
    World,
    actions,
    admin_password,
    api_tls,
    everything,
    fields_key,
    person,
    small,
    values,
)
from tests.secrets.test_sealedsecrets import controller, unseal


def test_a_deleted_sealed_file_comes_back_with_the_same_value(world: World) -> None:
    before = values(world, DB_KEY)
    del world.tree.files[layout.sealed(DB_KEY, "sops")]
    with pytest.raises(CompilerError, match="needs an administrator's identity"):
        world.ensure(None)
    assert actions(world.ensure(world.admin))["pulp-db-fields-encryption"] == "seal"
    assert values(world, DB_KEY) == before
    assert generations(world.tree, "demo")["pulp-db-fields-encryption"] == 1
    assert world.check(world.admin) == []


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
