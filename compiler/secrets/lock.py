"""``secrets/seals.lock.json``: what was sealed, for whom and until when. Public, and it says nothing of any value."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Literal, TypeVar

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.secrets import layout

_VERSION = 1
_FIRST_YEAR = 1950
_HINT = "restore it from Git history; it is written by `compiler secrets` only"


@dataclass(frozen=True)
class Certificate:
    """The public facts of a leaf.

    Args:
        authority: ``service`` or ``upstream``.
        ca: generation of the CA that signed.
        not_after: end of validity, ``YYYY-MM-DDTHH:MM:SSZ``.
        not_before: start of validity, the same form.
        serial: hexadecimal.
    """

    authority: str
    ca: int
    not_after: str
    not_before: str
    serial: str


@dataclass(frozen=True)
class Seal:
    """What a cluster gets of one Secret.

    Args:
        backend: what sealed it.
        changed: when its values last changed, ``YYYY-MM-DDTHH:MM:SSZ``.
        digest: keyed digest of the object, or ``None`` when the digest key was not at hand.
        generation: counts changes of values, from 1; stands on the pods that use them.
        keys: the keys it holds, sorted.
        recipients: age recipients, or the fingerprint of the controller's certificate.
        sealed: SHA-256 of the file.
        shape: SHA-256 of what it must hold.
        certificate: of the leaf in it, if there is one.
    """

    backend: str
    changed: str
    digest: str | None
    generation: int
    keys: tuple[str, ...]
    recipients: tuple[str, ...]
    sealed: str
    shape: str
    certificate: Certificate | None = None


@dataclass(frozen=True)
class VaultSeal:
    """A value set in the vault: its keys, recipients, and the SHA-256 of its file."""

    keys: tuple[str, ...]
    recipients: tuple[str, ...]
    sealed: str


@dataclass(frozen=True)
class AuthorityGeneration:
    """One generation of a CA.

    Args:
        certificate: SHA-256 of the public certificate's file.
        not_after: end of validity.
        recipients: who opens the private key.
        sealed: SHA-256 of the sealed private key's file.
        serial: hexadecimal.
        subject: RFC 4514 text.
    """

    certificate: str
    not_after: str
    recipients: tuple[str, ...]
    sealed: str
    serial: str
    subject: str


@dataclass(frozen=True)
class Authority:
    """A CA: which generation issues, and which are trusted.

    Args:
        issuer: the generation that signs.
        trusted: the generations in the bundle, sorted.
        generations: by number.
    """

    issuer: int
    trusted: tuple[int, ...]
    generations: Mapping[int, AuthorityGeneration]


@dataclass(frozen=True)
class Bundle:
    """A trust bundle: its generation and the SHA-256 of its file."""

    generation: int
    sha256: str


Phase = Literal["add", "promote", "reencrypt", "retire"]
PHASES: tuple[Phase, ...] = ("add", "promote", "reencrypt", "retire")
"""How a database-field key gives way to the next one; see :mod:`compiler.secrets.fieldskey`."""


@dataclass(frozen=True)
class Rotation:
    """A database-field key on its way to the next one.

    Args:
        phase: the last one entered; ``retire`` ends the way, so it never stands here.
        since: when it was entered.
    """

    phase: str
    since: str

    def following(self) -> Phase:
        """The phase that comes next."""
        return next(after for before, after in pairwise(PHASES) if before == self.phase)


@dataclass(frozen=True)
class Lock:
    """The whole lock; ids are ``<overlay>/<name>``. ``rotations`` has an entry only while a key is on its way."""

    authorities: Mapping[str, Authority] = field(default_factory=dict)
    bundles: Mapping[str, Bundle] = field(default_factory=dict)
    secrets: Mapping[str, Seal] = field(default_factory=dict)
    vault: Mapping[str, VaultSeal] = field(default_factory=dict)
    rotations: Mapping[str, Rotation] = field(default_factory=dict)


def moment(when: datetime) -> str:
    """``when`` as the lock writes it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(text: str) -> datetime:
    """The time that :func:`moment` wrote.

    Raises:
        ValueError: it wrote no such thing; no certificate can name a time before 1950 (UTCTime, RFC 5280 4.1.2.5.1).
    """
    when = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if when.year < _FIRST_YEAR:
        raise ValueError("a time before 1950")
    return when


