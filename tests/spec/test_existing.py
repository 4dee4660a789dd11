"""Secrets that somebody else makes, in the spec: under our names, said once, with errors that name the place."""

from __future__ import annotations

import pytest

from compiler.errors import CompilerError
from compiler.spec.node import render
from compiler.spec.show import as_json, values
from tests.spec.trees import DEMO, PROD, load_one

EXISTING = "secrets: {existing: {admin-password: {name: team, keys: {password: pw}}}}\n"


def failure(text: str) -> str:
    with pytest.raises(CompilerError) as error:
        load_one(text)
    return f"{error.value}\n{error.value.hint}"


def test_a_layer_may_name_one_with_other_keys() -> None:
    existing = load_one(DEMO + EXISTING).spec.secrets.existing["admin-password"]
    assert (existing.name, existing.keys) == ("team", {"password": "pw"})


def test_what_was_named_is_shown_with_its_line() -> None:
    effective = load_one(DEMO + EXISTING)
    shown = {render(one.path): (one.value, one.source) for one in values(effective)}
    assert shown["secrets.existing.admin-password.keys.password"] == ("pw", "overlays/one/pulp.yaml:5")
    assert '"name": "team"' in as_json(effective)


@pytest.mark.parametrize(
    ("entry", "message", "hint"),
    [
        ("{admin_password: {name: a}}", '5:22: secrets.existing.admin_password: Pulp mounts no', '"admin-password"?'),
        ("{pulp-secret-key: {name: a}}", "existing.pulp-secret-key: Pulp mounts no Secret", '"secret-key"?'),
        ("{nothing: {name: a}}", "existing.nothing: Pulp mounts no Secret", "Pulp mounts admin-password, api-tls"),
        ("{s3: {name: a, keys: {pw: b}}}", 'existing.s3.keys.pw: "pw" is no key of', "ours first, then theirs"),
        ("{s3: {name: a, keys: {s3-access-key: b}}}", "is no key of this Secret", '"s3-access-key-id"?'),
        ("{s3: {name: a, kys: {}}}", "existing.s3.kys: unknown key", 'did you mean "keys"?'),
        ("{s3: {keys: {}}}", "existing.s3.name: this key is required", "None"),
        ("{s3: {name: A}}", "existing.s3.name: expected a Kubernetes name", "None"),
        ("{s3: {name: a, keys: {s3-access-key-id: 'a b'}}}", "expected a key of a Secret: letters", "None"),
        ("{s3: a}", "existing.s3: expected a mapping, found the string", "None"),
        ("[s3]", "secrets.existing: expected a mapping, found a list", "None"),
        ("{postgres-configuration: {name: a, keys: {username: u}}}", '"username" is no key', "our keys are password"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(entry: str, message: str, hint: str) -> None:
    said = failure(DEMO + f"secrets: {{existing: {entry}}}\n")
    assert message in said
    assert hint in said
    assert said.startswith("overlays/one/pulp.yaml:5:")


def test_one_secret_is_not_named_in_two_places() -> None:
    said = failure(
        PROD.replace("host: db.example.com", "host: db.example.com, secret: a")
        + "secrets: {existing: {postgres-configuration: {name: b}}}\n"
    )
    assert "secrets.existing.postgres-configuration: database.external.secret names the Secret already" in said


@pytest.mark.parametrize(("section", "host"), [("database", "db"), ("cache", "redis")])
def test_a_key_for_the_user_needs_a_secret(section: str, host: str) -> None:
    said = failure(PROD.replace(f"host: {host}.example.com", f"host: {host}.example.com, user_key: username"))
    assert f"{section}.external.user_key: a key of which Secret?" in said
