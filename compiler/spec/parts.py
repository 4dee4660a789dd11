"""The Secrets that Pulp may mount, by the part of their name, and their keys: what ``secrets.existing`` may say.

The model mounts them (compiler/pulp/material.py); a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass

from compiler.spec.models import Spec

_LEAVES = (
    "api-tls",
    "content-tls",
    "database-client",
    "database-tls",
    "probe-client",
    "redis-client",
    "redis-tls",
    "replica-client",
    "web-client",
    "web-tls",
)


@dataclass(frozen=True)
class Part:
    """The keys of one Secret.

    Args:
        keys: those that it always holds.
        optional: those that are read only from an existing Secret, and only when they are named.
    """

    keys: tuple[str, ...]
    optional: tuple[str, ...] = ()


def parts(spec: Spec) -> dict[str, Part]:
    """Every Secret that an installation of this spec might mount, by the part of its name."""
    outer_database = spec.database is not None and spec.database.external is not None
    outer_cache = spec.cache is not None and spec.cache.external is not None
    found = {
        "admin-password": Part(("password",)),
        "container-auth": Part(("container_auth_private_key.pem", "container_auth_public_key.pem")),
        "db-fields-encryption": Part(("database_fields.symmetric.key",)),
        "postgres-configuration": Part(("password",), ("username",) if outer_database else ()),
        "redis-configuration": Part(("password",), ("username",) if outer_cache else ()),
        "replica-upstream": Part(("password", "username")),
        "s3": Part(("s3-access-key-id", "s3-secret-access-key")),
        "secret-key": Part(("secret_key",)),
    }
    found |= dict.fromkeys(_LEAVES, Part(("tls.crt", "tls.key")))
    ldap = spec.authentication.ldap
    if ldap is not None:
        found["ldap"] = Part(("password",) if ldap.bind_dn else (), ("ca.crt",))
    if spec.authentication.sso is not None and (spec.authentication.sso.keycloak or spec.authentication.sso.oidc):
        found["sso"] = Part(("client-secret",))
    if spec.signing is not None:
        found |= dict.fromkeys(spec.signing.keys, Part(("signing_service.gpg",)))
    return dict(sorted(found.items()))
