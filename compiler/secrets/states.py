"""The state of every Secret of an overlay, and what is to be done about it: public facts alone."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.errors import CompilerError, ErrorGroup, Origin
from compiler.k8s.tree import Tree
from compiler.pulp.requirements import SecretRequirement
from compiler.secrets import digest, inventory, layout, plan
from compiler.secrets.references import REFERENCES
from compiler.secrets.sealing import Sealing
from compiler.secrets.targets import Target, refuse_existing


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


def decided(
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


def _stops(decision: plan.Decision) -> bool:
    return decision.action == "stop"


def contradiction(secret: str, decision: plan.Decision) -> CompilerError:
    """The error for a decision that stops."""
    hint = "restore secrets/ from Git history; nothing is made anew in its place, because that could lose data"
    if decision.reason == plan.VAULT_EDITED:
        hint += f"\n  if you edited it by hand: compiler secrets adopt {secret}"
    return CompilerError(decision.reason, origin=Origin(layout.LOCK, field=secret), hint=hint)


def raise_all(errors: Sequence[CompilerError]) -> None:
    """Raise what there is, together; what several overlays have in common once."""
    errors = list({str(error): error for error in errors}.values())
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ErrorGroup(errors)


def orphans(target: Target, sealing: Sealing) -> list[str]:
    """Ids that are sealed for the overlay although nothing wants them any more."""
    wanted = {layout.identifier(target.overlay, one.name) for one in target.requirements.secrets}
    return sorted(
        secret for secret in sealing.secrets if layout.split(secret)[0] == target.overlay and secret not in wanted
    )


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
        refuse_existing(targets, secret)
        near = difflib.get_close_matches(secret, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "`compiler secrets status` lists them"
        raise CompilerError(f"no overlay wants a Secret {secret!r}", hint=hint)
    return known[secret]
