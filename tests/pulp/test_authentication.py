"""Logins from elsewhere: settings.py that runs, credentials in files, and a way only to who is asked.

Tried with the real slapd, django-auth-ldap, social-auth and pulpcore: docs/model.md.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from compiler.pulp.settings import settings_py
from compiler.pulp.site import Site
from compiler.spec.models import Spec
from tests.pulp.support import build, containers, file, one, pods, spec

LDAP: dict[str, Any] = {
    "uri": "ldaps://ldap.example.com",
    "bind_dn": "cn=pulp,dc=example,dc=com",
    "users": {"base": "ou=people,dc=example,dc=com"},
}
GROUPS: dict[str, Any] = {
    "base": "ou=groups,dc=example,dc=com",
    "type": "nested_group_of_names",
    "require": "cn=users,dc=example,dc=com",
    "deny": "cn=left,dc=example,dc=com",
    "superusers": "cn=admins,dc=example,dc=com",
    "mirror": True,
}
KEYCLOAK = {"url": "https://sso.example.com:8443/auth/", "realm": "pulp", "client_id": "id", "public_key": "A" * 392}
OIDC = {"issuer": "https://sso.example.com/realms/pulp/", "client_id": "id"}
OWN = ["django.contrib.auth.backends.ModelBackend", "pulpcore.backends.ObjectRolePermissionBackend"]


def site(**sections: Any) -> Spec:
    return spec("demo", images={"pulp": {"name": "registry.example.com/pulp"}}, **sections)


class Config(ModuleType):
    """Stands in for django_auth_ldap.config: what is called, with which arguments."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: (name, *arguments)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run settings.py with its secrets in place."""
    names = "SCOPE_SUBTREE OPT_NETWORK_TIMEOUT OPT_REFERRALS OPT_X_TLS_REQUIRE_CERT OPT_X_TLS_DEMAND"
    ldap = SimpleNamespace(**{name: name for name in f"{names} OPT_X_TLS_CACERTFILE OPT_X_TLS_NEWCTX".split()})
    package = ModuleType("django_auth_ldap")
    package.config = Config("config")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ldap", ldap)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "django_auth_ldap", package)
    secrets = {
        "secret-key/secret_key": "k",
        "postgres-configuration/password": "p",
        "redis-configuration/password": "p",
        "ldap/password": "bind'\"\\pw",
        "sso/client-secret": 'client"secret',
    }
    for path, value in secrets.items():
        place = tmp_path / "secrets" / path
        place.parent.mkdir(parents=True)
        place.write_text(value + "\n")

    def result(said: Spec) -> dict[str, Any]:
        values: dict[str, Any] = {}
        exec(settings_py(Site(said), str(tmp_path)), values)  # noqa: S102 - as Pulp does
        return {name: value for name, value in values.items() if name.isupper()}

    return result


def test_nothing_of_it_is_there_unless_said() -> None:
    text = file(build("demo"), "pulp-settings", "settings.py")
    assert not any(word in text for word in ("ldap", "LDAP", "SOCIAL", "AUTHENTICATION_BACKENDS", "INSTALLED_APPS"))


def test_ldap_searches_binds_and_maps_groups(run: Any, tmp_path: Path) -> None:
    found = run(site(authentication={"ldap": {**LDAP, "groups": GROUPS, "ca": "PEM", "cache_timeout": 60}}))
    ours = {name.removeprefix("AUTH_LDAP_"): value for name, value in found.items() if name.startswith("AUTH_LDAP")}
    assert ours == {
        "BIND_DN": "cn=pulp,dc=example,dc=com",
        "BIND_PASSWORD": "bind'\"\\pw",
        "CACHE_TIMEOUT": 60,
        "CONNECTION_OPTIONS": {
            "OPT_NETWORK_TIMEOUT": 10,
            "OPT_REFERRALS": 0,
            "OPT_X_TLS_REQUIRE_CERT": "OPT_X_TLS_DEMAND",
            "OPT_X_TLS_CACERTFILE": f"{tmp_path}/ldap-ca/ca.crt",
            "OPT_X_TLS_NEWCTX": 0,
        },
        "DENY_GROUP": "cn=left,dc=example,dc=com",
        "GROUP_SEARCH": ("LDAPSearch", "ou=groups,dc=example,dc=com", "SCOPE_SUBTREE", "(objectClass=groupOfNames)"),
        "GROUP_TYPE": ("NestedGroupOfNamesType",),
        "MIRROR_GROUPS": True,
        "REQUIRE_GROUP": "cn=users,dc=example,dc=com",
        "SERVER_URI": "ldaps://ldap.example.com",
        "START_TLS": False,
        "USER_ATTR_MAP": {"email": "mail", "first_name": "givenName", "last_name": "sn"},
        "USER_FLAGS_BY_GROUP": dict.fromkeys(("is_staff", "is_superuser"), "cn=admins,dc=example,dc=com"),
        "USER_SEARCH": ("LDAPSearch", "ou=people,dc=example,dc=com", "SCOPE_SUBTREE", "(uid=%(user)s)"),
    }
    assert list(ours["CONNECTION_OPTIONS"])[-1] == "OPT_X_TLS_NEWCTX"  # makes libldap take the others over
    assert found["AUTHENTICATION_BACKENDS"] == ["django_auth_ldap.backend.LDAPBackend", *OWN]


