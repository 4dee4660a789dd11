"""``secrets/recipients.yaml``: who can open what. Public keys only; every sealed file must agree with it."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.secrets import foreign, layout
from compiler.secrets.documents import load, place

_AGE = re.compile(r"age1[02-9ac-hj-np-z]{58}")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_TEMPLATE = """\
# Who can open what: age recipients (public keys) by group, and the fingerprints of sealed-secrets controllers.
#   admin             open the vault and the CA keys, and everything below
#   ci                open the vault too (empty unless a pipeline renews certificates)
#   cluster-<overlay> open what that overlay's cluster gets
version: 1
groups:
  admin: []
  ci: []
"""


@dataclass(frozen=True)
class Recipients:
    """Who can open what.

    Args:
        groups: group name to age recipients, in the file's order.
        certificates: overlay to the SHA-256 fingerprint of its controller's certificate.
    """

    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    certificates: Mapping[str, str] = field(default_factory=dict)

    def authority(self) -> tuple[str, ...]:
        """Who opens a CA's private key: administrators only."""
        return tuple(sorted(self.groups.get("admin", ())))

    def vault(self) -> tuple[str, ...]:
        """Who opens the vault: administrators and CI."""
        return tuple(sorted({*self.groups.get("admin", ()), *self.groups.get("ci", ())}))

    def cluster(self, overlay: str) -> tuple[str, ...]:
        """Who opens what the cluster of ``overlay`` gets: the cluster itself and administrators.

        Raises:
            CompilerError: the cluster has no recipient.
        """
        group = self.groups.get(f"cluster-{overlay}", ())
        if not group:
            raise CompilerError(
                f"the cluster of {overlay} has no age recipient",
                origin=Origin(layout.RECIPIENTS, field=f"groups.cluster-{overlay}"),
                hint=f"compiler secrets init --cluster {overlay}=age1… (the public half of Flux's own key)",
            )
        return tuple(sorted({*group, *self.groups.get("admin", ())}))

    def certificate(self, overlay: str) -> str:
        """Fingerprint of the certificate that ``overlay``'s controller has.

        Raises:
            CompilerError: none is known.
        """
        if overlay not in self.certificates:
            raise CompilerError(
                f"the sealed-secrets controller of {overlay} has no certificate here",
                origin=Origin(layout.RECIPIENTS, field=f"certificates.{overlay}"),
                hint=f"kubeseal --fetch-cert > cert.pem, then: compiler secrets init --cert {overlay}=cert.pem",
            )
        return self.certificates[overlay]

    def without(self, overlay: str) -> Recipients:
        """The same without the cluster and the controller of ``overlay``."""
        return Recipients(
            {name: members for name, members in self.groups.items() if name != f"cluster-{overlay}"},
            {name: pinned for name, pinned in self.certificates.items() if name != overlay},
        )


def check_member(group: str, text: str, *, origin: Origin | None = None) -> str:
    """``text``, when it may be in ``group``: an age recipient; for a cluster also a key of the other kinds that sops
    knows (:mod:`compiler.secrets.foreign`). Administrators need age: it opens without anybody's service.

    Raises:
        CompilerError: it may not. A private key is not repeated in the message.
    """
    _refuse_private(text, origin)
    if foreign.kind_of(text) is None:
        return check_recipient(text, origin=origin)
    if not group.startswith("cluster-"):
        raise CompilerError(f"only clusters may have other recipients than age's, {group} may not", origin=origin)
    return foreign.check(text, origin=origin)


def _refuse_private(text: str, origin: Origin | None) -> None:
    if "SECRET-KEY" in text.upper() or "PRIVATE" in text.upper():
        raise CompilerError(
            "that is a private key; a recipient is the public half (age1…)",
            origin=origin,
            hint="it may now be in your shell's history or in Git: make a new identity and throw this one away",
        )


def check_recipient(text: str, *, origin: Origin | None = None) -> str:
    """``text``, when it is an age X25519 recipient.

    Raises:
        CompilerError: it is anything else. A private key is not repeated in the message.
    """
    import pyrage

    _refuse_private(text, origin)
    try:
        if not _AGE.fullmatch(text):
            raise ValueError
        pyrage.x25519.Recipient.from_str(text)
    except (pyrage.RecipientError, ValueError):
        shown = text[:20] + ("…" if len(text) > 20 else "")
        raise CompilerError(
            f"{shown!r} is no age recipient (age1 and 58 more lower-case characters)",
            origin=origin,
            hint="age-keygen -y FILE prints it",
        ) from None
    return text


def read(tree: Tree) -> Recipients:
    """The repository's recipients, validated.

    Raises:
        CompilerError: the file is missing or malformed, or there is no administrator.
    """
    try:
        content = tree.read(layout.RECIPIENTS)
    except FileNotFoundError:
        raise CompilerError(
            f"{layout.RECIPIENTS} is missing: nobody could open what would be sealed",
            hint="compiler secrets init --age-recipient age1… (or --generate-identity FILE)",
        ) from None
    recipients = _parse(content)
    if not recipients.authority():
        raise CompilerError(
            "the group admin has no recipient: nobody could open the vault",
            origin=place(content, layout.RECIPIENTS, "groups", "admin"),
            hint="compiler secrets init --age-recipient age1…",
        )
    return recipients


