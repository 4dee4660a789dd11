"""The backends behind one small interface: how the Secrets of a cluster stand in Git."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from compiler.errors import CompilerError
from compiler.pulp.requirements import SecretRequirement
from compiler.secrets import digest, documents, references, sealedsecrets, sops
from compiler.secrets.plaintext import Plaintext
from compiler.secrets.tool import Sops


class Backend(Protocol):
    """What turns a Secret into a file that may stand in Git."""

    def seal(self, requirement: SecretRequirement, values: Mapping[str, Plaintext]) -> bytes:
        """The file. Backends that refer to a controller's Secret take no values.

        Raises:
            WorldError: sops failed, or its output cannot be trusted.
        """

    def check(self, content: bytes, path: str, requirement: SecretRequirement, keys: tuple[str, ...]) -> None:
        """Check the structure of a file without opening it.

        Raises:
            CompilerError: it is not what this backend writes for ``requirement``.
        """

    def fingerprint(self) -> str:
        """SHA-256 of whom or what it seals for, hexadecimal: another one means that the files are out of date."""

    def recipients(self) -> tuple[str, ...]:
        """Who opens or makes it, as the lock says it."""


class SopsAge:
    """Sealed with sops to age recipients.

    Args:
        tool: finds sops.
        recipients: age recipients, validated.
    """

    def __init__(self, tool: Callable[[], Sops], recipients: tuple[str, ...]) -> None:
        self._tool = tool
        self._recipients = recipients

    def seal(self, requirement: SecretRequirement, values: Mapping[str, Plaintext]) -> bytes:
        """The Secret with its values encrypted."""
        return sops.seal(self._tool(), _document(requirement, values).manifest(), self._recipients)

    def check(self, content: bytes, path: str, requirement: SecretRequirement, keys: tuple[str, ...]) -> None:
        """Recipients, structure, and every field in clear."""
        document = sops.read(content, path, self._recipients)
        wanted = _document(requirement, {}).manifest()
        for name in ("apiVersion", "kind", "metadata", "type"):
            if document.get(name) != wanted[name]:
                raise CompilerError(f"its {name} is not what the spec wants")
        if set(document) != {*wanted, "sops"}:
            raise CompilerError("it has fields that this compiler never writes")
        if sorted(document["data"]) != sorted(keys):
            raise CompilerError(f"it does not hold exactly the keys {', '.join(sorted(keys))}")

    def fingerprint(self) -> str:
        """Of the sorted recipients."""
        return digest.of_shape({"age": sorted(self._recipients)})

    def recipients(self) -> tuple[str, ...]:
        """The age recipients."""
        return self._recipients


class Controller:
    """Sealed for a sealed-secrets controller, strict scope.

    Args:
        certificate: of the controller.
    """

    def __init__(self, certificate: sealedsecrets.ControllerCertificate) -> None:
        self._certificate = certificate

    def seal(self, requirement: SecretRequirement, values: Mapping[str, Plaintext]) -> bytes:
        """The SealedSecret."""
        return sealedsecrets.seal(_document(requirement, values), self._certificate)

    def check(self, content: bytes, path: str, requirement: SecretRequirement, keys: tuple[str, ...]) -> None:
        """Place, scope, template and keys."""
        sealedsecrets.read(content, path, name=requirement.name, namespace=requirement.namespace, keys=keys)

    def fingerprint(self) -> str:
        """Of the certificate."""
        return self._certificate.fingerprint

    def recipients(self) -> tuple[str, ...]:
        """The certificate's fingerprint."""
        return (self._certificate.fingerprint,)


class External:
    """Read from a store by External Secrets.

    Args:
        store: the SecretStore.
    """

    def __init__(self, store: references.ExternalStore) -> None:
        self._store = store

    def seal(self, requirement: SecretRequirement, values: Mapping[str, Plaintext]) -> bytes:
        """The ExternalSecret."""
        del values
        return references.external_secret(requirement, self._store)

    def check(self, content: bytes, path: str, requirement: SecretRequirement, keys: tuple[str, ...]) -> None:
        """Equal to what would be written."""
        del path, keys
        _same(content, self.seal(requirement, {}))

    def fingerprint(self) -> str:
        """Of store, prefix and interval."""
        return digest.of_shape(vars(self._store))

    def recipients(self) -> tuple[str, ...]:
        """The store."""
        return (f"SecretStore/{self._store.store}",)


class CertManager:
    """Issued in the cluster by cert-manager.

    Args:
        issuers: what signs.
    """

    def __init__(self, issuers: references.Issuers) -> None:
        self._issuers = issuers

    def seal(self, requirement: SecretRequirement, values: Mapping[str, Plaintext]) -> bytes:
        """The Certificate."""
        del values
        return references.certificate(requirement, self._issuers)

    def check(self, content: bytes, path: str, requirement: SecretRequirement, keys: tuple[str, ...]) -> None:
        """Equal to what would be written."""
        del path, keys
        _same(content, self.seal(requirement, {}))

    def fingerprint(self) -> str:
        """Of issuers and lifetimes."""
        return digest.of_shape({**vars(self._issuers)})

    def recipients(self) -> tuple[str, ...]:
        """The issuers."""
        return tuple(sorted(f"{self._issuers.kind}/{name}" for name in self._issuers.names.values()))


def _document(requirement: SecretRequirement, values: Mapping[str, Plaintext]) -> documents.SecretDocument:
    return documents.SecretDocument(
        requirement.name, requirement.namespace, values, requirement.type, requirement.labels
    )


def _same(content: bytes, wanted: bytes) -> None:
    if content != wanted:
        raise CompilerError("it does not refer to what the spec wants; run `compiler secrets ensure`")
