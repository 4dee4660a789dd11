"""The material that a model needs, as data: the secrets room creates it, the model only mounts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Authority = Literal["service", "upstream"]
"""Which CA signs: ``service`` for servers and the clients of database and cache, ``upstream`` for the proxy's client
certificate towards api and content (gunicorn accepts any certificate of its CA, so that CA signs nothing else)."""


@dataclass(frozen=True)
class Password:
    """A generated password of ``length`` characters of [A-Za-z0-9] under ``key``."""

    key: str
    length: int = 32


@dataclass(frozen=True)
class DjangoKey:
    """Django's SECRET_KEY: 64 characters of [A-Za-z0-9] under ``key``."""

    key: str


@dataclass(frozen=True)
class FernetKey:
    """The database-field key: a Fernet key under ``key``. Losing or regenerating it loses data."""

    key: str


@dataclass(frozen=True)
class TokenPair:
    """The container token key pair: EC P-256, SEC1 private and SubjectPublicKeyInfo public PEM."""

    private_key: str
    public_key: str


@dataclass(frozen=True)
class Given:
    """Values that only a person has.

    Args:
        keys: key of the Secret to what belongs there, in words.
    """

    keys: Mapping[str, str]


@dataclass(frozen=True)
class SigningKey:
    """A GPG secret key, ASCII-armored and without passphrase, under ``key``.

    Args:
        key: key of the Secret.
        user_id: of a key that is made; a key that is there keeps its own.
    """

    key: str
    user_id: str


@dataclass(frozen=True)
class GivenSigningKey(Given):
    """A GPG secret key that a person has: what is set is looked at before it is taken."""


@dataclass(frozen=True)
class Leaf:
    """A certificate and its key under ``tls.crt`` and ``tls.key``.

    Args:
        purpose: the one extended key usage.
        common_name: subject CN (for a client of PostgreSQL: the database role).
        dns_names: subject alternative names; clients may have none.
        authority: the CA that signs.
    """

    purpose: Literal["server", "client"]
    common_name: str
    dns_names: tuple[str, ...] = ()
    authority: Authority = "service"


Material = Password | DjangoKey | FernetKey | TokenPair | SigningKey | Given | Leaf


@dataclass(frozen=True)
class SecretRequirement:
    """One Secret.

    Args:
        name: ``metadata.name``.
        namespace: ``metadata.namespace``.
        materials: what it holds; keys are unique.
        type: Kubernetes' Secret type.
        consumers: the workloads that mount it, as ``Kind/name`` (a Job without the hash in its name).
        labels: labels of the Secret.
    """

    name: str
    namespace: str
    materials: tuple[Material, ...]
    type: str = "Opaque"
    consumers: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def keys(self) -> tuple[str, ...]:
        """Every key that the Secret will hold, sorted."""
        names: list[str] = []
        for material in self.materials:
            match material:
                case Password(key=key) | DjangoKey(key=key) | FernetKey(key=key) | SigningKey(key=key):
                    names.append(key)
                case TokenPair(private_key=private, public_key=public):
                    names += [private, public]
                case Given(keys=keys):
                    names += keys
                case Leaf():
                    names += ["tls.crt", "tls.key"]
        return tuple(sorted(names))


@dataclass(frozen=True)
class TrustBundle:
    """A public ConfigMap of CA certificates that the secrets room writes beside the Secrets.

    Args:
        name: ``metadata.name`` of the ConfigMap.
        namespace: its namespace.
        keys: key (a file name) to the authority whose certificates it holds.
        consumers: the workloads that mount it, as ``Kind/name``.
    """

    name: str
    namespace: str
    keys: Mapping[str, Authority]
    consumers: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ExistingSecret:
    """A Secret that the spec refers to and somebody else makes: nothing to create or seal, but no dangling reference.

    Args:
        name: ``metadata.name``.
        namespace: its namespace.
        keys: the keys that are read from it, sorted.
        instead: name of the Secret of ours that it stands for; empty when we would make none.
        mapping: our key to its key, for one that stands for ours.
        consumers: the workloads that mount it in place of ours, as ``Kind/name``.
    """

    name: str
    namespace: str
    keys: tuple[str, ...] = ()
    instead: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    consumers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Requirements:
    """Everything that must exist beside the model before it can run."""

    secrets: tuple[SecretRequirement, ...] = ()
    trust: tuple[TrustBundle, ...] = ()
    existing: tuple[ExistingSecret, ...] = ()
