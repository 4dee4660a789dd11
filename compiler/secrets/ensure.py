"""Make true what the specs want: create what is missing, seal what changed, touch nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from compiler.errors import CompilerError, ErrorGroup, Origin
from compiler.k8s.tree import Tree
from compiler.pulp.requirements import Leaf, SecretRequirement
from compiler.secrets import digest, documents, gone, inventory, layout, lock, plan, recipients
from compiler.secrets.access import Access
from compiler.secrets.authorities import Authorities
from compiler.secrets.plaintext import Values
from compiler.secrets.references import REFERENCES
from compiler.secrets.sealing import Progress, Sealing
from compiler.secrets.targets import Target as Target
from compiler.secrets.values import complete

_KUSTOMIZATION_HEADER = "# Written by `compiler secrets`: what this overlay's cluster gets. Do not edit.\n"


@dataclass(frozen=True)
class Step:
    """What was done about one Secret, for people.

    Args:
        secret: its id.
        action: ``keep``, ``create``, ``seal``, ``unset``, or ``orphan`` (sealed, but no longer wanted).
        reason: why.
    """

    secret: str
    action: str
    reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a run found and what is to be written.

    Args:
        writes: path to content, ``None`` to delete; empty when everything was in place.
        steps: one for each Secret, by id.
        failed: why overlays were left alone, one each; nothing of them is in ``writes``.
    """

    writes: dict[str, bytes | None]
    steps: tuple[Step, ...]
    failed: tuple[CompilerError, ...] = ()


def states(tree: Tree, target: Target, sealing: Sealing) -> dict[str, plan.State]:
    """The state of each Secret of ``target`` by id.

    Raises:
        CompilerError: a Secret stands twice, or nobody is known to seal to.
    """
    declared = inventory.read(tree)
    result: dict[str, plan.State] = {}
    for requirement in target.requirements.secrets:
        secret = layout.identifier(target.overlay, requirement.name)
        if secret in result:
            raise CompilerError(f"the Secret {secret} is wanted twice")
        seal = sealing.secrets.get(secret)
        backend = target.backend_for(requirement)
        files = [layout.sealed(secret, layout.backend(seal.backend) if seal else backend)]
        if not seal:
            files += [layout.sealed(secret, other) for other in layout.BACKENDS if other != backend]
        wanted = sealing.reference(target, requirement) if backend in REFERENCES else None
        result[secret] = plan.State(
            requirement=requirement,
            backend=backend,
            seal=seal,
            vault=sealing.vaults.get(secret),
            sealed_file=next((sha for path in files if (sha := file_digest(tree, path))), None),
            vault_file=file_digest(tree, layout.vault(secret)),
            recipients=sealing.recipients_of(target, backend),
            vault_recipients=sealing.recipients.vault(),
            declared=secret in declared and declared[secret].kind != "given",
            reference=digest.of_file(wanted) if wanted is not None else None,
        )
    return result


def file_digest(tree: Tree, path: str) -> str | None:
    """SHA-256 of a file, ``None`` when there is none."""
    return digest.of_file(tree.read(path)) if tree.is_file(path) else None


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
    _check_digest_key(tree, sealing)
    gone.refuse_new_names(tree, sealing.snapshot(), targets, new)
    lost = gone.gone(tree, sealing.snapshot(), targets)
    known, failed = _decided(tree, targets, sealing, partly=partly)
    targets = [target for target in targets if target.overlay in known]
    steps: list[Step] = []
    for target in targets:
        authorities = Authorities(target.overlay, sealing)
        for secret, (state, decided) in known[target.overlay].items():
            sealed = state.backend not in REFERENCES
            decision = plan.once_more(decided, cluster=sealed and again != "nothing", vault=again == "everything")
            if decision.action == "refer":
                sealing.refer(target, state.requirement)
            if decision.action in ("create", "seal") or decision.vault:
                have = _open(sealing, secret, decision)
                _apply(sealing, target, secret, state, decision, have, authorities)
            steps.append(Step(secret, decision.action, decision.reason))
        for kind in _authorities(target):
            authorities.reseal(kind, anew=again == "everything")
        for bundle in target.requirements.trust:
            unknown = [] if target.issues() else authorities.unknown(bundle)
            if unknown:
                steps.append(unknown_authority(target.overlay, unknown))
            else:
                authorities.bundle(bundle)
        steps += [Step(secret, "orphan", "no longer wanted") for secret in orphans(target, sealing)]
        if prune:
            for secret in orphans(target, sealing):
                _forget(sealing, secret)
    entries = _declared(tree, targets)
    for overlay in lost if missing != "keep" else ():
        reason = f"the overlay {overlay} is gone"
        steps += [Step(secret, "orphan", reason) for secret in gone.orphans(sealing.snapshot(), overlay)]
        gone.drop_copy(sealing, overlay)
        if missing == "forget":
            steps += [Step(secret, "forget", reason) for secret in gone.kept(sealing.snapshot(), overlay)]
            gone.drop_values(sealing, overlay)
            entries = {secret: entry for secret, entry in entries.items() if layout.split(secret)[0] != overlay}
    _reseal_the_rest(sealing, targets, lost, anew=again == "everything")
    overlays = [target.overlay for target in targets]
    writes = close(sealing, entries, overlays, progress)
    return Outcome(writes, tuple(sorted(steps, key=lambda step: step.secret)), failed)


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


