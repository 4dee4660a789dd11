"""No secret reaches a report: whatever is hidden is told apart by change alone."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.review import Failure, compare, compare_objects, print_json, print_markdown, print_text
from compiler.review.mask import is_sensitive, mask_object, mask_text
from compiler.review.masked import reveal


def secret(data: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", **fields}, "type": "Opaque", "data": data}


def prints(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> str:
    report = compare({"overlays/prod": before}, {"overlays/prod": after})
    return print_text(report) + print_markdown(report) + print_json(report)


def shown(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    (change,) = compare_objects([before], [after])
    return [(".".join(map(str, field.path)), field.before, field.after) for field in change.fields]


def test_changed_data_of_a_secret_shows_that_it_changed() -> None:
    before, after = secret({"password": "b2xk", "user": "dQ=="}), secret({"password": "bmV3", "user": "dQ=="})
    assert shown(before, after) == [("data.password", "*** (before)", "*** (after)")]


def test_added_and_removed_keys_of_a_secret_keep_their_names() -> None:
    before, after = secret({"a": "eA==", "b": "eA=="}), secret({"b": "eA==", "c": "eA=="})
    assert shown(before, after) == [("data.a", "***", None), ("data.c", None, "***")]


def test_a_misspelt_field_of_a_secret_is_hidden_too() -> None:
    obj = {**secret({}), "stringdata": {"password": "hunter2-plain"}}
    assert "hunter2-plain" not in prints([], [obj]) + prints([obj], [])


MARK = "hUnTeR2-9f3a"
PLACES: dict[str, Any] = {
    "data": lambda value: secret({"x": value}),
    "stringData": lambda value: {**secret({}), "stringData": {"x": value}},
    "last applied": lambda value: {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "x",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": json.dumps({"data": {"a": value}})},
        },
    },
    "a Secret inside another object": lambda value: {
        "apiVersion": "example.com/v1",
        "kind": "Bundle",
        "metadata": {"name": "x"},
        "spec": {"resources": [secret({"x": value})]},
    },
    "sealed secret": lambda value: {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": "x"},
        "spec": {"encryptedData": {"x": value}, "template": {"data": {"y": value}, "type": "Opaque"}},
    },
    "environment": lambda value: {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x"},
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "api",
                            "env": [{"name": "PGPASSWORD", "value": value}],
                            "args": ["--password", value, f"--token={value}", f"postgres://pulp:{value}@db/pulp"],
                        }
                    ]
                }
            }
        },
    },
    "field names": lambda value: {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "metadata": {"name": "x"},
        "spec": {
            "clientSecret": value,
            "passwords": [value],
            "apiToken": {"inline": value},
            "private_key": value,
            "auth": {"password": {"value": value}},
        },
    },
    "text": lambda value: {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x"},
        "data": {
            "tls.key": value,
            "settings.py": f'A = 1\nDB_PASSWORD = "{value}"\nconfig["secret_key"] = r\'{value}\'\n',
            "env": f"export REDIS_PASSWORD={value}\nPATH=/bin\n",
            "config.yaml": f"redis:\n  password: {value}\n  token: |\n    {value}\n  port: 1\n",
            "docker.json": json.dumps({"auths": {"r": {"auth": value}}}),
            "key.txt": f"-----BEGIN PRIVATE KEY-----\n{value}\n-----END PRIVATE KEY-----\n",
            "identity": f"AGE-SECRET-KEY-1{value.upper()}",
            "header": f"Authorization: Bearer {value}x",
        },
    },
    "sops": lambda value: {
        **secret({"x": f"ENC[AES256_GCM,data:{value},iv:a,tag:b,type:str]"}),
        "sops": {"mac": f"ENC[AES256_GCM,data:{value},type:str]", "age": [{"recipient": "age1a", "enc": value}]},
    },
}


@pytest.mark.parametrize("place", PLACES)
def test_no_hidden_value_is_printed_added_removed_or_changed(place: str) -> None:
    before, after = PLACES[place](MARK), PLACES[place](MARK[::-1])
    printed = prints([before], [after]) + prints([], [after]) + prints([before], [])
    for value in (MARK, MARK[::-1], MARK.upper(), MARK[::-1].upper()):
        assert value not in printed
    assert "***" in printed


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(PLACES)),
    st.lists(st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=12, max_size=40), min_size=2, max_size=2),
)
def test_no_generated_value_is_printed(place: str, values: list[str]) -> None:
    before, after = (PLACES[place](f"Q{value}z9") for value in values)
    printed = prints([before], [after]) + prints([before], [])
    assert not [value for value in values if value in printed or json.dumps(value).strip('"') in printed]


def test_a_text_with_a_changed_secret_shows_its_other_lines() -> None:
    def config(password: str, debug: bool) -> dict[str, Any]:
        text = f'DEBUG = {debug}\nPASSWORD = "{password}"\nTOKEN = "same-token"\n'
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"settings.py": text}}

    (change,) = shown(config("one-password", False), config("two-password", True))
    assert change == (
        "data.settings.py",
        "DEBUG = False\nPASSWORD = *** (before)\nTOKEN = ***\n",
        "DEBUG = True\nPASSWORD = *** (after)\nTOKEN = ***\n",
    )


def test_swapped_secrets_in_one_text_are_still_a_change() -> None:
    def config(one: str, other: str) -> dict[str, Any]:
        return {"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"c": f"password={one} token={other}"}}

    ((_, before, after),) = shown(config("aaaaaa", "bbbbbb"), config("bbbbbb", "aaaaaa"))
    assert before != after


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD",
        "clientSecret",
        "tls.key",
        "secret_access_key",
        "PGPASSWORD",
        "passwords",
        "apiKey",
        "password.txt",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_sensitive(name)


@pytest.mark.parametrize(
    "name",
    [
        "secretName",
        "password_file",
        "tokenExpirationSeconds",
        "proxy_pass",
        "publicKey",
        "key",
        "secretKeyRef",
        "",
        ".",
    ],
)
def test_names_that_are_no_secrets(name: str) -> None:
    assert not is_sensitive(name)


@pytest.mark.parametrize(
    "text",
    [
        'SECRET_KEY = _read("/etc/pulp/keys/django")',
        'DB_ENCRYPTION_KEY = "/etc/pulp/certs/database_fields.symmetric.key"',
        'PGPASSWORD="$(cat /run/secrets/db)" psql',
        "proxy_pass http://api:24817;",
        "proxy_ssl_certificate_key /etc/nginx/tls/tls.key;",
        "the token is kept elsewhere",
        'TOKEN_SERVER = "https://pulp.example.com/token/"',
        "password == other",
        "{{ .password }} and password: {{ .password }}",
    ],
)
def test_code_and_references_stay_readable(text: str) -> None:
    assert mask_text(text) == text


def test_references_to_secrets_stay_readable() -> None:
    spec = {
        "volumes": [
            {"name": "tls", "secret": {"secretName": "tls", "items": [{"key": "tls.key", "path": "tls.key"}]}},
            {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token", "audience": "x"}}]}},
        ],
        "env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}],
        "imagePullSecrets": [{"name": "pull"}],
        "automountServiceAccountToken": False,
        "passwordSecretRef": {"name": "x", "key": "password"},
        "arguments": ["--password", "$(PASSWORD)"],
    }
    assert mask_object({"kind": "Thing", "spec": spec})["spec"] == spec


def test_a_long_text_is_scanned_in_linear_time() -> None:
    texts = [
        "a-",
        "a ",
        "://",
        "password:",
        '"',
        "a=",
        "password=f(",
        "basic ",
        "ENC[A,",
        "-----BEGIN PRIVATE KEY-----",
    ]
    start = time.process_time()
    for text in texts:
        mask_text(f"{text * (400_000 // len(text))} ://")
    assert time.process_time() - start < 20  # about 1 s; a quadratic scan takes minutes


SEALED = {
    **secret({"x": "ENC[AES256_GCM,data:abc,iv:a,tag:b,type:str]"}),
    "sops": {
        "age": [{"recipient": "age1old", "enc": "one"}],
        "lastmodified": "2026-01-01T00:00:00Z",
        "mac": "ENC[AES256_GCM,data:mac1,type:str]",
        "version": "3.11.0",
    },
}


def resealed(**changes: Any) -> dict[str, Any]:
    return {**SEALED, "sops": {**SEALED["sops"], **changes}}


def test_a_new_envelope_alone_reads_as_re_sealed() -> None:
    after = resealed(lastmodified="2026-02-02T00:00:00Z", mac="ENC[x]", age=[{"recipient": "age1old", "enc": "two"}])
    (change,) = compare_objects([SEALED], [after])
    assert [field.kind for field in change.fields] == ["resealed"]
    assert "re-sealed" in print_text(compare({"o": [SEALED]}, {"o": [after]}))


def test_a_sealed_value_that_changed_is_named_beside_the_envelope() -> None:
    after = {**resealed(mac="ENC[y]"), "data": {"x": "ENC[AES256_GCM,data:xyz,iv:a,tag:b,type:str]"}}
    assert shown(SEALED, after) == [("data.x", "*** (before)", "*** (after)"), ("sops", None, None)]


def test_a_new_recipient_is_shown_and_named_as_an_effect() -> None:
    after = resealed(age=[*SEALED["sops"]["age"], {"recipient": "age1new", "enc": "three"}])
    report = compare({"o": [SEALED]}, {"o": [after]})
    assert [(effect.kind, effect.message) for effect in report.effects] == [
        ("access", "can now also be opened by age age1new")
    ]
    assert "age1new" in print_text(report)
    assert "three" not in print_text(report)


def test_an_error_that_quotes_a_secret_is_masked() -> None:
    report = compare({}, {}, failures=[Failure("o", "after", f'cannot read "password: {MARK}"')])
    assert MARK not in print_text(report) + print_markdown(report) + print_json(report)


def test_a_hidden_value_has_no_revealing_repr() -> None:
    masked = mask_object(secret({"x": base64.b64encode(MARK.encode()).decode()}))
    assert repr(masked["data"]["x"]) == "Masked(***)"
    assert reveal(masked)["data"] == {"x": "***"}


def pod(counters: str) -> dict[str, Any]:
    annotations = {"pulp-compiler/secret-generations": counters}
    template = {"metadata": {"annotations": annotations}, "spec": {"containers": []}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": {"template": template}}


def test_how_often_a_secret_was_made_anew_is_no_secret() -> None:
    ((_, before, after),) = shown(pod("pulp-admin-password=1,pulp-ca=1"), pod("pulp-admin-password=2,pulp-ca=1"))
    assert (before, after) == ("pulp-admin-password=1,pulp-ca=1", "pulp-admin-password=2,pulp-ca=1")
    report = compare({"o": [pod("pulp-admin-password=1")]}, {"o": [pod("pulp-admin-password=2")]})
    assert "generation of pulp-admin-password 1 → 2" in print_text(report)


@pytest.mark.parametrize("value", [f"pulp-admin-password={MARK}", "pulp-admin-password=12345678901234", "password: x9"])
def test_what_is_no_counter_in_that_place_is_hidden(value: str) -> None:
    assert value not in prints([pod("a=1")], [pod(value)])
