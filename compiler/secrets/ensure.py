"""Make true what the specs want: create what is missing, seal what changed, touch nothing else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.secrets import files, gone, handover, inventory, layout, lock, pinned, plan, recipients
from compiler.secrets.access import Access
from compiler.secrets.authorities import Authorities
from compiler.secrets.listing import close, declared
from compiler.secrets.outcome import Outcome, Step
from compiler.secrets.plaintext import Values
from compiler.secrets.references import REFERENCES
from compiler.secrets.sealing import Progress, Sealing
from compiler.secrets.states import decided, file_digest, orphans, raise_all
from compiler.secrets.targets import Target
from compiler.secrets.values import complete

Again = Literal["nothing", "cluster", "everything"]
"""What is sealed anew from the vault although it is in place: what the clusters get, or vault and CA keys as well."""


Gone = Literal["keep", "prune", "forget"]
"""What becomes of overlays whose spec is gone: nothing; what their clusters get is deleted; or their values too."""


def ensure(
    tree: Tree,
    targets: Sequence[Target],
    access: Access,
    *,
    progress: Progress | None = None,
    prune: bool = False,
    again: Again = "nothing",
    missing: Gone = "keep",
    new: Collection[str] = (),
    partly: bool = False,
) -> Outcome:
    """Create what is missing and seal what changed.

    Args:
        tree: the repository.
        targets: the overlays to look at; others are left alone.
        access: keys, tools and the time.
        progress: told after each sealed file.
        prune: delete sealed files that no overlay of ``targets`` wants any more (their values stay in the vault).
        again: seal anew, with new data keys and the same values, what is in place.
        missing: what becomes of overlays whose spec is gone.
        new: overlays of ``targets`` that are no gone ones under another name.
        partly: an overlay that has nobody to seal to does not stop the others; the outcome says why it failed.

    Returns:
        the files to write, and what was done. Nothing is written here.

    Raises:
        CompilerError: the repository contradicts itself, an identity is missing, a name is not allowed, a new overlay
            could be a gone one under another name.
        WorldError: sops failed.
    """
    sealing = Sealing(tree, access, recipients.read(tree), lock.read(tree))
    inventory.read(tree)  # one message, not one for each overlay
    _check_digest_key(tree, sealing)
    strangers = [Step(path, "warn", files.STRANGER) for path in files.strangers(tree, targets, sealing)]
    gone.refuse_new_names(tree, sealing.snapshot(), targets, new)
    lost = gone.gone(tree, sealing.snapshot(), targets)
    known, failed = decided(tree, targets, sealing, partly=partly)
    targets = [target for target in targets if target.overlay in known]
    raise_all(files.lost(tree, sealing, [target.overlay for target in targets]))
    steps: list[Step] = strangers
    for target in targets:
        authorities = Authorities(target.overlay, sealing)
        for secret, (state, first) in known[target.overlay].items():
            sealed = state.backend not in REFERENCES
            decision = plan.once_more(first, cluster=sealed and again != "nothing", vault=again == "everything")
            if decision.action == "refer":
                sealing.refer(target, state.requirement)
            if decision.action in ("create", "seal") or decision.vault:
                have = _open(sealing, secret, decision)
                _apply(sealing, target, secret, state, decision, have, authorities)
            steps.append(Step(secret, decision.action, decision.reason))
        awaited = handover.awaited(target, sealing)
        if awaited:
            steps.append(unknown_authority(target.overlay, awaited, "issued here until cert-manager's CA is trusted"))
        for kind in _authorities(target):
            authorities.reseal(kind, anew=again == "everything")
        for bundle in target.requirements.trust:
            unknown = authorities.unknown(target, bundle)
            if unknown:
                steps.append(unknown_authority(target.overlay, unknown))
            else:
                authorities.bundle(target, bundle)
        unwanted = "prune" if prune else "orphan"
        steps += [Step(secret, unwanted, "no longer wanted") for secret in orphans(target, sealing)]
        if prune:
            for secret in orphans(target, sealing):
                _forget(sealing, secret)
        if again == "nothing" and "sealed-secrets" in target.backends():
            steps += _behind(sealing, target.overlay)
    entries = declared(tree, targets)
    for overlay in lost if missing != "keep" else ():
        reason = f"the overlay {overlay} is gone"
        steps += [Step(secret, "prune", reason) for secret in gone.orphans(sealing.snapshot(), overlay)]
        gone.drop_copy(sealing, overlay)
        if missing == "forget":
            steps += [Step(secret, "forget", reason) for secret in gone.kept(sealing.snapshot(), overlay)]
            gone.drop_values(sealing, overlay)
            entries = {secret: entry for secret, entry in entries.items() if layout.split(secret)[0] != overlay}
    _reseal_the_rest(sealing, targets, lost, anew=again == "everything")
    overlays = [target.overlay for target in targets]
    writes = close(sealing, entries, overlays, progress)
    return Outcome(writes, tuple(sorted(steps, key=lambda step: step.secret)), failed)


def _behind(sealing: Sealing, overlay: str) -> list[Step]:
    behind = pinned.behind(sealing.secrets, overlay, sealing.recipients.certificate(overlay))
    return [Step(f"{overlay}/controller", "warn", pinned.told(behind, overlay))] if behind else []


def _check_digest_key(tree: Tree, sealing: Sealing) -> None:
    """Refuse to go on without the file that the lock's digests need: later runs could not tell changed values.

    Raises:
        CompilerError: it is gone, or not the one that the lock knows.
    """
    entry = sealing.vaults.get(layout.DIGEST_KEY_ID)
    path = layout.vault(layout.DIGEST_KEY_ID)
    if entry is not None and file_digest(tree, path) != entry.sealed:
        what = "is not the one that the lock knows" if tree.is_file(path) else "is gone"
        raise CompilerError(
            f"the vault's file of the digest key {what}",
            origin=Origin(path),
            hint=f"restore it from Git history: git checkout HEAD -- {path}",
        )


def unknown_authority(overlay: str, authorities: Sequence[str], why: str = "whom to trust is not known yet") -> Step:
    """What is to be said while the CA of certificates that are issued elsewhere is not known."""
    commands = "; ".join(
        f"compiler secrets ca import {overlay} --authority {authority} --cert FILE" for authority in authorities
    )
    return Step(f"{overlay}/{authorities[0]} CA", "unset", f"{why}: {commands}")


def _reseal_the_rest(sealing: Sealing, targets: Sequence[Target], lost: Sequence[str], *, anew: bool) -> None:
    """Seal to changed administrators, or anew, the digest key and what nothing wants any more."""
    for overlay in lost:
        gone.reseal(sealing, overlay, anew=anew)
    overlays = {*lost, *(target.overlay for target in targets)}
    wanted = {layout.identifier(target.overlay, one.name) for target in targets for one in target.requirements.secrets}
    for secret, entry in list(sealing.vaults.items()):
        ours = secret == layout.DIGEST_KEY_ID or layout.split(secret)[0] in overlays
        if ours and secret not in wanted and (anew or entry.recipients != sealing.recipients.vault()):
            why = "the administrators have changed"
            sealing.vault(secret, sealing.access.open(sealing.tree, sealing.snapshot(), secret, why))


def _open(sealing: Sealing, secret: str, decision: plan.Decision) -> Values:
    if decision.action == "create":
        return {}
    why = decision.reason if decision.action == "seal" else "the administrators have changed"
    return sealing.access.open(sealing.tree, sealing.snapshot(), secret, why)


def _apply(
    sealing: Sealing,
    target: Target,
    secret: str,
    state: plan.State,
    decision: plan.Decision,
    have: Values,
    authorities: Authorities,
) -> None:
    if decision.action not in ("create", "seal"):
        sealing.vault(secret, have)
        return
    before = state.seal
    done = complete(
        state.requirement, have, authorities, sealing.access.now, known=before.certificate if before else None
    )
    # The vault keeps what is no longer wanted: a value is never lost because a spec changed for a while.
    kept = {**have, **done.values}
    if decision.vault or any(key not in have or have[key] != kept[key] for key in kept):
        sealing.vault(secret, kept)
    # What a controller made was never in the vault: its values are others, whatever the vault holds.
    made_elsewhere = before is not None and before.backend in REFERENCES
    sealed_before = {key: have[key] for key in before.keys if key in have} if before else {}
    changed = before is None or made_elsewhere or sealed_before != done.values
    sealing.cluster(target, state.requirement, done.values, changed=changed, certificate=done.certificate)


def _authorities(target: Target) -> list[str]:
    """Every authority that signs, or has signed, anything of an overlay."""
    bundles = [authority for bundle in target.requirements.trust for authority in bundle.keys.values()]
    return sorted({*handover.authorities(target.requirements.secrets), *bundles})


def _forget(sealing: Sealing, secret: str) -> None:
    seal = sealing.secrets.pop(secret)
    sealing.writes[layout.sealed(secret, layout.backend(seal.backend))] = None
