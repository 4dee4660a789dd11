"""The Secrets that an installation may mount, and the CA bundle: what they hold and under which names.

The list is what *could* be mounted; :func:`compiler.pulp.model.build_model` keeps what a pod really mounts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from compiler.pulp.foreign import foreign
from compiler.pulp.requirements import (
    Authority,
    DjangoKey,
    ExistingSecret,
    FernetKey,
    Given,
    GivenSigningKey,
    Leaf,
    Material,
    Password,
    SecretRequirement,
    SigningKey,
    TokenPair,
    TrustBundle,
)
from compiler.pulp.site import Site, labels
from compiler.spec.parts import parts

DJANGO_KEY = "secret_key"
FIELDS_KEY = "database_fields.symmetric.key"
TOKEN_PRIVATE = "container_auth_private_key.pem"  # noqa: S105 - the key of a Secret
TOKEN_PUBLIC = "container_auth_public_key.pem"  # noqa: S105 - the key of a Secret
PASSWORD = "password"  # noqa: S105 - the key of a Secret
USERNAME = "username"
S3_ACCESS_KEY = "s3-access-key-id"
S3_SECRET_KEY = "s3-secret-access-key"  # noqa: S105 - the key of a Secret

CLIENT_SECRET = "client-secret"  # noqa: S105 - the key of a Secret
SIGNING_KEY = "signing_service.gpg"

DATABASE_ROLE = "pulp"
"""Role and database of the embedded PostgreSQL, and the CN of its clients' certificate (``clientcert=verify-full``)."""


TRUST: Mapping[str, Authority] = {"ca": "service", "upstream-ca": "upstream"}
"""The ConfigMaps of CA certificates, by the part of their name. ``ca``: servers, and clients of database and cache;
``upstream-ca``: clients of api and content. Two, so that a new upstream CA restarts neither database nor cache."""


def trust_bundles(site: Site) -> tuple[TrustBundle, ...]:
    """The bundles that an installation may mount."""
    return tuple(
        TrustBundle(name=site.name(part), namespace=site.namespace or "", keys={"ca.crt": signer}, labels=labels(site))
        for part, signer in TRUST.items()
    )


def catalogue(site: Site) -> dict[str, SecretRequirement]:
    """Every Secret that the secrets room would make for this installation, by name; none that somebody else makes."""
    found: dict[str, SecretRequirement] = {}

    def add(part: str, *materials: Material) -> None:
        if foreign(site, part) is not None:
            return
        kind = "kubernetes.io/tls" if isinstance(materials[0], Leaf) else "Opaque"
        found[site.name(part)] = SecretRequirement(
            name=site.name(part),
            namespace=site.namespace or "",
            materials=materials,
            type=kind,
            labels=labels(site),
        )

    add("secret-key", DjangoKey(DJANGO_KEY))
    add("db-fields-encryption", FernetKey(FIELDS_KEY))
    add("admin-password", Password(PASSWORD))
    add("container-auth", TokenPair(TOKEN_PRIVATE, TOKEN_PUBLIC))
    spec = site.spec
    if spec.database and spec.database.external:
        host = spec.database.external.host
        add("postgres-configuration", Given({PASSWORD: f"password of the role on the PostgreSQL at {host}"}))
    else:
        add("postgres-configuration", Password(PASSWORD))
    if spec.cache and spec.cache.external:
        add("redis-configuration", Given({PASSWORD: f"password of the Redis at {spec.cache.external.host}"}))
    else:
        add("redis-configuration", Password(PASSWORD))
    if spec.storage and spec.storage.s3:
        bucket = spec.storage.s3.bucket
        add(
            "s3",
            Given(
                {
                    S3_ACCESS_KEY: f"access key id for the bucket {bucket}",
                    S3_SECRET_KEY: f"secret access key for the bucket {bucket}",
                }
            ),
        )
    add(
        "replica-upstream",
        Given(
            {
                USERNAME: "name of this replica's account at the centre",
                PASSWORD: "password of this replica's account at the centre",
            }
        ),
    )
    login = spec.authentication
    if login.ldap and login.ldap.bind_dn:
        add("ldap", Given({PASSWORD: f"password of {login.ldap.bind_dn} at {login.ldap.uri}"}))
    client = (login.sso.keycloak or login.sso.oidc) if login.sso else None
    if client:
        add("sso", Given({CLIENT_SECRET: f"secret of the client {client.client_id} of single sign-on"}))
    for name, key in (spec.signing.keys if spec.signing else {}).items():
        words = {SIGNING_KEY: "armored GPG secret key without a passphrase"}
        user_id = key.user_id or f"Pulp {spec.host or spec.name}"
        add(name, SigningKey(SIGNING_KEY, user_id) if key.source == "generated" else GivenSigningKey(words))
    _certificates(site, add)
    return found


def _certificates(site: Site, add: Callable[..., None]) -> None:
    for part, host in (("api", None), ("content", None), ("database", None), ("redis", None), ("web", site.spec.host)):
        names = site.service_names(part)
        add(f"{part}-tls", Leaf("server", site.service(part), (*names, host) if host else names))
    add("database-client", Leaf("client", DATABASE_ROLE))
    # Not the database's role: PostgreSQL maps the CN, and each certificate opens one door.
    add("redis-client", Leaf("client", site.name("redis-client")))
    for part in ("web", "probe", "replica"):
        add(f"{part}-client", Leaf("client", site.name(part), authority="upstream"))


def existing(site: Site) -> tuple[ExistingSecret, ...]:
    """The Secrets that somebody else makes and the spec names, with the keys that are read from them.

    Of those in place of ours, :func:`compiler.pulp.model.build_model` keeps what a pod mounts.
    """
    spec = site.spec
    namespace = site.namespace or ""
    found = [
        ExistingSecret(theirs.name, namespace, tuple(sorted(set(theirs.keys.values()))), site.name(part), theirs.keys)
        for part in parts(spec)
        if (theirs := foreign(site, part)) is not None
    ]
    if spec.exposure and spec.exposure.ingress and spec.exposure.ingress.tls and spec.exposure.ingress.tls.secret:
        found.append(ExistingSecret(spec.exposure.ingress.tls.secret, namespace, ("tls.crt", "tls.key")))
    found += [ExistingSecret(name, namespace, (".dockerconfigjson",)) for name in spec.pulp.image_pull_secrets]
    return tuple(found)
