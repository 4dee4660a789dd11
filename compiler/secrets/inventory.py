"""``secrets/inventory.yaml``: which Secrets each overlay needs, what is in them and who reads them. No values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.pulp.requirements import (
    DjangoKey,
    FernetKey,
    Given,
    Leaf,
    Material,
    Password,
    SecretRequirement,
    SigningKey,
    TokenPair,
)
from compiler.secrets import documents, layout

Kind = Literal["generated", "given", "certificate"]

_HEADER = (
    "# Written by `compiler secrets`: every Secret that the overlays need, what its keys hold, and who reads it.\n"
    "# kind: generated (made here), given (only you have it: `compiler secrets set ID`), certificate (issued here).\n"
)
_GIVEN = "given: "
"""What the words of a key begin with whose value a person brings."""


_FIELDS = {"consumers", "keys", "kind", "namespace", "type"}
_HINT = f"it is written by `compiler secrets ensure`: git checkout HEAD -- {layout.INVENTORY}"


@dataclass(frozen=True)
class Entry:
    """One Secret.

    Args:
        kind: ``given`` when a person must bring any of it, else ``certificate`` when it holds one.
        namespace: where it lives.
        type: Kubernetes' Secret type.
        keys: key to what it holds, in words.
        consumers: ``Kind/name`` of what mounts it.
    """

    kind: Kind
    namespace: str
    type: str
    keys: Mapping[str, str]
    consumers: tuple[str, ...]

    def given(self) -> tuple[str, ...]:
        """The keys whose values a person brings, sorted."""
        return tuple(sorted(key for key, words in self.keys.items() if words.startswith(_GIVEN)))


def entry(requirement: SecretRequirement) -> Entry:
    """What the inventory says of a requirement."""
    keys: dict[str, str] = {}
    for material in requirement.materials:
        keys |= _described(material)
    return Entry(kind(requirement), requirement.namespace, requirement.type, keys, tuple(sorted(requirement.consumers)))


def kind(requirement: SecretRequirement) -> Kind:
    """Where the material of a requirement comes from."""
    if any(isinstance(material, Given) for material in requirement.materials):
        return "given"
    if not requirement.materials:  # the CA of an issuer that cert-manager makes
        return "certificate"
    return "certificate" if any(isinstance(material, Leaf) for material in requirement.materials) else "generated"


def _described(material: Material) -> dict[str, str]:
    match material:
        case Password(key=key, length=length):
            return {key: f"a password of {length} characters"}
        case DjangoKey(key=key):
            return {key: "Django's secret key"}
        case FernetKey(key=key):
            return {key: "the database-field key: made once, never again (losing it loses data)"}
        case SigningKey(key=key):
            return {key: "a GPG secret key (RSA 4096): never made anew, a new one gets a new name"}
        case TokenPair(private_key=private, public_key=public):
            return {private: "private key of the token pair (EC P-256)", public: "public key of the token pair"}
        case Given(keys=keys):
            return {key: f"{_GIVEN}{words}" for key, words in keys.items()}
        case Leaf(purpose=purpose, common_name=name, authority=authority):
            return {"tls.crt": f"{purpose} certificate of {name} ({authority} CA)", "tls.key": "its private key"}


def dump(entries: Mapping[str, Entry]) -> bytes:
    """The inventory's file; ids sorted."""
    secrets: dict[str, Any] = {}
    for secret, one in entries.items():
        secrets[secret] = {
            "consumers": list(one.consumers),
            "keys": dict(one.keys),
            "kind": one.kind,
            "namespace": one.namespace,
            "type": one.type,
        }
    return documents.dump({"secrets": secrets, "version": 1}, header=_HEADER)


def read(tree: Tree) -> Mapping[str, Entry]:
    """The repository's inventory by id; empty when there is none.

    Raises:
        CompilerError: it is malformed.
    """
    try:
        content = tree.read(layout.INVENTORY)
    except FileNotFoundError:
        return {}
    return _parse(content)


@lru_cache(maxsize=4)
def _parse(content: bytes) -> Mapping[str, Entry]:
    try:
        document = documents.load(content, layout.INVENTORY)
    except CompilerError as error:
        raise CompilerError(error.message, origin=error.origin, hint=_HINT) from None
    secrets = document.get("secrets")
    if document.get("version") != 1 or not isinstance(secrets, dict) or set(document) != {"version", "secrets"}:
        raise CompilerError("version 1 with secrets alone was expected", origin=Origin(layout.INVENTORY), hint=_HINT)
    return {secret: _entry(secret, value) for secret, value in secrets.items()}


def _entry(secret: str, value: Any) -> Entry:
    try:
        keys, consumers = value["keys"], value["consumers"]
        if (
            value["kind"] not in ("generated", "given", "certificate")
            or not all(isinstance(words, str) for words in keys.values())
            or not all(isinstance(consumer, str) for consumer in consumers)
            or set(value) != _FIELDS
        ):
            raise TypeError
        return Entry(value["kind"], str(value["namespace"]), str(value["type"]), dict(keys), tuple(consumers))
    except (KeyError, TypeError, AttributeError):
        raise CompilerError(
            "the entry is malformed",
            origin=Origin(layout.INVENTORY, field=f"secrets.{secret}"),
            hint=_HINT,
        ) from None
