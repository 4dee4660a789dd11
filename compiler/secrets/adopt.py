"""Taking the vault's word: after a file was edited by hand, or its record was lost and cannot be restored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.pulp.requirements import Leaf, Requirements, SecretRequirement
from compiler.secrets import documents, fieldskey, fitting, inventory, layout, lock, plan, recipients, sops
from compiler.secrets.access import Access
from compiler.secrets.authorities import Authorities
from compiler.secrets.listing import close
from compiler.secrets.outcome import Outcome, Step
from compiler.secrets.plaintext import Values
from compiler.secrets.sealing import Progress, Sealing
from compiler.secrets.states import requirement_of, states
from compiler.secrets.targets import Target, refuse_reference
from compiler.secrets.values import CERTIFICATE, PRIVATE_KEY, complete


def open_vault(tree: Tree, secret: str, access: Access, why: str) -> Values:
    """The values of a vault file that need not be the one that the lock knows; its structure, recipients and id are
    checked all the same.

    Raises:
        CompilerError: there is no such file, it is not one of ours, or no identity opens it.
        WorldError: sops failed.
    """
    path = layout.vault(secret)
    if not tree.is_file(path):
        raise CompilerError("there are no values of it in the vault", origin=Origin(path))
    access.need_identity(f"{secret}: {why}")
    who = recipients.read(tree).vault()
    return sops.unseal_values(access.sops, tree.read(path), path, secret, who, access.identities)


def adopt(
    tree: Tree, targets: Sequence[Target], secret: str, access: Access, *, progress: Progress | None = None
) -> Outcome:
    """Take what the vault's file of ``secret`` holds for true, and seal it anew for administrators and cluster; what is
    as the lock has it stays.

    Args:
        tree: the repository.
        targets: the overlays; the one that wants ``secret`` is among them.
        secret: its id.
        access: keys, tools and the time; an identity is needed.
        progress: told after each sealed file.

    Raises:
        CompilerError: nobody wants it; the vault's file is missing, foreign, lacks a value (nothing is made in its
            place but a certificate), has a key too many or a value of no use; the database-field key is another one;
            or the identity is missing.
        WorldError: sops failed.
    """
    target, requirement = requirement_of(targets, secret)
    refuse_reference(target, requirement)
    sealing = Sealing(tree, access, recipients.read(tree), lock.read(tree))
    have = open_vault(tree, secret, access, "its values are to be adopted")
    have = _checked(secret, requirement, have, sealing.vaults.get(secret))
    only = replace(target, requirements=Requirements((requirement,)))
    state = states(tree, only, sealing)[secret]
    before = state.seal
    authorities = Authorities(target.overlay, sealing)
    done = complete(requirement, have, authorities, access.now, known=before.certificate if before else None)
    untouched = state.vault is not None and state.vault.sealed == state.vault_file
    same = before is not None and _same(sealing, secret, state, before, done.values, untouched=untouched)
    if before is not None and not same and fieldskey.is_fields_key(requirement):
        raise CompilerError(
            f"{secret} is not the database-field key that was sealed: Pulp could not read its database with it",
            origin=Origin(layout.vault(secret)),
            hint=f"git checkout HEAD -- {layout.vault(secret)}; a new key comes over several commits: "
            f"compiler secrets rotate {secret} --phase add",
        )
    if same and untouched and plan.decide(state) == plan.Decision("keep"):
        return Outcome({}, (Step(secret, "keep", "vault, lock and cluster agree"),))
    if not (same and untouched and state.vault_recipients == (state.vault and state.vault.recipients)):
        sealing.vault(secret, {**have, **done.values})
    sealing.cluster(target, requirement, done.values, changed=not same, certificate=done.certificate)
    entries = {**inventory.read(tree), secret: inventory.entry(requirement)}
    writes = close(sealing, entries, [target.overlay], progress)
    return Outcome(writes, (Step(secret, "adopt", "as the vault has it"),))


def _checked(secret: str, requirement: SecretRequirement, have: Values, known: lock.VaultSeal | None) -> Values:
    """What the vault's file holds, when it is all that is wanted, nothing unknown, and each value of use."""
    origin = Origin(layout.vault(secret))
    issued = {CERTIFICATE, PRIVATE_KEY} if any(isinstance(one, Leaf) for one in requirement.materials) else set()
    missing = sorted(set(requirement.keys()) - set(have) - issued)
    if missing:
        raise CompilerError(
            f"the vault's file does not hold {', '.join(missing)}", origin=origin, hint="restore it from Git history"
        )
    # What is no longer wanted stays in the vault, so a key that the lock knows is no stranger.
    strange = sorted(set(have) - set(requirement.keys()) - set(known.keys if known else ()))
    if strange:
        raise CompilerError(
            f"nothing wants the key {', '.join(strange)} of {secret}",
            origin=origin,
            hint=f"its keys: {', '.join(requirement.keys())}",
        )
    try:
        return fitting.normal(secret, requirement, have)
    except CompilerError as error:
        raise CompilerError(error.message, origin=origin, hint=error.hint or "restore it from Git history") from None


def _same(
    sealing: Sealing, secret: str, state: plan.State, before: lock.Seal, values: Values, *, untouched: bool
) -> bool:
    """Whether ``values`` are those that were sealed for the cluster last, as far as anything here can tell."""
    if set(before.keys) != set(values):
        return False
    requirement, access = state.requirement, sealing.access
    if before.digest is not None and before.shape == plan.shape(requirement):
        document = documents.SecretDocument(
            requirement.name, requirement.namespace, values, requirement.type, requirement.labels
        )
        return sealing.digest(document.manifest()) == before.digest
    if untouched:
        return True
    if before.backend not in ("sops", "ksops") or state.sealed_file != before.sealed:
        return False
    path = layout.sealed(secret, layout.backend(before.backend))
    try:
        data = sops.unseal(access.sops, sealing.tree.read(path), path, before.recipients, access.identities)
    except CompilerError:
        return False
    return data == values
