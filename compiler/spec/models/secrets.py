"""How material reaches the cluster: what seals or makes it, and what is there already."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from compiler.spec.models.common import SecretKey, SecretName, Section


class ExternalSecrets(Section):
    """A SecretStore of the External Secrets Operator, in the installation's own namespace."""

    store: Annotated[SecretName, Field(examples=["vault"])]
    """Name of the SecretStore. A ClusterSecretStore is not offered: it reaches over namespaces."""
    prefix: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9][-_.A-Za-z0-9/]*$", examples=["pulp/prod"])] = None
    """Stands before the name of each Secret in the store: ``pulp/prod/pulp-admin-password``."""
    refresh: Annotated[str, Field(pattern=r"^([0-9]+(h|m|s))+$", examples=["1h"])] = "1h"
    """How often the operator looks for new values."""


class CertManager(Section):
    """cert-manager's issuers and the life of what they issue."""

    issuer: Annotated[SecretName | None, Field(examples=["pulp-service"])] = None
    """The issuer of servers and of the clients of database and cache; a CA of this namespace is made when absent."""
    upstream_issuer: Annotated[SecretName | None, Field(examples=["pulp-upstream"])] = None
    """The issuer of the clients of api and content, which must sign nothing else; made when absent."""
    kind: Literal["Issuer", "ClusterIssuer"] = "Issuer"
    """Kind of the issuers that are named."""
    duration: Annotated[str, Field(pattern=r"^[1-9][0-9]*h$", examples=["2160h"])] = "2160h"
    """How long a certificate lives."""
    renew_before: Annotated[str, Field(pattern=r"^[1-9][0-9]*h$", examples=["720h"])] = "720h"
    """How long before its end a certificate is renewed."""


class ExistingSecret(Section):
    """A Secret of the namespace, and what our keys are called in it."""

    name: Annotated[SecretName, Field(examples=["team-pulp"])]
    """Name of the Secret."""
    keys: Annotated[dict[str, SecretKey], Field(examples=[{"password": "admin"}])] = {}
    """Our key to its key; a key that is not named is called as ours."""


class Secrets(Section):
    """How material reaches the cluster."""

    backend: Literal["sops", "sealed-secrets", "external-secrets", "ksops"] | None = None
    """What seals. Default by delivery: sealed-secrets for Argo CD, sops otherwise. ``external-secrets`` seals nothing:
    it refers to values that are in a store already. ``ksops``: sops files that KSOPS opens inside Argo CD, whose cache
    then holds them in clear."""
    external_secrets: ExternalSecrets | None = None
    """Where External Secrets finds the values, for the backend of that name."""
    certificates: Literal["own", "cert-manager"] = "own"
    """``own``: issued and renewed by ``compiler secrets``, and sealed; ``cert-manager``: issued in the cluster."""
    cert_manager: CertManager = CertManager()
    """What cert-manager issues with."""
    existing: Annotated[
        dict[str, ExistingSecret],
        Field(examples=[{"admin-password": {"name": "team-pulp", "keys": {"password": "admin"}}}]),
    ] = {}
    """Secrets that somebody else makes, by the part of the name that ours would have (``admin-password`` for
    ``pulp-admin-password``): they are mounted instead, and neither made nor sealed here."""
