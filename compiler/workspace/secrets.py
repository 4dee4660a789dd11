"""What the secrets commands need of a repository: its overlays as targets, its keys and tools, and the journal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from compiler.errors import CompilerError, WorldError
from compiler.kustomize.tree import DirTree
from compiler.pulp.requirements import Leaf, Requirements, SecretRequirement
from compiler.secrets.access import Access
from compiler.secrets.layout import Backend
from compiler.secrets.plaintext import Plaintext
from compiler.secrets.references import ExternalStore, Issuers
from compiler.secrets.targets import Target
from compiler.spec import EffectiveSpec
from compiler.spec.models import Spec
from compiler.workspace.lock import read_lock
from compiler.workspace.repository import Workspace
from compiler.workspace.seen import Seen

_BATCH = 32 * 1024 * 1024
"""Bytes of Git's objects that are read at once."""


def backend_of(spec: Spec) -> Backend:
    """What seals for the cluster of ``spec``: what it says, else sealed-secrets for Argo CD and sops otherwise (Argo CD
    cannot open sops files without a plugin)."""
    return _sealing(spec) if spec.secrets.backend is None else spec.secrets.backend


def leaves_of(spec: Spec) -> Backend:
    """What issues and seals the certificates of ``spec``: cert-manager when it says so; what was issued here cannot
    be a reference, so beside ``external-secrets`` it is sealed as the delivery asks."""
    if spec.secrets.certificates == "cert-manager":
        return "cert-manager"
    return _own_leaves(spec)


def _own_leaves(spec: Spec) -> Backend:
    """What seals the certificates that are issued here."""
    backend = backend_of(spec)
    return _sealing(spec) if backend == "external-secrets" else backend


def _sealing(spec: Spec) -> Backend:
    return "sealed-secrets" if spec.delivery is not None and spec.delivery.argocd is not None else "sops"


def targets(root: Path, names: Sequence[str] = ()) -> tuple[Target, ...]:
    """The overlays that have secrets, as the secrets room sees them; bases and abstract layers have none.

    Args:
        root: the repository.
        names: overlays by name or folder; all of them when empty.

    Raises:
        CompilerError: a spec is wrong, or a name is no overlay with secrets.
    """
    from compiler.spec import overlay_name
    from compiler.workspace.modelling import model_of

    known = {overlay_name(one.folder): one for one in Workspace(root).overlays() if _deployed(one)}
    chosen = [_chosen(name, known) for name in names] or list(known)
    return tuple(
        _placed(root, known[name].folder, target_of(name, known[name].spec, model_of(known[name]).requirements))
        for name in dict.fromkeys(chosen)
    )


def _placed(root: Path, folder: str, target: Target) -> Target:
    """A target with what the repository says of it beside its spec."""
    here: frozenset[str] = frozenset()
    if target.leaves == "cert-manager":
        from compiler.secrets import lock
        from compiler.secrets.handover import issued_here

        here = issued_here(lock.read(DirTree(root)), target.overlay, target.requirements)
    return replace(target, here=here, shown=partial(_shown, root, folder))


def _shown(root: Path, folder: str) -> Mapping[str, int]:
    """The highest generations that ``compiler generate`` ever gave the pods of an overlay."""
    found = read_lock(DirTree(root), folder)
    return found.generations if found else {}


def target_of(overlay: str, spec: Spec, requirements: Requirements) -> Target:
    """An overlay as the secrets room sees it.

    Args:
        overlay: its name.
        spec: its effective spec.
        requirements: what its model needs.
    """
    external = spec.secrets.external_secrets
    store = ExternalStore(external.store, (external.prefix or "").strip("/"), external.refresh) if external else None
    backend, leaves = backend_of(spec), leaves_of(spec)
    if leaves != "cert-manager":
        return Target(overlay, requirements, backend, leaves, store)
    issuers, made = _issuers(spec, requirements)
    wanted = replace(requirements, secrets=(*requirements.secrets, *made))
    return Target(overlay, wanted, backend, leaves, store, issuers, seals=_own_leaves(spec))


def _issuers(spec: Spec, requirements: Requirements) -> tuple[Issuers, tuple[SecretRequirement, ...]]:
    """What cert-manager issues with, and the Secrets of the CAs that it makes for issuers nobody named."""
    asked = spec.secrets.cert_manager
    named: dict[str, str | None] = {"service": asked.issuer, "upstream": asked.upstream_issuer}
    leaves = [(one, part) for one in requirements.secrets for part in one.materials if isinstance(part, Leaf)]
    used = sorted({part.authority for _, part in leaves})
    names: dict[str, str] = {authority: named[authority] or f"{spec.name}-{authority}-issuer" for authority in used}
    made = {f"{spec.name}-{authority}-ca": names[authority] for authority in used if named[authority] is None}
    secrets = tuple(
        SecretRequirement(
            name, leaves[0][0].namespace, (), "kubernetes.io/tls", (f"Issuer/{issuer}",), leaves[0][0].labels
        )
        for name, issuer in made.items()
    )
    return Issuers(dict(names), asked.kind, made, asked.duration, asked.renew_before), secrets


