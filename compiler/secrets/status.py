"""The dashboard: what there is, who reads it, to whom it is sealed, and what is due. Public facts only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from compiler.errors import CompilerError
from compiler.k8s.tree import Tree
from compiler.pulp.requirements import ExistingSecret
from compiler.secrets import (
    due,
    files,
    gone,
    handover,
    inventory,
    layout,
    lock,
    pinned,
    pki,
    plan,
    readers,
    recipients,
    sealedsecrets,
)
from compiler.secrets.access import Access
from compiler.secrets.authorities import Authorities
from compiler.secrets.references import REFERENCES
from compiler.secrets.sealing import Sealing
from compiler.secrets.states import orphans, states
from compiler.secrets.targets import Target

Condition = Literal["unset", "missing", "stale", "wrong", "orphan"] | due.Due


@dataclass(frozen=True)
class Row:
    """One Secret, CA or controller certificate.

    Args:
        id: the Secret's id, ``<overlay>/<authority> CA g<N>``, ``<overlay>/controller``, or a file's path.
        kind: ``generated``, ``given``, ``certificate``, ``existing`` (somebody else makes it), ``ca``,
            ``controller``, or ``file`` (of no Secret: lost, edited, or nobody knows it).
        condition: ``ok``, or what is to be done about it.
        note: the condition in words.
        backend: what seals it; empty for what is not sealed.
        consumers: ``Kind/name`` of what mounts it.
        readers: groups of ``recipients.yaml`` that can open it.
        generation: how often it has changed; 0 while it does not exist.
        changed: when its values last changed, as the lock has it.
        not_after: end of validity of its certificate.
        renew_at: when its certificate is due.
        holds: ``key: what it is`` for each key.
    """

    id: str
    kind: str
    condition: Condition
    note: str = ""
    backend: str = ""
    consumers: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    generation: int = 0
    changed: str | None = None
    not_after: str | None = None
    renew_at: str | None = None
    holds: tuple[str, ...] = ()


def status(tree: Tree, targets: Sequence[Target], access: Access, *, lost: bool = True) -> tuple[Row, ...]:
    """A row for each Secret, CA and controller certificate of ``targets``, by id.

    Args:
        tree: the repository.
        targets: the overlays.
        access: only its clock is used.
        lost: list overlays whose spec is gone as well.

    Raises:
        CompilerError: recipients, lock or inventory are missing or malformed.
    """
    who = recipients.read(tree)
    sealing = Sealing(tree, access, who, lock.read(tree))
    rows: list[Row] = []
    for target in targets:
        for secret, state in states(tree, target, sealing).items():
            groups = _groups(who, target, state)
            rows.append(_secret(secret, state, access.now, groups, sealing.rotations.get(secret)))
        rows += [
            Row(secret, "", "orphan", "no overlay wants it; `compiler secrets ensure --prune` removes it")
            for secret in orphans(target, sealing)
        ]
        rows += [_existing(target.overlay, one) for one in target.requirements.existing if one.instead]
        rows += _authorities(tree, target.overlay, sealing, access.now)
        rows += _unknown(target, sealing)
        if "sealed-secrets" in target.backends():
            rows.append(_controller(target.overlay, sealing, access.now))
    for overlay in gone.gone(tree, sealing.snapshot(), targets) if lost else ():
        rows += _lost(overlay, sealing)
    rows += _files(tree, targets, sealing, everything=lost)
    return tuple(sorted(rows, key=lambda row: row.id))


def _existing(overlay: str, one: ExistingSecret) -> Row:
    """A row for a Secret that somebody else makes: nothing of it is known here but which keys are read."""
    return Row(
        layout.identifier(overlay, one.instead),
        "existing",
        "ok",
        f"the Secret {one.name}, which somebody else makes; pods do not restart when it changes",
        consumers=one.consumers,
        holds=tuple(f"{key}: its key {theirs}" for key, theirs in sorted(one.mapping.items())),
    )


def _lost(overlay: str, sealing: Sealing) -> list[Row]:
    """What is left of an overlay that is gone: its cluster's copy is to be looked at, what only the vault has not."""
    known = sealing.snapshot()
    note = f"the overlay {overlay} is gone: `compiler secrets ensure --prune`, or `rename {overlay} NEW`"
    rows = [Row(secret, "", "orphan", note) for secret in gone.orphans(known, overlay)]
    kept = "its overlay is gone; kept in the vault (`ensure --prune --prune-vault` removes it)"
    return rows + [Row(secret, "", "ok", kept, readers=("admin",)) for secret in gone.kept(known, overlay)]


