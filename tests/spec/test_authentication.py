"""Logins in the spec: users that can be found, always over TLS, an image that can, errors at their place."""

from __future__ import annotations

import pytest

from compiler.errors import CompilerError
from tests.spec.trees import DEMO, load_one

USERS = "users: {base: 'ou=people,dc=example,dc=com'}"
LDAP = f"uri: ldaps://ldap.example.com, {USERS}"
KEY = "A" * 392
KEYCLOAK = f"keycloak: {{url: 'https://sso.example.com', realm: pulp, client_id: pulp, public_key: {KEY}}}"
IMAGE = "images: {pulp: {name: registry.example.com/pulp}}\n"


def test_nothing_is_asked_unless_said() -> None:
    login = load_one(DEMO).spec.authentication
    assert (login.ldap, login.sso) == (None, None)


def test_a_directory_needs_little() -> None:
    ldap = load_one(DEMO + f"authentication: {{ldap: {{{LDAP}}}}}\n").spec.authentication.ldap
    assert ldap is not None
    assert (ldap.users.filter, ldap.users.attributes["email"]) == ("(uid=%(user)s)", "mail")


@pytest.mark.parametrize(
    ("ldap", "message"),
    [
        ("uri: ldap.example.com, " + USERS, "ldap.uri: expected ldaps:// or ldap://, a host and an optional port"),
        ("uri: 'ldaps://u:pw@h', " + USERS, "ldap.uri: expected ldaps://"),
        ("uri: ldaps://h", "ldap.users: this key is required"),
        ("uri: ldaps://h, users: {}", "ldap.users: users are found by one of base (a search) and dn_template"),
        (
            "uri: ldaps://h, users: {base: 'o=x', dn_template: 'uid=%(user)s,o=x'}",
            "ldap.users.dn_template: users are found by one of base",
        ),
        ("uri: ldaps://h, users: {base: people}", "ldap.users.base: expected a distinguished name, like"),
        ("uri: ldaps://h, users: {base: 'o=x', filter: uid=a}", "users.filter: expected an LDAP filter in parentheses"),
        ("uri: ldaps://h, users: {base: 'o=x', filter: (uid=a)}", "users.filter: the filter finds everybody"),
        ("uri: ldaps://h, users: {dn_template: 'uid=a'}", "users.dn_template: every user would have this DN"),
        (
            "uri: ldaps://h, users: {base: 'o=x', attributes: {mail: mail}}",
            "users.attributes.mail: a user of Pulp has no such field",
        ),
        (LDAP + ", bind_dn: '@format x'", "ldap.bind_dn: expected a name that does not begin with @"),
        (LDAP + ", ca: pem", "ldap.ca: expected certificates in PEM form"),
        (LDAP + ", cidrs: ['10.0.0.1/8']", "ldap.cidrs[0]: the address has bits beyond the prefix"),
        (LDAP + ", groups: {base: 'o=x', type: unix}", "groups.type: expected one of active_directory"),
        (LDAP + ", bind_password: hunter2", "ldap.bind_password: unknown key"),
    ],
)
def test_what_is_wrong_with_a_directory_is_told_with_its_place(ldap: str, message: str) -> None:
    with pytest.raises(CompilerError) as error:
        load_one(DEMO + f"authentication: {{ldap: {{{ldap}}}}}\n")
    assert message in str(error.value)
    assert str(error.value).startswith("overlays/one/pulp.yaml:5:")
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("sso", "message"),
    [
        ("{}", "authentication.sso: one of sso.keycloak, sso.oidc is required"),
        (f"{{{KEYCLOAK}, oidc: {{issuer: 'https://h', client_id: a}}}}", "expected at most one of keycloak, oidc"),
        ("{oidc: {issuer: 'http://h', client_id: a}}", "oidc.issuer: expected a URL that begins with https://"),
        ("{oidc: {issuer: 'https://u:hunter2@h', client_id: a}}", "oidc.issuer: a URL with a password stands in Git"),
        ("{oidc: {issuer: 'https://h', client_id: '@x'}}", "oidc.client_id: expected a name without spaces"),
        (f"{{{KEYCLOAK.replace(KEY, 'short')}}}", "keycloak.public_key: expected a public key in base64"),
        (f"{{{KEYCLOAK.replace('realm: pulp', 'realm: a/b')}}}", "keycloak.realm: expected letters, digits"),
    ],
)
def test_what_is_wrong_with_single_sign_on_is_told_with_its_place(sso: str, message: str) -> None:
    with pytest.raises(CompilerError) as error:
        load_one(DEMO + IMAGE + f"authentication: {{sso: {sso}}}\n")
    assert message in str(error.value)
    assert "hunter2" not in str(error.value)


def test_the_published_image_cannot_sign_on() -> None:
    with pytest.raises(CompilerError, match="the published image of Pulp has no social-auth"):
        load_one(DEMO + f"authentication: {{sso: {{{KEYCLOAK}}}}}\n")
    assert load_one(DEMO + IMAGE + f"authentication: {{sso: {{{KEYCLOAK}}}}}\n").spec.authentication.sso


def test_single_sign_on_needs_the_api_from_outside() -> None:
    with pytest.raises(CompilerError, match="nobody can log in here: the REST API is not reachable"):
        load_one(DEMO + IMAGE + f"exposure: {{api: false}}\nauthentication: {{sso: {{{KEYCLOAK}}}}}\n")


@pytest.mark.parametrize(
    ("ldap", "existing", "message"),
    [
        (LDAP, "{name: a}", "secrets.existing.ldap: nothing of this Secret is read"),
        (
            LDAP + ', ca: "-----BEGIN CERTIFICATE-----"',
            "{name: a, keys: {ca.crt: ca.pem}}",
            '"ca.crt"]: authentication.ldap.ca says the CA already',
        ),
        (LDAP, "{name: a, keys: {password: b}}", '"password" is no key of this Secret'),
    ],
)
def test_what_is_wrong_with_its_existing_secret(ldap: str, existing: str, message: str) -> None:
    with pytest.raises(CompilerError) as error:
        load_one(DEMO + f"authentication: {{ldap: {{{ldap}}}}}\nsecrets: {{existing: {{ldap: {existing}}}}}\n")
    assert message in str(error.value)
