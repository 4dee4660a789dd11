"""What must not stand in clear, and what only looks like it."""

from __future__ import annotations

import base64

import pytest

from compiler.check import Finding, check_rendering
from compiler.check.hygiene import names_secret
from tests.check.cases import PEM, one
from tests.check.objects import Obj, items, obj, places, rules

SOPS = {"mac": "ENC[AES256_GCM,data:x,type:str]"}
SEALED = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]"
IDENTITY = "AGE-SECRET-KEY-1" + "Q" * 58


def check(*objects: Obj) -> tuple[Finding, ...]:
    return check_rendering("o", items(*objects), kubernetes_version="1.33").findings


def test_a_plain_value_beside_sealed_ones_is_found() -> None:
    """sops itself calls such a file encrypted (getsops/sops `filestatus`)."""
    secret = obj("v1", "Secret", "s", data={"a": SEALED, "b": "cGxhaW4="}, sops=SOPS)
    assert places(check(secret)) == [("secret/plain", "data.b")]


@pytest.mark.parametrize("value", ["ENC[hunter2]", "ENC[AES256_GCM,data:hunter2]", f"{SEALED} hunter2"])
def test_a_value_that_only_looks_sealed_is_found(value: str) -> None:
    secret = obj("v1", "Secret", "s", stringData={"a": SEALED, "b": value}, sops=SOPS)
    assert places(check(secret)) == [("secret/plain", "stringData.b")]


def test_a_made_up_sops_block_seals_nothing() -> None:
    assert "secret/plain" in rules(check(obj("v1", "Secret", "s", data={"a": "YQ=="}, sops={"version": "3"})))


def test_a_secret_without_data_is_no_leak() -> None:
    token = obj("v1", "Secret", "s", type="kubernetes.io/service-account-token")
    assert not check(token)


@pytest.mark.parametrize("text", [PEM, IDENTITY, f"# comment\n{IDENTITY}\n", base64.b64encode(PEM.encode()).decode()])
def test_key_material_is_found_in_any_field_and_never_shown(text: str) -> None:
    (finding,) = check(one(args=["--key", text]))
    assert finding.rule == "secret/private-key"
    assert finding.field.endswith("args[1]")
    assert text[20:40] not in finding.message
    (finding,) = check(obj("v1", "ConfigMap", "c", data={"tls.key": text}))
    assert places([finding]) == [("secret/config-map", 'data["tls.key"]')]


def test_public_certificates_and_keys_are_no_secrets() -> None:
    public = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n-----BEGIN PUBLIC KEY-----\n"
    assert not check(obj("v1", "ConfigMap", "c", data={"ca.crt": public}))


@pytest.mark.parametrize("name", ["DB_PASSWORD", "PGPASSWORD", "SECRET_KEY", "api-token", "AWS_SECRET_ACCESS_KEY",
                                  "password", "passwd2", "CLIENT_SECRET", "API_KEY"])  # fmt: skip
def test_names_of_secrets_are_known(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize("name", ["PASSWORD_FILE", "TOKEN_SERVER", "SECRETARY", "KEYBOARD", "DB_USER",
                                  "PULP_SETTINGS", "AWS_ACCESS_KEY_ID"])  # fmt: skip
def test_other_names_are_left_alone(name: str) -> None:
    assert not names_secret(name)


@pytest.mark.parametrize(
    "value", ["/etc/pulp/secrets/db/password", "$(DB_PASSWORD)", "true", "", "https://id.example.com"]
)
def test_a_variable_that_only_points_to_a_secret_is_left_alone(value: str) -> None:
    assert not check(one(env=[{"name": "DB_PASSWORD", "value": value}]))


def test_a_url_with_a_password_is_found() -> None:
    (finding,) = check(one(env=[{"name": "DATABASE_URL", "value": "postgres://pulp:hunter2@db/pulp"}]))
    assert finding.rule == "secret/env"
    assert "hunter2" not in finding.message
    (finding,) = check(obj("v1", "ConfigMap", "c", data={"app.conf": "url = redis://:hunter2@redis:6379"}))
    assert finding.rule == "secret/config-map"


def test_a_template_of_a_sealed_secret_is_not_sealed() -> None:
    spec = {"encryptedData": {"a": "AAAA"}, "template": {"data": {"b": "hunter2"}}}
    assert rules(check(obj("bitnami.com/v1alpha1", "SealedSecret", "s", spec=spec))) == ["secret/plain"]