def _unknown(target: Target, sealing: Sealing) -> list[Row]:
    """A row for each CA that signs in the cluster, or is to, and that is not the one that issues here."""
    authorities = Authorities(target.overlay, sealing)
    unknown = {one for bundle in target.requirements.trust for one in authorities.unknown(target, bundle)}
    rows = [_import(target, one) for one in sorted(unknown)]
    rows += [_import(target, one, "issued here until its CA is trusted") for one in handover.awaited(target, sealing)]
    for one in handover.ready(target, sealing):
        command = f"compiler secrets ca rollover {target.overlay} --authority {one} --phase issue"
        note = f"cert-manager takes over, when every pod trusts its CA: {command}"
        rows.append(Row(f"{target.overlay}/{one} CA", "ca", "ok", note, backend="cert-manager"))
    return rows


def _import(target: Target, authority: str, why: str = "whom to trust") -> Row:
    command = f"compiler secrets ca import {target.overlay} --authority {authority} --cert FILE"
    return Row(f"{target.overlay}/{authority} CA", "ca", "unset", f"{why}: {command}", backend="cert-manager")


def _groups(who: recipients.Recipients, target: Target, state: plan.State) -> tuple[str, ...]:
    if state.backend == "sealed-secrets":
        return ("controller",)
    if state.backend in REFERENCES:
        return state.recipients
    return tuple(name for name in (f"cluster-{target.overlay}", "admin") if who.groups.get(name))


_CONDITIONS: Mapping[plan.Action, Condition] = {
    "keep": "ok",
    "create": "missing",
    "seal": "stale",
    "refer": "stale",
    "unset": "unset",
    "stop": "wrong",
}


def _secret(
    secret: str, state: plan.State, now: datetime, groups: tuple[str, ...], rotation: lock.Rotation | None
) -> Row:
    decision = plan.decide(state)
    condition, note = _CONDITIONS[decision.action], decision.reason
    if condition == "ok" and decision.vault:
        condition, note = "stale", "the administrators have changed"
    seal = state.seal
    certificate = seal.certificate if seal else None
    if condition == "ok" and certificate:
        condition, note = due.leaf(certificate, now)
    for when in (seal.changed if seal else None, rotation.since if rotation else None):
        if condition == "ok" and when is not None:
            condition, note = due.record(when, now)
    if condition == "ok" and rotation is not None:
        since, following = rotation.since[:10], rotation.following()
        note = f"a new key is on its way: phase {rotation.phase} since {since}, {following} is next"
    return Row(
        id=secret,
        kind=inventory.kind(state.requirement),
        condition=condition,
        note=note,
        backend=seal.backend if seal else state.backend,
        consumers=tuple(sorted(state.requirement.consumers)),
        readers=groups if seal else (),
        generation=seal.generation if seal else 0,
        changed=seal.changed if seal else None,
        not_after=certificate.not_after if certificate else None,
        renew_at=lock.moment(due.renew_at(certificate)) if certificate else None,
        holds=tuple(f"{key}: {words}" for key, words in sorted(inventory.entry(state.requirement).keys.items())),
    )


