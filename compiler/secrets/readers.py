"""Who can open what, compared with the overlays that there are, and with who can open more."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from compiler.errors import CompilerError, Origin
from compiler.secrets import layout
from compiler.secrets.recipients import Recipients

_CLUSTER = "cluster-"
_ABOVE = {"admin": "an administrator's: it opens everything", "ci": "a pipeline's: it opens the vault"}


def refuse_unknown(overlays: Collection[str], known: Collection[str]) -> None:
    """Refuse a recipient or certificate for an overlay that does not exist: the one that was meant would get none.

    Args:
        overlays: the names that were given.
        known: the overlays that have secrets.

    Raises:
        CompilerError: one is not known; the nearest name is suggested.
    """
    for overlay in overlays:
        if overlay not in known:
            near = difflib.get_close_matches(overlay, known, n=1)
            have = f"these have: {', '.join(sorted(known)) or 'none yet'}; write its spec first"
            raise CompilerError(
                f"{overlay[:80]!r} is no overlay that has secrets", hint=f"did you mean {near[0]}?" if near else have
            )


def refuse_group(group: str, known: Collection[str]) -> None:
    """The same for a group's name; ``admin`` and ``ci`` are always there."""
    if group.startswith(_CLUSTER):
        refuse_unknown([group.removeprefix(_CLUSTER)], known)


def shared(who: Recipients) -> Iterator[tuple[str, str]]:
    """The groups that hold a key of a group which can open more, and that in words.

    An administrator's key opens everything, a pipeline's the whole vault. A cluster that has one of them, in order to
    decrypt its own Secrets, could open those of every other.
    """
    for above, words in _ABOVE.items():
        for group, members in who.groups.items():
            both = set(members) & set(who.groups.get(above, ())) if group not in ("admin", above) else set()
            yield from ((group, f"{one} of the group {group} is {words}") for one in sorted(both))


def refuse_shared(who: Recipients, groups: Collection[str]) -> None:
    """Refuse to give a cluster or pipeline a key that can open more.

    Args:
        who: the recipients as they would be.
        groups: the groups that were added to.

    Raises:
        CompilerError: one of ``groups`` would hold such a key.
    """
    for group, message in shared(who):
        if group in groups or "admin" in groups or "ci" in groups:
            raise CompilerError(
                message,
                origin=Origin(layout.RECIPIENTS, field=f"groups.{group}"),
                hint="give it a key of its own (age-keygen -o FILE), and keep the other away from it",
            )


def findings(who: Recipients, overlays: Collection[str]) -> Iterator[tuple[bool, str]]:
    """What is wrong with the recipients, in words, and whether it is grave.

    Args:
        who: the recipients.
        overlays: those that have secrets, and those that the lock knows.
    """
    for _, message in shared(who):
        yield True, f"{message}; give it a key of its own, then: compiler secrets recipients remove"
    for group, members in who.groups.items():
        if group.startswith(_CLUSTER) and members and group.removeprefix(_CLUSTER) not in overlays:
            remedy = f"compiler secrets recipients remove {members[0]} --group {group}"
            yield False, f"groups.{group} is for no overlay that has secrets: {remedy}"
    for overlay in who.certificates:
        if overlay not in overlays:
            yield False, f"certificates.{overlay} is for no overlay that has secrets: remove it"