def unknown_authority(overlay: str, authorities: Sequence[str]) -> Step:
    """What is to be said while the CA of certificates that are issued elsewhere is not known."""
    commands = "; ".join(
        f"compiler secrets ca import {overlay} --authority {authority} --cert FILE" for authority in authorities
    )
    return Step(f"{overlay}/{authorities[0]} CA", "unset", f"whom to trust is not known yet: {commands}")


def _decided(
    tree: Tree, targets: Sequence[Target], sealing: Sealing, *, partly: bool
) -> tuple[dict[str, dict[str, tuple[plan.State, plan.Decision]]], tuple[CompilerError, ...]]:
    """The decision for every Secret of every target, and why targets have to be left out; every contradiction is
    reported at once."""
    errors: list[CompilerError] = []
    failed: list[CompilerError] = []
    result: dict[str, dict[str, tuple[plan.State, plan.Decision]]] = {}
    for target in targets:
        try:
            layout.check_overlay(target.overlay)
            found = {secret: (state, plan.decide(state)) for secret, state in states(tree, target, sealing).items()}
        except CompilerError as error:
            nobody = error.origin is not None and error.origin.path == layout.RECIPIENTS
            (failed if partly and nobody else errors).append(error)
            continue
        errors += [contradiction(secret, decision) for secret, (_, decision) in found.items() if _stops(decision)]
        result[target.overlay] = found
    if errors or (failed and not result):
        raise_all([*errors, *failed])
    return result, tuple(failed)


def raise_all(errors: Sequence[CompilerError]) -> None:
    """Raise what there is, together."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ErrorGroup(errors)


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


def _stops(decision: plan.Decision) -> bool:
    return decision.action == "stop"


def contradiction(secret: str, decision: plan.Decision) -> CompilerError:
    """The error for a decision that stops."""
    return CompilerError(
        decision.reason,
        origin=Origin(layout.LOCK, field=secret),
        hint="restore secrets/ from Git history; nothing is made anew in its place, because that could lose data",
    )


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
    changed = before is None or {key: have[key] for key in before.keys if key in have} != done.values
    sealing.cluster(target, state.requirement, done.values, changed=changed, certificate=done.certificate)


def _authorities(target: Target) -> list[str]:
    if not target.issues():
        return []
    leaves = [part.authority for one in target.requirements.secrets for part in one.materials if isinstance(part, Leaf)]
    bundles = [authority for bundle in target.requirements.trust for authority in bundle.keys.values()]
    return sorted({*leaves, *bundles})


def orphans(target: Target, sealing: Sealing) -> list[str]:
    """Ids that are sealed for the overlay although nothing wants them any more."""
    wanted = {layout.identifier(target.overlay, one.name) for one in target.requirements.secrets}
    return sorted(
        secret for secret in sealing.secrets if layout.split(secret)[0] == target.overlay and secret not in wanted
    )


def _forget(sealing: Sealing, secret: str) -> None:
    seal = sealing.secrets.pop(secret)
    sealing.writes[layout.sealed(secret, layout.backend(seal.backend))] = None


def close(
    sealing: Sealing, entries: Mapping[str, inventory.Entry], overlays: Sequence[str], progress: Progress | None
) -> dict[str, bytes | None]:
    """Seal what was collected, and bring the inventory, the lock and the kustomizations of ``overlays`` up to date.

    Args:
        sealing: the run.
        entries: the whole inventory as it shall be.
        overlays: whose kustomization may have changed.
        progress: told after each sealed file.
    """
    if entries:
        sealing.put(layout.INVENTORY, inventory.dump(entries))
    sealing.finish(progress)
    for overlay in overlays:
        content = kustomization(sealing, overlay)
        if content is not None:
            sealing.put(layout.kustomization(overlay), content)
    return dict(sorted(sealing.writes.items()))


def _declared(tree: Tree, targets: Sequence[Target]) -> dict[str, inventory.Entry]:
    """The inventory, with the entries of ``targets`` as their requirements are now."""
    overlays = {target.overlay for target in targets}
    entries = {
        secret: entry for secret, entry in inventory.read(tree).items() if layout.split(secret)[0] not in overlays
    }
    for target in targets:
        for one in target.requirements.secrets:
            entries[layout.identifier(target.overlay, one.name)] = inventory.entry(one)
    return entries


def kustomization(sealing: Sealing, overlay: str) -> bytes | None:
    """The list of what the cluster of ``overlay`` gets; ``None`` when that is nothing."""
    files = [
        layout.sealed(secret, layout.backend(seal.backend))
        for secret, seal in sealing.secrets.items()
        if layout.split(secret)[0] == overlay
    ]
    files += [
        layout.config_map(overlay, name)
        for place, name in (layout.split(bundle) for bundle in sealing.bundles)
        if place == overlay
    ]
    if not files:
        return None
    document = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(path.removeprefix(f"{layout.ROOT}/{overlay}/") for path in files),
    }
    return documents.dump(document, header=_KUSTOMIZATION_HEADER)


def requirement_of(targets: Sequence[Target], secret: str) -> tuple[Target, SecretRequirement]:
    """The target and requirement behind an id.

    Raises:
        CompilerError: no overlay wants it; the nearest id is suggested.
    """
    import difflib

    known: dict[str, tuple[Target, SecretRequirement]] = {
        layout.identifier(target.overlay, one.name): (target, one)
        for target in targets
        for one in target.requirements.secrets
    }
    if secret not in known:
        near = difflib.get_close_matches(secret, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "`compiler secrets status` lists them"
        raise CompilerError(f"no overlay wants a Secret {secret!r}", hint=hint)
    return known[secret]