def test_ldap_without_tls_of_its_own_starts_it(run: Any) -> None:
    found = run(site(authentication={"ldap": {**LDAP, "uri": "ldap://ldap.example.com"}}))
    assert found["AUTH_LDAP_START_TLS"] is True
    assert found["AUTH_LDAP_CONNECTION_OPTIONS"]["OPT_X_TLS_CACERTFILE"] == "/etc/pki/tls/certs/ca-bundle.crt"


def test_a_template_takes_the_place_of_a_search_and_nothing_binds(run: Any) -> None:
    users = {"dn_template": "uid=%(user)s,ou=people,dc=example,dc=com"}
    said = site(authentication={"ldap": {"uri": "ldaps://h", "users": users}})
    found = run(said)
    assert found["AUTH_LDAP_USER_DN_TEMPLATE"] == users["dn_template"]
    assert not {"AUTH_LDAP_USER_SEARCH", "AUTH_LDAP_BIND_DN", "AUTH_LDAP_BIND_PASSWORD"} & found.keys()


def test_keycloak_and_any_other_provider(run: Any) -> None:
    found = run(site(authentication={"sso": {"keycloak": KEYCLOAK}}))
    endpoint = "https://sso.example.com:8443/auth/realms/pulp/protocol/openid-connect"
    assert found["SOCIAL_AUTH_KEYCLOAK_ACCESS_TOKEN_URL"] == f"{endpoint}/token"
    assert found["SOCIAL_AUTH_KEYCLOAK_AUTHORIZATION_URL"] == f"{endpoint}/auth"
    assert (found["SOCIAL_AUTH_KEYCLOAK_KEY"], found["SOCIAL_AUTH_KEYCLOAK_SECRET"]) == ("id", 'client"secret')
    assert found["INSTALLED_APPS"] == ["social_django", "dynaconf_merge"]
    assert found["AUTHENTICATION_BACKENDS"] == ["social_core.backends.keycloak.KeycloakOAuth2", *OWN]
    assert found["LOGIN_REDIRECT_URL"] == "/pulp/api/v3/"

    found = run(site(authentication={"sso": {"oidc": {**OIDC, "ca": "PEM"}}, "ldap": LDAP}))
    assert found["SOCIAL_AUTH_OIDC_OIDC_ENDPOINT"] == "https://sso.example.com/realms/pulp"
    assert found["SOCIAL_AUTH_OIDC_SECRET"] == 'client"secret'
    assert found["SOCIAL_AUTH_VERIFY_SSL"].endswith("/sso-ca/ca.crt")
    assert found["AUTHENTICATION_BACKENDS"] == [
        "django_auth_ldap.backend.LDAPBackend",
        "social_core.backends.open_id_connect.OpenIdConnectAuth",
        *OWN,
    ]


def test_whatever_runs_settings_has_the_files_that_it_reads() -> None:
    compiled = build("demo", images={"pulp": {"name": "x"}}, authentication={"ldap": LDAP, "sso": {"oidc": OIDC}})
    reading = 0
    for _, pod in pods(compiled):
        for made in containers(pod):
            mounts = {mount["mountPath"] for mount in made["volumeMounts"]}
            if "/etc/pulp/settings" in mounts:
                reading += 1
                assert {"/etc/pulp/secrets/ldap", "/etc/pulp/secrets/sso"} <= mounts
    assert reading > 6


def test_credentials_are_given() -> None:
    compiled = build("demo", images={"pulp": {"name": "x"}}, authentication={"ldap": LDAP, "sso": {"oidc": OIDC}})
    made = {one.name: one.keys() for one in compiled.requirements.secrets}
    assert (made["pulp-ldap"], made["pulp-sso"]) == (("password",), ("client-secret",))


def egress(compiled: Any, component: str) -> dict[int, list[str]]:
    rules = one(compiled, "NetworkPolicy", f"pulp-{component}")["spec"].get("egress", [])
    return {
        rule["ports"][0]["port"]: [peer["ipBlock"]["cidr"] for peer in rule["to"] if "ipBlock" in peer]
        for rule in rules
    }


def test_only_who_asks_reaches_whom_it_asks() -> None:
    login = {"ldap": {**LDAP, "cidrs": ["10.0.0.0/8"]}, "sso": {"keycloak": KEYCLOAK}}
    compiled = build("demo", images={"pulp": {"name": "x"}}, authentication=login)
    assert egress(compiled, "api")[636] == ["10.0.0.0/8"]
    assert egress(compiled, "api")[8443] == ["0.0.0.0/0", "::/0"]
    assert egress(compiled, "content")[636] == ["10.0.0.0/8"]  # guarded content asks LDAP
    assert 8443 not in egress(compiled, "content")
    assert not {636, 8443} & egress(compiled, "worker").keys()


def test_the_ca_can_be_a_key_of_an_existing_secret(run: Any, tmp_path: Path) -> None:
    existing = {"ldap": {"name": "directory", "keys": {"password": "pw", "ca.crt": "ca.pem"}}}
    said = site(authentication={"ldap": LDAP}, secrets={"existing": existing})
    ca = run(said)["AUTH_LDAP_CONNECTION_OPTIONS"]["OPT_X_TLS_CACERTFILE"]
    assert ca == f"{tmp_path}/secrets/ldap/ca.crt"
    compiled = build("demo", authentication={"ldap": LDAP}, secrets={"existing": existing})
    (found,) = [one for one in compiled.requirements.existing if one.name == "directory"]
    assert found.keys == ("ca.pem", "pw")