def _deployed(effective: EffectiveSpec) -> bool:
    return not effective.spec.abstract and effective.spec.environment is not None


def _chosen(name: str, known: Mapping[str, EffectiveSpec]) -> str:
    wanted = name.rstrip("/")
    for overlay, effective in known.items():
        if wanted in (overlay, effective.folder):
            return overlay
    raise CompilerError(
        f"{name!r} is no overlay that has secrets",
        hint=f"these have: {', '.join(known) or 'none yet'} (a base or an abstract overlay has none)",
    )


def access(
    root: Path,
    *,
    sops: str | None,
    identities: Sequence[Path],
    now: datetime,
    authority_keys: Mapping[str, Path] = {},
) -> Access:
    """Keys and tools of one command.

    Args:
        root: the repository, which must hold no identity.
        sops: path of sops, or ``None`` to look for it.
        identities: identity files.
        now: the present, timezone-aware.
        authority_keys: files outside the repository with private keys of CAs, by ``<overlay>/<authority>``.

    Raises:
        CompilerError: a CA's key stands in the repository.
        WorldError: it cannot be read.
    """
    from compiler.secrets import identities as keys
    from compiler.secrets import tool

    tool.forbid_core_dumps()
    private = {identifier: Plaintext(keys.read_private(file, root)) for identifier, file in authority_keys.items()}
    return Access(lambda: tool.find(sops), lambda: keys.read(identities, repository=root), now, private)


@contextlib.contextmanager
def exclusive(root: Path) -> Iterator[Seen]:
    """Keep other secrets commands out from reading the lock until the last file is written, so that none of two runs
    overwrites the values of the other. The journal's own lock covers the writing alone.

    Yields:
        the repository, to read; it remembers what was read, for :func:`write`.

    Raises:
        WorldError: another run has it.
    """
    folder = root / "overlays"
    with contextlib.ExitStack() as stack:
        if folder.is_dir():
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise WorldError(
                    "another `compiler secrets` is working on this repository", hint="wait until it has finished"
                ) from None
        yield Seen(DirTree(root))


def write(root: Path, writes: Mapping[str, bytes | None], seen: Seen | None = None) -> None:
    """Write what the secrets room returned: all of it or nothing.

    Args:
        root: the repository.
        writes: path to content, None to delete.
        seen: the tree that ``writes`` was computed from.

    Raises:
        WorldError: a file cannot be written, or one that was read has changed since.
    """
    from compiler.workspace import journal

    if writes:
        journal.apply(root, writes, seen=seen.files if seen is not None else {})


def tracked(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every file that Git tracks or would track, with its bytes as they are on disk.

    Raises:
        WorldError: Git is missing, or this is no Git repository.
    """
    listing = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in sorted(set(listing.split(b"\0")) - {b""}):
        path = root / os.fsdecode(name)
        if path.is_file() and not path.is_symlink():
            yield os.fsdecode(name), path.read_bytes()


def history(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every version of every file in Git's history, under the path that it was found at, and the commits and annotated
    tags with their messages, as ``commit 1a2b3c4d5e6f`` and ``tag 1a2b3c4d5e6f``.

    Raises:
        WorldError: Git is missing, or this is no Git repository.
    """
    names: dict[bytes, bytes] = {}
    for line in _git(root, "rev-list", "--all", "--objects").splitlines():
        identifier, _, path = line.partition(b" ")
        names.setdefault(identifier, path)
    for identifier, kind, content in _objects(root, list(names)):
        if kind == b"blob":
            yield os.fsdecode(names[identifier]), content
        else:
            yield f"{kind.decode()} {identifier.decode()[:12]}", content


def _objects(root: Path, identifiers: Sequence[bytes]) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Id, kind and content of each object but trees; a bounded number of bytes is held at once."""
    listing = _git(root, "cat-file", "--batch-check", stdin=b"".join(one + b"\n" for one in identifiers))
    batch: list[bytes] = []
    size = 0
    for line in listing.splitlines():
        identifier, kind, length = line.split(b" ")[:3]
        if kind == b"tree":
            continue
        if batch and size + int(length) > _BATCH:
            yield from _contents(root, batch)
            batch, size = [], 0
        batch.append(identifier)
        size += int(length)
    yield from _contents(root, batch)


def _contents(root: Path, identifiers: Sequence[bytes]) -> Iterator[tuple[bytes, bytes, bytes]]:
    answer = _git(root, "cat-file", "--batch", stdin=b"".join(one + b"\n" for one in identifiers))
    position = 0
    while position < len(answer):  # a line with id, kind and length, the content, a line end (git-cat-file(1))
        end = answer.index(b"\n", position)
        identifier, kind, length = answer[position:end].split(b" ")
        position = end + 1 + int(length)
        yield identifier, kind, answer[end + 1 : position]
        position += 1


def _git(root: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], input=stdin, capture_output=True, check=False)
    except FileNotFoundError:
        raise WorldError("git was not found") from None
    if done.returncode != 0:
        raise WorldError(f"git {arguments[0]} failed in {root}", hint="name the files: compiler secrets guard FILE…")
    return done.stdout