def _parse(content: bytes) -> Recipients:
    document = load(content, layout.RECIPIENTS)
    at: list[str] = []
    try:
        return _read(document, at)
    except CompilerError as error:
        raise CompilerError(error.message, origin=place(content, layout.RECIPIENTS, *at), hint=error.hint) from None


def _read(document: Mapping[str, object], at: list[str]) -> Recipients:
    """The recipients; ``at`` are the keys of what is looked at."""
    unknown = sorted(set(document) - {"version", "groups", "certificates"})
    at[:] = unknown[:1] or ["version"]
    if unknown or document.get("version") != 1:
        raise CompilerError(f"unknown key {unknown[0]!r}" if unknown else "version 1 was expected")
    groups: dict[str, tuple[str, ...]] = {}
    for name, members in _section(document, "groups", at).items():
        at[:] = ["groups", name]
        if name not in ("admin", "ci") and not name.startswith("cluster-"):
            raise CompilerError("groups are admin, ci and cluster-<overlay>")
        if not isinstance(members, list) or not all(isinstance(one, str) for one in members):
            raise CompilerError("a list of age recipients was expected")
        groups[name] = tuple(check_member(name, one) for one in members)
        if len(set(groups[name])) != len(members):
            raise CompilerError("a recipient stands twice")
    certificates: dict[str, str] = {}
    for overlay, entry in _section(document, "certificates", at).items():
        at[:] = ["certificates", overlay]
        fingerprint = entry.get("sha256") if isinstance(entry, dict) and set(entry) == {"sha256"} else None
        if not isinstance(fingerprint, str) or not _FINGERPRINT.fullmatch(fingerprint):
            raise CompilerError("{sha256: <64 hexadecimal digits>} was expected")
        certificates[overlay] = fingerprint
    return Recipients(groups, certificates)


def _section(document: Mapping[str, object], name: str, at: list[str]) -> Mapping[str, object]:
    at[:] = [name]
    section = document.get(name)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise CompilerError("a mapping was expected")
    return section


def extend(content: bytes | None, groups: Mapping[str, Sequence[str]], certificates: Mapping[str, str]) -> bytes:
    """The file with more recipients and other certificate fingerprints; comments and order of the old one are kept.

    Args:
        content: the file as it is, ``None`` when there is none.
        groups: group to recipients to add; those that are there stay.
        certificates: overlay to fingerprint; one that is there is replaced.

    Returns:
        the new file; equal to the old one when nothing was to add.
    """
    old = content if content is not None else _TEMPLATE.encode()
    known = _parse(old)
    new_members = {
        group: [one for one in dict.fromkeys(members) if one not in known.groups.get(group, ())]
        for group, members in groups.items()
    }
    new_certificates = {
        overlay: value for overlay, value in certificates.items() if known.certificates.get(overlay) != value
    }
    if content is not None and not any(new_members.values()) and not new_certificates:
        return content
    yaml, document = _kept(old)
    for group, members in new_members.items():
        if members:
            present = document["groups"].get(group) or []
            document["groups"][group] = [*present, *members]
    for overlay, fingerprint in new_certificates.items():
        document.setdefault("certificates", {})[overlay] = {"sha256": fingerprint}
    return _dumped(yaml, document)


def without(content: bytes, recipient: str, group: str | None) -> bytes:
    """The file without ``recipient``, in ``group`` or in every group; comments and order are kept.

    Raises:
        CompilerError: nobody has that recipient there.
    """
    known = _parse(content)
    groups = [name for name, members in known.groups.items() if recipient in members and group in (None, name)]
    if not groups:
        where = f"group {group}" if group else "any group"
        raise CompilerError(f"{recipient[:80]} is not in {where}", origin=Origin(layout.RECIPIENTS))
    yaml, document = _kept(content)
    for name in groups:
        document["groups"][name].remove(recipient)
    return _dumped(yaml, document)


def without_overlay(content: bytes, overlay: str) -> bytes:
    """The file without the group and the pinned certificate of an overlay; comments and order are kept."""
    known = _parse(content)
    group = f"cluster-{overlay}"
    if group not in known.groups and overlay not in known.certificates:
        return content
    yaml, document = _kept(content)
    if group in known.groups:
        del document["groups"][group]
    if overlay in known.certificates:
        del document["certificates"][overlay]
        if not document["certificates"]:
            del document["certificates"]
    return _dumped(yaml, document)


def _kept(content: bytes) -> tuple[Any, Any]:
    """A YAML that keeps comments and order, and the file as it has it."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml, yaml.load(content.decode("utf-8"))


def _dumped(yaml: Any, document: Any) -> bytes:
    stream = io.BytesIO()
    yaml.dump(document, stream)
    return stream.getvalue()
