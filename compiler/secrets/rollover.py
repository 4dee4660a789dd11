"""A CA gives way to its successor over three commits, so that at no moment two peers disagree on whom to trust.

``steady -> trust`` (the old one issues, both are trusted) ``-> issue`` (the new one issues, both are trusted) ``->``
``retire`` (the new one alone: steady again). Neighbouring phases understand each other, so pods may restart one by one;
between phases every pod must have restarted. A skipped phase would break handshakes, so none can be skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from compiler.errors import CompilerError
from compiler.k8s.tree import Tree
from compiler.secrets import gone, handover, inventory, layout, lock, recipients
from compiler.secrets.access import Access
from compiler.secrets.authorities import Authorities
from compiler.secrets.listing import close
from compiler.secrets.outcome import Outcome, Step
from compiler.secrets.replace import Chosen, replace_values
from compiler.secrets.sealing import Progress, Sealing
from compiler.secrets.states import states
from compiler.secrets.targets import Target

Phase = Literal["steady", "trust", "issue"]
Next = Literal["trust", "issue", "retire"]
_FOLLOWS: dict[Next, Phase] = {"trust": "steady", "issue": "trust", "retire": "issue"}


def phase_of(authority: lock.Authority) -> Phase:
    """The phase that an authority is in."""
    if authority.trusted == (authority.issuer,):
        return "steady"
    return "trust" if max(authority.trusted) > authority.issuer else "issue"


def rollover(
    tree: Tree,
    target: Target,
    authority: str,
    phase: Next,
    access: Access,
    *,
    rolled_out: bool,
    progress: Progress | None = None,
) -> Outcome:
    """Take one CA of one overlay to its next phase.

    Args:
        tree: the repository.
        target: the overlay.
        authority: ``service`` or ``upstream``.
        phase: the phase to enter; it must follow the present one.
        access: keys, tools and the time; ``issue`` needs an identity.
        rolled_out: a person says that every pod runs with what the last phase wrote.
        progress: told after each sealed file.

    Raises:
        CompilerError: there is no such CA, the phase does not follow, or the last one is not said to be rolled out.
        WorldError: sops failed.
    """
    sealing = Sealing(tree, access, recipients.read(tree), lock.read(tree))
    identifier = layout.authority_id(target.overlay, authority)
    known = sealing.authorities.get(identifier)
    if known is None:
        raise CompilerError(f"{target.overlay} has no {authority} CA", hint="compiler secrets ensure")
    present = phase_of(known)
    if _FOLLOWS[phase] != present:
        following = next(name for name, before in _FOLLOWS.items() if before == present)
        raise CompilerError(
            f"the {authority} CA of {target.overlay} is in phase {present}; {phase} does not follow it",
            hint=f"the next phase is {following}; skipping one would break connections",
        )
    if present != "steady" and not rolled_out:
        raise CompilerError(
            f"phase {phase} may begin only when every pod runs with what phase {present} wrote",
            hint="apply it, wait until all pods have restarted, then say --rolled-out",
        )
    authorities = Authorities(target.overlay, sealing)
    steps: tuple[Step, ...] = ()
    if phase == "trust":
        if not known.generations[known.issuer].sealed:
            raise CompilerError(
                f"the {authority} CA of {target.overlay} was not made here, or its key is kept offline",
                hint=f"bring its successor: compiler secrets ca import (or ca create) {target.overlay} "
                f"--authority {authority}; that enters phase trust",
            )
        authorities.succeed(authority)
    elif phase == "issue":
        successor = max(known.trusted)
        sealing.authorities[identifier] = replace(known, issuer=successor)
        if handover.takes_over(target, authority, known.generations[successor]):
            target = handover.over(target, authority)
            steps = handover.refer(tree, target, authority, sealing)
    else:
        _retire(sealing, identifier, known)
    for bundle in target.requirements.trust:
        if not authorities.unknown(target, bundle):
            authorities.bundle(target, bundle)
    if phase == "issue" and target.issues(authority):
        chosen = _signed(tree, target, sealing, authority)
        steps = replace_values(sealing, chosen, lambda have: have, "renew", progress).steps
    entries = inventory.read(tree)
    writes = close(sealing, entries, [target.overlay], progress)
    return Outcome(writes, (Step(f"{identifier} CA", phase, f"after {present}"), *steps))


def _signed(tree: Tree, target: Target, sealing: Sealing, authority: str) -> Sequence[Chosen]:
    return [
        Chosen(target, secret, state, "its CA has a successor")
        for secret, state in states(tree, target, sealing).items()
        if state.seal and state.seal.certificate and state.seal.certificate.authority == authority
    ]


def _retire(sealing: Sealing, identifier: str, known: lock.Authority) -> None:
    overlay, authority = layout.split(identifier)
    for secret, seal in sealing.secrets.items():
        certificate = seal.certificate
        ours = certificate is not None and certificate.authority == authority and layout.split(secret)[0] == overlay
        if certificate is not None and ours and certificate.ca != known.issuer:
            raise CompilerError(
                f"{secret} still has a certificate of generation {certificate.ca}",
                hint=f"compiler secrets ensure --prune when it is no longer wanted, else renew {overlay} --all",
            )
    for generation in known.generations:
        if generation != known.issuer:
            if known.generations[generation].sealed:
                gone.delete(sealing, layout.authority_key(identifier, generation))
            gone.delete(sealing, layout.authority_certificate(identifier, generation))
    kept = {known.issuer: known.generations[known.issuer]}
    sealing.authorities[identifier] = lock.Authority(known.issuer, (known.issuer,), kept)
