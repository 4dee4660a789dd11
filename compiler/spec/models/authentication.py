"""Who may log in besides Pulp's own users: LDAP and single sign-on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from compiler.spec.models.common import Section, Undirected

Dn = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+ *=.+$", max_length=1000)]
"""A distinguished name (RFC 4514)."""

Attribute = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9.;-]*$", max_length=100)]
"""The name of an LDAP attribute (RFC 4512, 2.5)."""

Filter = Annotated[str, StringConstraints(pattern=r"^\(.+\)$", max_length=1000)]
"""An LDAP filter (RFC 4515)."""


class LdapUsers(Section):
    """How a user is found: by a search, or by what their name is put into."""

    base: Annotated[Dn | None, Field(examples=["ou=people,dc=example,dc=com"])] = None
    """Where users are searched, with everything below."""
    filter: Annotated[Filter, Field(examples=["(sAMAccountName=%(user)s)"])] = "(uid=%(user)s)"
    """Which of them it is: ``%(user)s`` stands for the name that was typed, escaped."""
    dn_template: Annotated[Dn | None, Field(examples=["uid=%(user)s,ou=people,dc=example,dc=com"])] = None
    """The user's DN, instead of a search."""
    attributes: Annotated[dict[str, Attribute], Field(examples=[{"email": "mail"}])] = {
        "email": "mail",
        "first_name": "givenName",
        "last_name": "sn",
    }
    """Field of a Pulp user to the attribute that fills it at each login."""


class LdapGroups(Section):
    """Groups, and what their members may."""

    base: Annotated[Dn, Field(examples=["ou=groups,dc=example,dc=com"])]
    """Where groups are searched, with everything below."""
    filter: Annotated[Filter, Field(examples=["(objectClass=posixGroup)"])] = "(objectClass=groupOfNames)"
    """Which objects are groups."""
    type: Literal[
        "active_directory",
        "group_of_names",
        "group_of_unique_names",
        "nested_active_directory",
        "nested_group_of_names",
        "nested_group_of_unique_names",
        "posix",
    ] = "group_of_names"
    """How groups name their members."""
    require: Annotated[Dn | None, Field(examples=["cn=pulp-users,ou=groups,dc=example,dc=com"])] = None
    """Only its members may log in."""
    deny: Annotated[Dn | None, Field(examples=["cn=left,ou=groups,dc=example,dc=com"])] = None
    """Its members may not log in."""
    superusers: Annotated[Dn | None, Field(examples=["cn=pulp-admins,ou=groups,dc=example,dc=com"])] = None
    """Its members may do everything; whoever leaves it no longer may, from the next login on."""
    mirror: bool = False
    """Make a user's groups in Pulp those of LDAP, so that roles can be given to them."""


class Ldap(Section):
    """An LDAP directory, always over TLS: ``ldaps://``, or ``ldap://`` with StartTLS. The image needs
    django-auth-ldap, which the published one has."""

    uri: Annotated[str, Field(pattern=r"^ldaps?://[A-Za-z0-9.-]+(:[0-9]+)?$", examples=["ldaps://ldap.example.com"])]
    """Scheme, host and optional port."""
    ca: Annotated[str | None, Field(examples=["-----BEGIN CERTIFICATE-----\n…"])] = None
    """PEM of the CA that signed its certificate; the image's public CAs when absent."""
    bind_dn: Annotated[Undirected | None, Field(examples=["cn=pulp,dc=example,dc=com"])] = None
    """Whose account searches; anonymous when absent. Its password is a given secret, ``<name>-ldap``."""
    users: LdapUsers
    """Users."""
    groups: LdapGroups | None = None
    """Groups."""
    cache_timeout: Annotated[int, Field(ge=0, examples=[3600])] = 0
    """Seconds that a user's DN and groups are remembered."""
    cidrs: Annotated[list[str], Field(examples=[["10.0.0.0/16"]])] = []
    """Addresses for the egress NetworkPolicy; anywhere on that port when empty."""


class Keycloak(Section):
    """A realm of Keycloak. The image needs social-auth-app-django, which the published one has not."""

    url: Annotated[str, Field(pattern=r"^https://", examples=["https://sso.example.com"])]
    """Where Keycloak is, with its path if it has one (``/auth`` of old versions)."""
    realm: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", examples=["pulp"])]
    """Name of the realm."""
    client_id: Annotated[str, Field(pattern=r"^[^@\s]\S*$", examples=["pulp"])]
    """Client ID. Its secret is a given secret, ``<name>-sso``."""
    public_key: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{200,}={0,2}$", examples=["MIIBIjANBgkq" * 20])]
    """The realm's RS256 public key in base64 on one line, as its Keys page shows it."""
    ca: Annotated[str | None, Field(examples=["-----BEGIN CERTIFICATE-----\n…"])] = None
    """PEM of the CA of its certificate; the image's public CAs when absent."""
    cidrs: Annotated[list[str], Field(examples=[["10.0.0.0/16"]])] = []
    """Addresses for the egress NetworkPolicy; anywhere on its port when empty."""


class Oidc(Section):
    """Any OpenID Connect provider, Keycloak too. The image needs social-auth-app-django, which the published one has
    not."""

    issuer: Annotated[str, Field(pattern=r"^https://", examples=["https://sso.example.com/realms/pulp"])]
    """The provider's issuer URL: its ``/.well-known/openid-configuration`` says everything else."""
    client_id: Annotated[str, Field(pattern=r"^[^@\s]\S*$", examples=["pulp"])]
    """Client ID. Its secret is a given secret, ``<name>-sso``."""
    ca: Annotated[str | None, Field(examples=["-----BEGIN CERTIFICATE-----\n…"])] = None
    """PEM of the CA of its certificate; the image's public CAs when absent."""
    cidrs: Annotated[list[str], Field(examples=[["10.0.0.0/16"]])] = []
    """Addresses for the egress NetworkPolicy; anywhere on its port when empty."""


class Sso(Section):
    """Single sign-on in a browser: at most one of ``keycloak`` and ``oidc``."""

    keycloak: Keycloak | None = None
    """A realm of Keycloak."""
    oidc: Oidc | None = None
    """Any OpenID Connect provider."""


class Authentication(Section):
    """Who may log in besides Pulp's own users, who always may."""

    ldap: Ldap | None = None
    """An LDAP directory."""
    sso: Sso | None = None
    """Single sign-on."""