def _authorities(tree: Tree, overlay: str, sealing: Sealing, now: datetime) -> list[Row]:
    rows: list[Row] = []
    for identifier, authority in sealing.authorities.items():
        place, kind = layout.split(identifier)
        if place != overlay:
            continue
        faults = {
            generation: f"{path}: {problem}; git checkout HEAD -- {path}"
            for generation, path, sha in files.of_authority(sealing, identifier)
            if (problem := files.fault(tree, path, sha)) is not None
        }
        for generation, entry in authority.generations.items():
            start = due.authority_from(lock.instant(entry.not_after))
            issues = "issues" if generation == authority.issuer else "trusted, does not issue"
            condition: Condition
            if generation in faults:
                condition, note = "wrong", faults[generation]
            else:
                condition, note = _authority(tree, identifier, generation, now)
            rows.append(
                Row(
                    id=f"{overlay}/{kind} CA g{generation}",
                    kind="ca",
                    condition=condition,
                    note=note or issues,
                    backend="sops" if entry.sealed else "offline",
                    readers=("admin",) if entry.sealed else (),
                    generation=generation,
                    not_after=entry.not_after,
                    renew_at=lock.moment(start),
                )
            )
    return rows


def _authority(tree: Tree, identifier: str, generation: int, now: datetime) -> tuple[Condition, str]:
    """Whether a CA is due, by its certificate, which the lock has the digest of."""
    facts = pki.read(tree.read(layout.authority_certificate(identifier, generation)))
    remedy = "compiler secrets ca rollover"
    return due.window(facts.not_after, due.authority_from(facts.not_after), now, remedy, begins=facts.not_before)


def _files(tree: Tree, targets: Sequence[Target], sealing: Sealing, *, everything: bool) -> Iterator[Row]:
    """A row for each file that is lost or edited and belongs to no other row, and for each that nobody knows."""
    wanted = {layout.identifier(one.overlay, secret.name) for one in targets for secret in one.requirements.secrets}
    names = {target.overlay for target in targets}
    for secret, entry in sealing.vaults.items():
        mine = everything or layout.split(secret)[0] in names or secret == layout.DIGEST_KEY_ID
        problem = files.fault(tree, layout.vault(secret), entry.sealed) if mine and secret not in wanted else None
        if problem is not None:
            path = layout.vault(secret)
            yield Row(path, "file", "wrong", f"{problem}; git checkout HEAD -- {path}")
    for bundle, known in sealing.bundles.items():
        overlay, name = layout.split(bundle)
        path = layout.config_map(overlay, name)
        problem = files.fault(tree, path, known.sha256) if overlay in names else None
        if problem is not None:
            yield Row(path, "file", "wrong", problem)
    for path in files.strangers(tree, targets, sealing) if everything else ():
        yield Row(path, "file", "wrong", files.STRANGER)
    overlays = names | gone.known(sealing.snapshot())
    for grave, message in readers.findings(sealing.recipients, overlays) if everything else ():
        yield Row(layout.RECIPIENTS, "file", "wrong" if grave else "stale", message)


def _controller(overlay: str, sealing: Sealing, now: datetime) -> Row:
    identifier = f"{overlay}/controller"
    try:
        certificate = sealing.controller(overlay)
    except CompilerError as error:
        return Row(identifier, "controller", "wrong", error.message)
    condition: Condition
    condition, note = due.window(
        certificate.not_after,
        certificate.not_after - sealedsecrets.RENEW_BEFORE,
        now,
        f"compiler secrets init --cert {overlay}=FILE",
    )
    if condition == "ok" and (behind := pinned.behind(sealing.secrets, overlay, certificate.fingerprint)):
        condition, note = "stale", pinned.told(behind, overlay)
    return Row(
        identifier,
        "controller",
        condition,
        note or f"sha256 {certificate.fingerprint[:16]}…",
        not_after=lock.moment(certificate.not_after),
        renew_at=lock.moment(certificate.not_after - sealedsecrets.RENEW_BEFORE),
    )
