"""Certificates that were issued here are handed over to cert-manager in the phases of a rollover, never at once.

What an issuer of the cluster signs, pods believe only when they have its CA. So leaves stay as they are when the spec
says ``cert-manager``: its CA is taken in beside ours (phase ``trust``), in phase ``issue`` it signs, and in phase
``retire`` ours goes. An overlay for which nothing was ever issued here has nobody to break with, and begins there.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from compiler.k8s.tree import Tree
from compiler.pulp.requirements import Leaf, Requirements, SecretRequirement
from compiler.secrets import layout, lock, plan
from compiler.secrets.outcome import Step
from compiler.secrets.sealing import Sealing
from compiler.secrets.states import contradiction, states
from compiler.secrets.targets import Target


def issued_here(known: lock.Lock, overlay: str, requirements: Requirements) -> frozenset[str]:
    """The authorities that have signed certificates which the cluster of ``overlay`` still gets from here.

    Args:
        known: the lock.
        overlay: its name.
        requirements: what its model needs; what is no longer wanted does not count.
    """
    seals = (known.secrets.get(layout.identifier(overlay, one.name)) for one in requirements.secrets)
    return frozenset(seal.certificate.authority for seal in seals if seal is not None and seal.certificate is not None)


def takes_over(target: Target, authority: str, successor: lock.AuthorityGeneration) -> bool:
    """Whether certificates of ``authority`` are cert-manager's as soon as ``successor`` signs: the spec says so, and
    the private key of the successor is not here."""
    return target.leaves == "cert-manager" and authority in target.here and not successor.sealed


def ready(target: Target, sealing: Sealing) -> list[str]:
    """The authorities that cert-manager may take over: its CA is trusted beside ours. Sorted."""
    found = []
    for authority in target.here if target.leaves == "cert-manager" else ():
        known = sealing.authorities.get(layout.authority_id(target.overlay, authority))
        newest = max(known.trusted) if known else 0
        if known is not None and newest > known.issuer and takes_over(target, authority, known.generations[newest]):
            found.append(authority)
    return sorted(found)


def awaited(target: Target, sealing: Sealing) -> list[str]:
    """The authorities that cert-manager is to take over, and whose CA nobody has taken in yet. Sorted."""
    wanted = target.here if target.leaves == "cert-manager" else frozenset()
    return sorted(wanted - set(ready(target, sealing)))


def over(target: Target, authority: str) -> Target:
    """``target`` when cert-manager issues the certificates of ``authority``."""
    return replace(target, here=target.here - {authority})


def refer(tree: Tree, target: Target, authority: str, sealing: Sealing) -> tuple[Step, ...]:
    """Refer to cert-manager's Certificates in the place of what was issued here.

    Args:
        tree: the repository.
        target: the overlay, as :func:`over` has it.
        authority: ``service`` or ``upstream``.
        sealing: the run.

    Raises:
        CompilerError: the repository contradicts itself.
    """
    steps: list[Step] = []
    for secret, state in states(tree, target, sealing).items():
        if authority not in authorities((state.requirement,)):
            continue
        decision = plan.decide(state)
        if decision.action == "stop":
            raise contradiction(secret, decision)
        if decision.action == "refer":
            sealing.refer(target, state.requirement)
            steps.append(Step(secret, "refer", "cert-manager issues it"))
    return tuple(steps)


def authorities(requirements: Collection[SecretRequirement]) -> frozenset[str]:
    """The authorities that sign the leaves among ``requirements``."""
    return frozenset(part.authority for one in requirements for part in one.materials if isinstance(part, Leaf))
