"""Each row of the table that decides what happens to a Secret, without opening anything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compiler.pulp.requirements import SecretRequirement
from compiler.secrets import plan
from compiler.secrets.lock import Seal, VaultSeal
from tests.secrets.support import admin_password, api_tls, fields_key, s3

ADMINS, WHO = ("age1a",), ("age1a", "age1c")


def settled(requirement: SecretRequirement) -> plan.State:
    """Everything in place."""
    keys = requirement.keys()
    seal = Seal("sops", "2026-11-21T00:00:00Z", None, 1, keys, WHO, "s", plan.shape(requirement))
    return plan.State(requirement, "sops", seal, VaultSeal(keys, ADMINS, "v"), "s", "v", WHO, ADMINS, declared=True)


def fresh(requirement: SecretRequirement) -> plan.State:
    """Nothing there yet."""
    return plan.State(requirement, "sops", None, None, None, None, WHO, ADMINS)


def test_nothing_there_is_created() -> None:
    assert plan.decide(fresh(fields_key())).action == "create"


def test_what_is_in_place_is_kept() -> None:
    assert plan.decide(settled(fields_key())) == plan.Decision("keep")


@pytest.mark.parametrize("requirement", [fields_key(), admin_password(), api_tls()])
@pytest.mark.parametrize(
    "wrong",
    [
        {"seal": None},
        {"vault": None},
        {"vault": None, "vault_file": None},
        {"seal": None, "vault": None},
        {"seal": None, "vault": None, "vault_file": None},
        {"seal": None, "vault": None, "sealed_file": None},
        {"seal": None, "vault": None, "sealed_file": None, "vault_file": None},
        {"vault_file": None},
        {"vault_file": None, "sealed_file": None},
        {"sealed_file": "other"},
        {"vault_file": "other"},
    ],
)
def test_a_missing_or_edited_record_stops_and_never_makes_a_value_anew(
    requirement: SecretRequirement, wrong: dict[str, object]
) -> None:
    assert plan.decide(replace(settled(requirement), **wrong)).action == "stop"


def test_a_deleted_sealed_file_comes_back_from_the_vault() -> None:
    assert plan.decide(replace(settled(fields_key()), sealed_file=None)).action == "seal"


def test_changed_recipients_are_sealed_to() -> None:
    state = settled(admin_password())
    assert plan.decide(replace(state, recipients=("age1x",))) == plan.Decision("seal", "the recipients have changed")
    assert plan.decide(replace(state, vault_recipients=("age1x",))) == plan.Decision("keep", vault=True)


def test_a_new_controller_certificate_is_no_reason_to_seal_anew() -> None:
    state = settled(admin_password())
    assert state.seal is not None
    moved = replace(state, backend="sealed-secrets", seal=replace(state.seal, backend="sealed-secrets"))
    assert plan.decide(replace(moved, recipients=("another",))).action == "keep"


def test_another_backend_seals_anew() -> None:
    assert plan.decide(replace(settled(admin_password()), backend="sealed-secrets")).action == "seal"


@pytest.mark.parametrize(
    "changed",
    [
        api_tls("other"),
        replace(api_tls(), labels={"a": "b"}),
        replace(api_tls(), namespace="other"),
        replace(api_tls(), type="Opaque"),
    ],
)
def test_a_changed_requirement_seals_anew(changed: SecretRequirement) -> None:
    state = settled(api_tls())
    assert plan.decide(replace(state, requirement=changed)).action == "seal"


def test_who_reads_it_is_no_reason_to_seal_anew() -> None:
    state = settled(api_tls())
    assert plan.decide(replace(state, requirement=replace(api_tls(), consumers=("Job/x",)))).action == "keep"


def test_unset_given_values_wait() -> None:
    assert plan.decide(fresh(s3())) == plan.Decision("unset", "not set: s3-access-key-id, s3-secret-access-key")
    half = replace(fresh(s3()), vault=VaultSeal(("s3-access-key-id",), ADMINS, "v"), vault_file="v")
    assert plan.decide(half) == plan.Decision("unset", "not set: s3-secret-access-key")
    full = replace(half, vault=VaultSeal(s3().keys(), ADMINS, "v"))
    assert plan.decide(full).action == "seal"


def test_a_given_secret_that_the_inventory_declares_may_still_be_unset() -> None:
    assert plan.decide(fresh(s3())).action == "unset"
