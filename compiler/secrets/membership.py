"""Who joins and who leaves: the configuration and everything sealed by it change together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.k8s.tree import Tree
from compiler.secrets import layout, lock, readers, recipients
from compiler.secrets.access import Access
from compiler.secrets.ensure import ensure
from compiler.secrets.outcome import Outcome
from compiler.secrets.overlaid import Overlaid
from compiler.secrets.sealing import Progress
from compiler.secrets.targets import Target


@dataclass(frozen=True)
class Departure:
    """What a removed recipient could read, and Git's history still lets it read.

    Args:
        outcome: what was done and is to be written.
        secrets: ids whose values it could open; they are to be replaced.
        authorities: ids of the CAs whose private key it could open; they are to be rolled over.
    """

    outcome: Outcome
    secrets: tuple[str, ...]
    authorities: tuple[str, ...]


def add(
    tree: Tree,
    targets: Sequence[Target],
    group: str,
    recipient: str,
    access: Access,
    *,
    progress: Progress | None = None,
) -> Outcome:
    """Add ``recipient`` to ``group`` and seal anew whatever the group opens.

    Raises:
        CompilerError: the recipient or group is none, the recipient opens more than the group may, or an identity is
            missing.
        WorldError: sops failed.
    """
    recipients.check_member(group, recipient)
    recipients.read(tree)
    readers.refuse_group(group, [target.overlay for target in targets])
    content = recipients.extend(tree.read(layout.RECIPIENTS), {group: [recipient]}, {})
    readers.refuse_shared(recipients.read(Overlaid({layout.RECIPIENTS: content}, tree)), [group])
    return _with(tree, targets, content, access, progress)


def remove(
    tree: Tree,
    targets: Sequence[Target],
    recipient: str,
    access: Access,
    *,
    group: str | None = None,
    progress: Progress | None = None,
) -> Departure:
    """Remove ``recipient`` and seal anew, with new data keys, whatever it could open.

    Old files stay in Git's history and open with the removed identity for ever, so the values themselves are to be
    replaced; the result says which.

    Raises:
        CompilerError: nobody has the recipient, a group would be left empty, or an identity is missing.
        WorldError: sops failed.
    """
    recipients.read(tree)
    known = lock.read(tree)
    content = recipients.without(tree.read(layout.RECIPIENTS), recipient, group)
    outcome = _with(tree, targets, content, access, progress)
    exposed = {secret for secret, entry in known.vault.items() if recipient in entry.recipients}
    exposed |= {secret for secret, entry in known.secrets.items() if recipient in entry.recipients}
    authorities = [
        identifier
        for identifier, authority in known.authorities.items()
        if any(recipient in entry.recipients for entry in authority.generations.values())
    ]
    return Departure(outcome, tuple(sorted(exposed - {layout.DIGEST_KEY_ID})), tuple(sorted(authorities)))


def _with(tree: Tree, targets: Sequence[Target], content: bytes, access: Access, progress: Progress | None) -> Outcome:
    front = Overlaid({layout.RECIPIENTS: content}, tree)
    outcome = ensure(front, targets, access, progress=progress)
    if tree.read(layout.RECIPIENTS) == content:
        return outcome
    return Outcome({**outcome.writes, layout.RECIPIENTS: content}, outcome.steps)