def dump(lock: Lock) -> bytes:
    """The lock's file: sorted, one field a line, so that Git merges it and people read it."""
    document: dict[str, Any] = {"version": _VERSION}
    for part in dataclasses.fields(Lock):
        entries: Mapping[str, Any] = getattr(lock, part.name)
        if entries or part.name != "rotations":
            document[part.name] = {key: _plain(entries[key]) for key in sorted(entries)}
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode("ascii")


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def read(tree: Tree) -> Lock:
    """The repository's lock; empty when there is none.

    Raises:
        CompilerError: it is malformed.
    """
    try:
        content = tree.read(layout.LOCK)
    except FileNotFoundError:
        return Lock()
    try:
        document = json.loads(content)
        if document["version"] != _VERSION:
            raise CompilerError(
                f"version {document['version']!r} of the lock is not known, only {_VERSION}",
                origin=Origin(layout.LOCK),
                hint="use the compiler version that .compiler.yaml pins",
            )
        return Lock(
            authorities={key: _authority(value) for key, value in document["authorities"].items()},
            bundles={key: Bundle(**_typed(Bundle, value)) for key, value in document["bundles"].items()},
            secrets={key: _seal(value) for key, value in document["secrets"].items()},
            vault={key: VaultSeal(**_typed(VaultSeal, value)) for key, value in document["vault"].items()},
            rotations={key: _rotation(value) for key, value in document.get("rotations", {}).items()},
        )
    except json.JSONDecodeError as error:
        origin = Origin(layout.LOCK, error.lineno, error.colno)
        raise CompilerError("the lock is not valid JSON (a merge conflict?)", origin=origin, hint=_HINT) from None
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise CompilerError("the lock is damaged", origin=Origin(layout.LOCK), hint=_HINT) from None


_T = TypeVar("_T")


def _typed(kind: type[_T], value: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of ``value`` for ``kind``, each of the type that its annotation names."""
    result: dict[str, Any] = {}
    for part in dataclasses.fields(kind):  # type: ignore[arg-type]
        item = value[part.name]
        if part.type == "str" and not isinstance(item, str):
            raise TypeError(part.name)
        if part.type == "int" and (not isinstance(item, int) or item < 1):
            raise TypeError(part.name)
        if part.type == "tuple[str, ...]":
            if not isinstance(item, list) or not all(isinstance(one, str) for one in item):
                raise TypeError(part.name)
            item = tuple(item)
        result[part.name] = item
    if set(value) != set(result):
        raise TypeError("unknown field")
    return result


def _seal(value: Mapping[str, Any]) -> Seal:
    fields = _typed(Seal, value)
    if fields["digest"] is not None and not isinstance(fields["digest"], str):
        raise TypeError("digest")
    if fields["certificate"] is not None:
        fields["certificate"] = Certificate(**_typed(Certificate, fields["certificate"]))
        instant(fields["certificate"].not_after)
        instant(fields["certificate"].not_before)
    instant(fields["changed"])
    return Seal(**fields)


def _rotation(value: Mapping[str, Any]) -> Rotation:
    entry = Rotation(**_typed(Rotation, value))
    if entry.phase not in PHASES[:-1]:
        raise ValueError("phase")
    instant(entry.since)
    return entry


def _authority(value: Mapping[str, Any]) -> Authority:
    generations = {
        int(number): AuthorityGeneration(**_typed(AuthorityGeneration, entry))
        for number, entry in value["generations"].items()
    }
    for one in generations.values():
        instant(one.not_after)
    trusted = tuple(int(number) for number in value["trusted"])
    issuer = int(value["issuer"])
    if issuer not in generations or issuer not in trusted or not set(trusted) <= set(generations):
        raise ValueError("generations")
    return Authority(issuer, trusted, generations)
