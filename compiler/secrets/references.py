"""Secrets that a controller in the cluster makes: only a reference stands in Git, nothing is sealed or made here.

``external-secrets``: an ExternalSecret (external-secrets.io/v1) reads each key from a store. Only a SecretStore of the
same namespace is referred to, and no template is used: a ClusterSecretStore reaches over namespaces, and templates have
been the way to read other tenants' values (CVE-2024-45041, CVE-2026-34984). ``cert-manager``: a Certificate
(cert-manager.io/v1) is issued and renewed in the cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from compiler.pulp.requirements import Leaf, SecretRequirement
from compiler.secrets import documents

REFERENCES = frozenset({"external-secrets", "cert-manager"})
"""Backends that refer to what a controller makes."""

_HEADER = (
    "# Written by `compiler secrets`: a controller in the cluster makes this Secret. Do not edit: change pulp.yaml.\n"
)
_CA_DURATION, _CA_RENEW = "87600h", "8760h"


@dataclass(frozen=True)
class ExternalStore:
    """Where External Secrets finds the values.

    Args:
        store: name of a SecretStore in the installation's namespace.
        prefix: stands before ``/<name of the Secret>`` in the store; may be empty.
        refresh: how often the controller looks, as Go writes durations.
    """

    store: str
    prefix: str = ""
    refresh: str = "1h"

    def remote(self, name: str) -> str:
        """The key in the store of the Secret called ``name``; its properties are the Secret's keys."""
        return f"{self.prefix}/{name}" if self.prefix else name


@dataclass(frozen=True)
class Issuers:
    """What cert-manager issues with.

    Args:
        names: authority to the name of the issuer that signs for it.
        kind: ``Issuer`` or ``ClusterIssuer``.
        made: name of a Secret to the issuer that is made here around the CA in it, as ``Issuer`` of the namespace.
        duration: how long a leaf lives.
        renew_before: how long before its end cert-manager renews it.
    """

    names: Mapping[str, str]
    kind: str = "Issuer"
    made: Mapping[str, str] = field(default_factory=dict)
    duration: str = "2160h"
    renew_before: str = "720h"


def external_secret(requirement: SecretRequirement, store: ExternalStore) -> bytes:
    """The ExternalSecret that makes ``requirement``."""
    target: dict[str, Any] = {"creationPolicy": "Owner", "deletionPolicy": "Retain", "name": requirement.name}
    if requirement.type != "Opaque":
        target["template"] = {"type": requirement.type}  # the type alone: no text is made of values
    keys = requirement.keys()
    data = [{"remoteRef": {"key": store.remote(requirement.name), "property": key}, "secretKey": key} for key in keys]
    return documents.dump(
        {
            "apiVersion": "external-secrets.io/v1",
            "kind": "ExternalSecret",
            "metadata": documents.metadata(requirement.name, requirement.namespace, requirement.labels),
            "spec": {
                "data": data,
                "refreshInterval": store.refresh,
                "secretStoreRef": {"kind": "SecretStore", "name": store.store},
                "target": target,
            },
        },
        header=_HEADER,
    )


def certificate(requirement: SecretRequirement, issuers: Issuers) -> bytes:
    """What makes cert-manager fill ``requirement``: a Certificate, or a CA and the Issuer around it."""
    if requirement.name in issuers.made:
        return _authority(requirement, issuers.made[requirement.name])
    (leaf,) = (one for one in requirement.materials if isinstance(one, Leaf))
    spec: dict[str, Any] = {
        "commonName": leaf.common_name,
        "duration": issuers.duration,
        "issuerRef": {
            "group": "cert-manager.io",
            "kind": "Issuer" if issuers.names[leaf.authority] in issuers.made.values() else issuers.kind,
            "name": issuers.names[leaf.authority],
        },
        # A new key each time, in the form that every peer of Pulp's reads (reference: cert-manager's API, v1).
        "privateKey": {"algorithm": "ECDSA", "encoding": "PKCS8", "rotationPolicy": "Always", "size": 256},
        "renewBefore": issuers.renew_before,
        "revisionHistoryLimit": 1,
        "secretName": requirement.name,
        "usages": ["digital signature", "server auth" if leaf.purpose == "server" else "client auth"],
    }
    if leaf.dns_names:
        spec["dnsNames"] = list(dict.fromkeys(leaf.dns_names))
    return documents.dump(_certificate(requirement, spec), header=_HEADER)


def _certificate(requirement: SecretRequirement, spec: dict[str, Any]) -> dict[str, Any]:
    if requirement.labels:
        spec["secretTemplate"] = {"labels": dict(requirement.labels)}
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": documents.metadata(requirement.name, requirement.namespace, requirement.labels),
        "spec": spec,
    }


def _authority(requirement: SecretRequirement, issuer: str) -> bytes:
    """A CA of the namespace: an Issuer that signs itself, the CA's Certificate, and the Issuer around it."""
    root = f"{issuer}-root"
    spec = {
        "commonName": requirement.name,
        "duration": _CA_DURATION,
        "isCA": True,
        "issuerRef": {"group": "cert-manager.io", "kind": "Issuer", "name": root},
        # Never: a CA with a new key would not be trusted by anybody who knows the old one.
        "privateKey": {"algorithm": "ECDSA", "encoding": "PKCS8", "rotationPolicy": "Never", "size": 256},
        "renewBefore": _CA_RENEW,
        "revisionHistoryLimit": 1,
        "secretName": requirement.name,
        "usages": ["cert sign", "crl sign"],
    }
    parts = (
        _issuer(requirement, root, {"selfSigned": {}}),
        _certificate(requirement, spec),
        _issuer(requirement, issuer, {"ca": {"secretName": requirement.name}}),
    )
    first, *others = (documents.dump(part, header="") for part in parts)
    return _HEADER.encode() + first + b"".join(b"---\n" + other for other in others)


def _issuer(requirement: SecretRequirement, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Issuer",
        "metadata": documents.metadata(name, requirement.namespace, requirement.labels),
        "spec": dict(spec),
    }
