"""What Pulp keeps its state in: database, cache and artifact storage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from compiler.spec.models.common import Hostname, K8sObject, Quantity, SecretKey, SecretName, Section, Undirected


class EmbeddedDatabase(Section):
    """A one-replica PostgreSQL StatefulSet with TLS; for demos and PoPs that can be rebuilt."""

    size: Annotated[Quantity, Field(examples=["8Gi"])] = "8Gi"
    """Size of its volume."""
    storage_class: Annotated[SecretName | None, Field(examples=["standard"])] = None
    """StorageClass; the cluster's default when absent."""
    resources: Annotated[K8sObject | None, Field(examples=[{"requests": {"cpu": "250m", "memory": "512Mi"}}])] = None
    """Kubernetes ResourceRequirements."""


class ExternalDatabase(Section):
    """A PostgreSQL (>= 14) that somebody else runs, reached with ``sslmode=verify-full``."""

    host: Annotated[Hostname, Field(examples=["db.example.com"])]
    """Host name, as in its certificate."""
    port: Annotated[int, Field(ge=1, le=65535, examples=[5432])] = 5432
    """TCP port."""
    name: Annotated[Undirected, Field(max_length=63, examples=["pulp"])] = "pulp"
    """Database name."""
    user: Annotated[Undirected, Field(max_length=63, examples=["pulp"])] = "pulp"
    """Role name. Its password is a given secret."""
    ca: Annotated[str | None, Field(examples=["-----BEGIN CERTIFICATE-----\n…"])] = None
    """PEM of the CA that signed its certificate; the image's public CAs when absent."""
    secret: Annotated[SecretName | None, Field(examples=["pulp-database"])] = None
    """An existing Secret that holds the password, instead of one given to ``compiler secrets set``."""
    secret_key: SecretKey = "password"
    """Key of the password in that Secret."""
    user_key: Annotated[SecretKey | None, Field(examples=["username"])] = None
    """Key of the user's name in that Secret, instead of ``user``."""
    cidrs: Annotated[list[str], Field(examples=[["10.0.0.0/16"]])] = []
    """Addresses for the egress NetworkPolicy; anywhere on that port when empty."""


class Database(Section):
    """PostgreSQL: exactly one of ``embedded`` and ``external``."""

    embedded: EmbeddedDatabase | None = None
    """Run one here."""
    external: ExternalDatabase | None = None
    """Use one that exists."""


class EmbeddedCache(Section):
    """A one-replica Redis Deployment with TLS and a password, without persistence: it is only a cache."""

    memory: Annotated[Quantity, Field(examples=["256Mi"])] = "256Mi"
    """Memory limit; ``maxmemory`` is three quarters of it."""
    resources: Annotated[K8sObject | None, Field(examples=[{"requests": {"cpu": "250m", "memory": "512Mi"}}])] = None
    """Kubernetes ResourceRequirements; replaces what ``memory`` implies."""


class ExternalCache(Section):
    """A Redis that somebody else runs, reached over TLS."""

    host: Annotated[Hostname, Field(examples=["redis.example.com"])]
    """Host name, as in its certificate."""
    port: Annotated[int, Field(ge=1, le=65535, examples=[6379])] = 6379
    """TCP port."""
    db: Annotated[int, Field(ge=0, examples=[0])] = 0
    """Database number."""
    user: Annotated[Undirected | None, Field(examples=["pulp"])] = None
    """ACL user; the default user when absent. Its password is a given secret."""
    ca: Annotated[str | None, Field(examples=["-----BEGIN CERTIFICATE-----\n…"])] = None
    """PEM of the CA that signed its certificate; the image's public CAs when absent."""
    secret: Annotated[SecretName | None, Field(examples=["pulp-cache"])] = None
    """An existing Secret that holds the password, instead of one given to ``compiler secrets set``."""
    secret_key: SecretKey = "password"
    """Key of the password in that Secret."""
    user_key: Annotated[SecretKey | None, Field(examples=["username"])] = None
    """Key of the user's name in that Secret, instead of ``user``."""
    cidrs: Annotated[list[str], Field(examples=[["10.0.0.0/16"]])] = []
    """Addresses for the egress NetworkPolicy; anywhere on that port when empty."""


class Cache(Section):
    """Redis: at most one of ``embedded``, ``external`` and ``disabled``."""

    embedded: EmbeddedCache | None = None
    """Run one here."""
    external: ExternalCache | None = None
    """Use one that exists."""
    disabled: Literal[True] | None = None
    """No cache at all."""


class VolumeStorage(Section):
    """A PersistentVolumeClaim that this repository makes."""

    size: Annotated[Quantity, Field(examples=["100Gi"])]
    """Size."""
    storage_class: Annotated[SecretName | None, Field(examples=["standard"])] = None
    """StorageClass; the cluster's default when absent."""
    access_mode: Literal["ReadWriteOnce", "ReadWriteMany"] = "ReadWriteMany"
    """``ReadWriteOnce`` only with one replica of each role (all then share a node)."""


class ClaimStorage(Section):
    """A PersistentVolumeClaim that exists."""

    name: Annotated[SecretName, Field(examples=["pulp-artifacts"])]
    """Name of the claim."""
    access_mode: Literal["ReadWriteOnce", "ReadWriteMany"] = "ReadWriteMany"
    """Its access mode."""


class S3Storage(Section):
    """An S3 bucket or a compatible store."""

    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", examples=["pulp-prod"])]
    """Bucket name."""
    region: Annotated[
        str | None, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", max_length=63, examples=["eu-west-1"])
    ] = None
    """Region."""
    endpoint: Annotated[str | None, Field(pattern=r"^https?://", examples=["https://s3.example.com"])] = None
    """Endpoint URL of a compatible store."""
    addressing_style: Literal["auto", "path", "virtual"] = "auto"
    """How the bucket is named in requests."""
    ca: Annotated[str | None, Field(examples=["-----BEGIN CERTIFICATE-----\n…"])] = None
    """PEM of the CA that signed the store's certificate; public CAs when absent."""
    cidrs: Annotated[list[str], Field(examples=[["203.0.113.0/24"]])] = []
    """Addresses for the egress NetworkPolicy; anywhere on its port when empty."""
    credentials: Literal["keys", "workload-identity"] = "keys"
    """``keys``: a given secret; ``workload-identity``: the ServiceAccounts' own identity, no secret at all."""
    service_account_annotations: Annotated[
        dict[str, str], Field(examples=[{"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/pulp"}])
    ] = {}
    """Annotations on the ServiceAccounts of api, content and worker, for workload identity."""
    secret: Annotated[SecretName | None, Field(examples=["pulp-s3"])] = None
    """An existing Secret with the keys, instead of one given to ``compiler secrets set``."""
    redirect: bool = True
    """Send clients to the bucket (``REDIRECT_TO_OBJECT_STORAGE``); off when they cannot reach it."""


class Storage(Section):
    """Artifacts: exactly one of ``volume``, ``claim`` and ``s3``."""

    volume: VolumeStorage | None = None
    """A claim made here."""
    claim: ClaimStorage | None = None
    """A claim that exists."""
    s3: S3Storage | None = None
    """An S3 bucket."""
