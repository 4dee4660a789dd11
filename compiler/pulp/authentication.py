"""Logins from LDAP and by single sign-on: their settings, the CA certificates, and where Pulp must reach."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from compiler.k8s.objects import GeneratedConfigMap
from compiler.pulp.foreign import foreign
from compiler.pulp.literals import Code, text_literal
from compiler.pulp.material import CLIENT_SECRET, PASSWORD
from compiler.pulp.pod import Mount, config_mount, secret_mount
from compiler.pulp.site import Site, labels
from compiler.spec.models.authentication import Keycloak, Ldap, Oidc

CA = "ca.crt"

# pulpcore's own (3.85 to 3.117), after which ours come.
_OWN = ["django.contrib.auth.backends.ModelBackend", "pulpcore.backends.ObjectRolePermissionBackend"]

_IMPORTS = """\
import ldap as _ldap
from django_auth_ldap import config as _ldap_config

"""

_GROUP_TYPES = {
    "active_directory": "ActiveDirectoryGroupType",
    "group_of_names": "GroupOfNamesType",
    "group_of_unique_names": "GroupOfUniqueNamesType",
    "nested_active_directory": "NestedActiveDirectoryGroupType",
    "nested_group_of_names": "NestedGroupOfNamesType",
    "nested_group_of_unique_names": "NestedGroupOfUniqueNamesType",
    "posix": "PosixGroupType",
}


def provider(site: Site) -> Keycloak | Oidc | None:
    """What does single sign-on."""
    sso = site.spec.authentication.sso
    return (sso.keycloak or sso.oidc) if sso else None


def authentication_mounts(site: Site) -> tuple[Mount, ...]:
    """The credentials that settings.py reads, and the CA certificates that it names."""
    ldap, login = site.spec.authentication.ldap, provider(site)
    mounts: list[Mount] = []
    if ldap and (ldap.bind_dn or foreign(site, "ldap")):
        mounts.append(secret_mount(site, "ldap"))
    if ldap and ldap.ca:
        mounts.append(config_mount(site, "ldap-ca"))
    if login:
        mounts.append(secret_mount(site, "sso"))
        if login.ca:
            mounts.append(config_mount(site, "sso-ca"))
    return tuple(mounts)


def authentication_config_maps(site: Site) -> list[GeneratedConfigMap]:
    """The CA certificates that the spec holds."""
    given = {"ldap-ca": site.spec.authentication.ldap, "sso-ca": provider(site)}
    return [
        GeneratedConfigMap(site.name(part), {CA: service.ca}, labels(site))
        for part, service in given.items()
        if service is not None and service.ca
    ]


def authentication_targets(site: Site) -> dict[str, tuple[Ldap | Keycloak | Oidc, int]]:
    """What Pulp asks when somebody logs in, by its key in the spec, with its TCP port."""
    ldap, login = site.spec.authentication.ldap, provider(site)
    found: dict[str, tuple[Ldap | Keycloak | Oidc, int]] = {}
    if ldap:
        parts = urlsplit(ldap.uri)
        found["authentication.ldap"] = (ldap, parts.port or (636 if parts.scheme == "ldaps" else 389))
    if login:
        keycloak = isinstance(login, Keycloak)
        address = login.url if isinstance(login, Keycloak) else login.issuer
        key = "authentication.sso.keycloak" if keycloak else "authentication.sso.oidc"
        found[key] = (login, urlsplit(address).port or 443)
    return found


def authentication_imports(site: Site) -> str:
    """What settings.py imports for it; an image without the package fails at once, and says which it lacks."""
    return _IMPORTS if site.spec.authentication.ldap else ""


def authentication_settings(site: Site, root: str, public_cas: str) -> dict[str, Any]:
    """The settings, with the backends that they need before Pulp's own.

    Args:
        site: the installation.
        root: folder below which the pods' secrets and certificates are.
        public_cas: the image's bundle of public CAs.
    """
    ldap, login = site.spec.authentication.ldap, provider(site)
    values: dict[str, Any] = {}
    backends: list[str] = []
    if ldap:
        backends.append("django_auth_ldap.backend.LDAPBackend")
        values |= _ldap(site, ldap, root, public_cas)
    if login:
        keycloak = isinstance(login, Keycloak)
        name = "keycloak.KeycloakOAuth2" if keycloak else "open_id_connect.OpenIdConnectAuth"
        backends.append(f"social_core.backends.{name}")
        values |= _sso(site, login, root, public_cas)
    if backends:
        values["AUTHENTICATION_BACKENDS"] = [*backends, *_OWN]
    return values


def _read(root: str, part: str, key: str) -> Code:
    return Code(f"_read({text_literal(f'{root}/secrets/{part}/{key}')})")


def _ldap(site: Site, ldap: Ldap, root: str, public_cas: str) -> dict[str, Any]:
    theirs = foreign(site, "ldap")
    ca = f"{root}/ldap-ca/{CA}" if ldap.ca else public_cas
    if theirs is not None and CA in theirs.keys:
        ca = f"{root}/secrets/ldap/{CA}"
    options = (
        "{\n"
        "    _ldap.OPT_NETWORK_TIMEOUT: 10,\n"
        # Active Directory refers to its other domains for the bare base, and libldap would ask them anonymously.
        "    _ldap.OPT_REFERRALS: 0,\n"
        "    _ldap.OPT_X_TLS_REQUIRE_CERT: _ldap.OPT_X_TLS_DEMAND,\n"
        f"    _ldap.OPT_X_TLS_CACERTFILE: {text_literal(ca)},\n"
        # The last one: it makes libldap take the others over.
        "    _ldap.OPT_X_TLS_NEWCTX: 0,\n"
        "}"
    )
    values: dict[str, Any] = {
        "AUTH_LDAP_CACHE_TIMEOUT": ldap.cache_timeout,
        "AUTH_LDAP_CONNECTION_OPTIONS": Code(options),
        "AUTH_LDAP_SERVER_URI": ldap.uri,
        "AUTH_LDAP_START_TLS": ldap.uri.startswith("ldap://"),
        "AUTH_LDAP_USER_ATTR_MAP": dict(ldap.users.attributes),
    }
    if ldap.bind_dn:
        values["AUTH_LDAP_BIND_DN"] = ldap.bind_dn
        values["AUTH_LDAP_BIND_PASSWORD"] = _read(root, "ldap", PASSWORD)
    if ldap.users.dn_template:
        values["AUTH_LDAP_USER_DN_TEMPLATE"] = ldap.users.dn_template
    elif ldap.users.base:
        values["AUTH_LDAP_USER_SEARCH"] = _search(ldap.users.base, ldap.users.filter)
    groups = ldap.groups
    if groups:
        values["AUTH_LDAP_GROUP_SEARCH"] = _search(groups.base, groups.filter)
        values["AUTH_LDAP_GROUP_TYPE"] = Code(f"_ldap_config.{_GROUP_TYPES[groups.type]}()")
        values["AUTH_LDAP_MIRROR_GROUPS"] = groups.mirror
        if groups.require:
            values["AUTH_LDAP_REQUIRE_GROUP"] = groups.require
        if groups.deny:
            values["AUTH_LDAP_DENY_GROUP"] = groups.deny
        if groups.superusers:
            values["AUTH_LDAP_USER_FLAGS_BY_GROUP"] = dict.fromkeys(("is_staff", "is_superuser"), groups.superusers)
    return values


def _search(base: str, wanted: str) -> Code:
    return Code(f"_ldap_config.LDAPSearch({text_literal(base)}, _ldap.SCOPE_SUBTREE, {text_literal(wanted)})")


def _sso(site: Site, login: Keycloak | Oidc, root: str, public_cas: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        # Its tables are made by the migration Job, its paths (/login/, /complete/) are added by pulpcore.
        "INSTALLED_APPS": ["social_django", "dynaconf_merge"],
        "LOGIN_REDIRECT_URL": f"{site.api_root}api/v3/",
        "SOCIAL_AUTH_REDIRECT_IS_HTTPS": True,
        "SOCIAL_AUTH_VERIFY_SSL": f"{root}/sso-ca/{CA}" if login.ca else public_cas,
    }
    secret = _read(root, "sso", CLIENT_SECRET)
    if isinstance(login, Oidc):
        return values | {
            "SOCIAL_AUTH_OIDC_KEY": login.client_id,
            "SOCIAL_AUTH_OIDC_OIDC_ENDPOINT": login.issuer.rstrip("/"),
            "SOCIAL_AUTH_OIDC_SECRET": secret,
        }
    endpoint = f"{login.url.rstrip('/')}/realms/{login.realm}/protocol/openid-connect"
    return values | {
        "SOCIAL_AUTH_KEYCLOAK_ACCESS_TOKEN_URL": f"{endpoint}/token",
        "SOCIAL_AUTH_KEYCLOAK_AUTHORIZATION_URL": f"{endpoint}/auth",
        "SOCIAL_AUTH_KEYCLOAK_KEY": login.client_id,
        "SOCIAL_AUTH_KEYCLOAK_PUBLIC_KEY": login.public_key,
        "SOCIAL_AUTH_KEYCLOAK_SECRET": secret,
    }
