"""Whether everything below ``secrets/`` is what the lock, the recipients and the specs say it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from compiler.errors import CompilerError
from compiler.k8s.tree import Tree
from compiler.secrets import (
    deep,
    files,
    gone,
    inventory,
    layout,
    lock,
    plan,
    readers,
    recipients,
    sops,
    sopsrules,
    status,
)
from compiler.secrets.access import Access
from compiler.secrets.sealing import Sealing
from compiler.secrets.states import states
from compiler.secrets.targets import Target

Severity = Literal["error", "warning"]


@dataclass(frozen=True, order=True)
class Finding:
    """Something to see.

    Args:
        path: the file, or the lock's for what is missing.
        message: what is wrong, without any value.
        severity: ``error``: it must not be merged; ``warning``: it is due.
    """

    path: str
    message: str
    severity: Severity = "error"


def check(tree: Tree, targets: Sequence[Target], access: Access, *, open_everything: bool = False) -> list[Finding]:
    """Compare what is sealed with lock, recipients and specs.

    Args:
        tree: the repository.
        targets: every overlay that has secrets.
        access: its clock; with ``open_everything`` also an identity.
        open_everything: open vault, CA keys and what clusters get, and compare their values.

    Returns:
        findings in the order of their paths; empty when all is well.

    Raises:
        CompilerError: recipients, lock or inventory are missing or malformed; no identity with ``open_everything``.
    """
    sealing = Sealing(tree, access, recipients.read(tree), lock.read(tree))
    listed = inventory.read(tree)
    findings: list[Finding] = []
    for target in targets:
        findings += _overlay(tree, target, sealing)
    for overlay in gone.gone(tree, sealing.snapshot(), targets):
        if gone.orphans(sealing.snapshot(), overlay):
            message = f"the overlay {overlay} is gone; run `compiler secrets ensure --prune`, or `rename {overlay} NEW`"
            findings.append(Finding(layout.LOCK, message, "warning"))
    findings += _vault(tree, sealing)
    findings += _authorities(tree, sealing)
    findings += _strangers(tree, targets, sealing)
    wanted = {layout.identifier(target.overlay, one.name) for target in targets for one in target.requirements.secrets}
    names = {target.overlay for target in targets}
    for secret in listed:
        if secret not in wanted and layout.split(secret)[0] in names:
            message = f"{secret}: no overlay wants it; run `compiler secrets ensure`"
            findings.append(Finding(layout.INVENTORY, message))
    overlays = gone.known(sealing.snapshot()) | names
    for grave, message in readers.findings(sealing.recipients, overlays):
        findings.append(Finding(layout.RECIPIENTS, message, "error" if grave else "warning"))
    if sopsrules.is_ours(tree) and tree.read(layout.SOPS_RULES) != sopsrules.rules(sealing.recipients):
        message = "it does not seal to whom secrets/recipients.yaml says; run `compiler secrets ensure`"
        findings.append(Finding(layout.SOPS_RULES, message))
    if open_everything:
        access.need_identity("check --deep opens everything")
        findings += [Finding(path, message) for path, message in deep.compare(tree, targets, sealing)]
    return sorted(dict.fromkeys(findings))


def _overlay(tree: Tree, target: Target, sealing: Sealing) -> Iterator[Finding]:
    try:
        known = states(tree, target, sealing)
    except CompilerError as error:
        yield Finding(error.origin.path if error.origin else layout.LOCK, error.message)
        return
    declared = inventory.read(tree)
    for secret, state in known.items():
        path = layout.sealed(secret, state.backend)
        decision = plan.decide(state)
        if decision.action == "stop":
            yield Finding(path, f"{secret}: {decision.reason}")
        elif decision.action in ("create", "seal", "refer") or decision.vault:
            why = decision.reason or "the administrators have changed"
            yield Finding(path, f"{secret}: {why}; run `compiler secrets ensure`")
        if declared.get(secret) != inventory.entry(state.requirement):
            yield Finding(layout.INVENTORY, f"{secret}: the inventory is out of date; run `compiler secrets ensure`")
        if state.seal is not None and state.sealed_file is not None:
            yield from _sealed(tree, target, secret, state, sealing)
    for row in status.status(tree, [target], sealing.access, lost=False):
        if row.condition in ("renew", "expiring", "expired", "early", "ahead"):
            yield Finding(
                layout.LOCK, f"{row.id}: {row.note}", "warning" if row.condition in ("renew", "ahead") else "error"
            )
        elif row.condition in ("wrong", "stale") and row.kind == "controller":
            severity: Severity = "error" if row.condition == "wrong" else "warning"
            yield Finding(layout.controller_certificate(target.overlay), row.note, severity)
        elif row.condition == "unset" and row.kind == "ca":
            # While certificates are issued here, pods trust who signs: what is missing is the next step of a move.
            yield Finding(layout.LOCK, f"{row.id}: {row.note}", "warning" if target.here else "error")
    for bundle in target.requirements.trust:
        yield from _bundle(tree, layout.identifier(target.overlay, bundle.name), sealing)


def _sealed(tree: Tree, target: Target, secret: str, state: plan.State, sealing: Sealing) -> Iterator[Finding]:
    assert state.seal is not None  # noqa: S101 - the caller saw it
    if state.seal.backend != state.backend:
        return  # the plan says so already
    path = layout.sealed(secret, state.backend)
    backend = sealing.backend(target, state.backend)
    yield from _caught(path, lambda: backend.check(tree.read(path), path, state.requirement, state.seal.keys))  # type: ignore[union-attr]


def _vault(tree: Tree, sealing: Sealing) -> Iterator[Finding]:
    for secret, entry in sealing.vaults.items():
        path = layout.vault(secret)
        yield from _file(tree, path, entry.sealed)
        if tree.is_file(path):
            content = tree.read(path)
            who = sealing.recipients.vault()
            yield from _caught(path, partial(sops.read, content, path, who))


def _authorities(tree: Tree, sealing: Sealing) -> Iterator[Finding]:
    who = sealing.recipients.authority()
    for identifier in sealing.authorities:
        for generation, path, sha in files.of_authority(sealing, identifier):
            yield from _file(tree, path, sha)
            if path == layout.authority_key(identifier, generation) and tree.is_file(path):
                yield from _caught(path, partial(sops.read, tree.read(path), path, who))


def _bundle(tree: Tree, identifier: str, sealing: Sealing) -> Iterator[Finding]:
    overlay, name = layout.split(identifier)
    path = layout.config_map(overlay, name)
    entry = sealing.bundles.get(identifier)
    if entry is None:
        yield Finding(path, "the trust bundle is missing; run `compiler secrets ensure`")
    else:
        yield from _file(tree, path, entry.sha256)


def _file(tree: Tree, path: str, sha: str) -> Iterator[Finding]:
    problem = files.fault(tree, path, sha)
    if problem is not None:
        yield Finding(path, problem)


def _strangers(tree: Tree, targets: Sequence[Target], sealing: Sealing) -> Iterator[Finding]:
    for path in files.strangers(tree, targets, sealing):
        yield Finding(path, files.STRANGER)
    for path, wanted in files.written(targets, sealing).items():
        if wanted is not None and (not tree.is_file(path) or tree.read(path) != wanted):
            yield Finding(path, f"{files.UNLISTED}; run `compiler secrets ensure`")


def _caught(path: str, read: Callable[[], object]) -> Iterator[Finding]:
    try:
        read()
    except CompilerError as error:
        yield Finding(path, error.message)
