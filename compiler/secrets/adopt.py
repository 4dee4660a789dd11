"""Taking the vault's word: after a file was edited by hand, or its record was lost and cannot be restored."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.pulp.requirements import Leaf
from compiler.secrets import inventory, layout, lock, recipients, sops
from compiler.secrets.access import Access
from compiler.secrets.authorities import Authorities
from compiler.secrets.listing import close
from compiler.secrets.outcome import Outcome, Step
from compiler.secrets.plaintext import Values
from compiler.secrets.sealing import Progress, Sealing
from compiler.secrets.states import requirement_of
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
    """Take what the vault's file of ``secret`` holds for true, and seal it anew for administrators and cluster.

    Args:
        tree: the repository.
        targets: the overlays; the one that wants ``secret`` is among them.
        secret: its id.
        access: keys, tools and the time; an identity is needed.
        progress: told after each sealed file.

    Raises:
        CompilerError: nobody wants it, the vault's file is missing, foreign or lacks a value (nothing is made in its
            place but a certificate), or the identity is missing.
        WorldError: sops failed.
    """
    target, requirement = requirement_of(targets, secret)
    refuse_reference(target, requirement)
    sealing = Sealing(tree, access, recipients.read(tree), lock.read(tree))
    have = open_vault(tree, secret, access, "its values are to be adopted")
    issued = {CERTIFICATE, PRIVATE_KEY} if any(isinstance(one, Leaf) for one in requirement.materials) else set()
    missing = sorted(set(requirement.keys()) - set(have) - issued)
    if missing:
        raise CompilerError(
            f"the vault's file does not hold {', '.join(missing)}",
            origin=Origin(layout.vault(secret)),
            hint="restore it from Git history",
        )
    before = sealing.secrets.get(secret)
    authorities = Authorities(target.overlay, sealing)
    done = complete(requirement, have, authorities, access.now, known=before.certificate if before else None)
    sealing.vault(secret, {**have, **done.values})
    sealing.cluster(target, requirement, done.values, changed=True, certificate=done.certificate)
    entries = {**inventory.read(tree), secret: inventory.entry(requirement)}
    writes = close(sealing, entries, [target.overlay], progress)
    return Outcome(writes, (Step(secret, "adopt", "as the vault has it"),))
