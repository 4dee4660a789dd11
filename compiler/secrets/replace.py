"""New values in place of good ones: leaves before they expire, and generated values on demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from compiler.errors import CompilerError
from compiler.k8s.tree import Tree
from compiler.pulp.requirements import FernetKey, Given, Leaf, SigningKey
from compiler.secrets import due, inventory, lock, plan, recipients
from compiler.secrets.access import Access
from compiler.secrets.authorities import Authorities
from compiler.secrets.listing import close
from compiler.secrets.outcome import Outcome, Step
from compiler.secrets.plaintext import Values
from compiler.secrets.sealing import Progress, Sealing
from compiler.secrets.states import contradiction, raise_all, requirement_of, states
from compiler.secrets.targets import Target, refuse_reference
from compiler.secrets.values import complete


@dataclass(frozen=True)
class Chosen:
    """A Secret whose values are to be replaced, and why in words."""

    target: Target
    secret: str
    state: plan.State
    reason: str


def renew(
    tree: Tree,
    targets: Sequence[Target],
    access: Access,
    *,
    everything: bool = False,
    partly: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Issue anew, with new keys, every leaf that is due.

    Args:
        tree: the repository.
        targets: the overlays.
        access: keys, tools and the time; an identity is needed when a leaf is due.
        everything: all leaves, due or not.
        partly: a CA whose private key is kept elsewhere and was not given does not stop the others; the outcome says
            which.
        progress: told after each sealed file.

    Raises:
        CompilerError: the repository contradicts itself, or the identity is missing.
        WorldError: sops failed.
    """
    sealing = Sealing(tree, access, recipients.read(tree), lock.read(tree))
    chosen: list[Chosen] = []
    for target in targets:
        for secret, state in states(tree, target, sealing).items():
            certificate = state.seal.certificate if state.seal else None
            if certificate is None or not any(isinstance(one, Leaf) for one in state.requirement.materials):
                continue
            condition, note = due.leaf(certificate, access.now)
            if everything or condition != "ok":
                chosen.append(Chosen(target, secret, state, note.partition(":")[0] or "asked for"))
    offline = _offline(sealing, chosen) if partly else {}
    able = [one for one in chosen if not any(place in offline for place in _authorities(one))]
    if chosen and not able:
        raise_all(list(offline.values()))
    outcome = replace_values(sealing, able, lambda have: have, "renew", progress)
    return replace(outcome, failed=tuple(offline.values()))


def _authorities(one: Chosen) -> list[tuple[str, str]]:
    """Overlay and name of the CAs that sign what was chosen."""
    leaves = [part for part in one.state.requirement.materials if isinstance(part, Leaf)]
    return [(one.target.overlay, leaf.authority) for leaf in leaves]


def _offline(sealing: Sealing, chosen: Sequence[Chosen]) -> dict[tuple[str, str], CompilerError]:
    """The CAs that cannot sign because their key is kept elsewhere and was not given, and the error of each."""
    found: dict[tuple[str, str], CompilerError] = {}
    for place in dict.fromkeys(place for one in chosen for place in _authorities(one)):
        overlay, authority = place
        error = Authorities(overlay, sealing).offline(authority)
        if error is not None:
            found[place] = error
    return found


def rotate(
    tree: Tree, targets: Sequence[Target], secret: str, access: Access, *, progress: Progress | None = None
) -> Outcome:
    """Make the generated values and the certificate of one Secret anew; given values in it stay.

    Args:
        tree: the repository.
        targets: the overlays; the one that wants ``secret`` is among them.
        secret: its id.
        access: keys, tools and the time; an identity is needed.
        progress: told after each sealed file.

    Raises:
        CompilerError: nobody wants the Secret, it holds the database-field key or only given values, it does not exist
            yet, or the identity is missing.
        WorldError: sops failed.
    """
    target, requirement = requirement_of(targets, secret)
    if any(isinstance(one, FernetKey) for one in requirement.materials):
        raise CompilerError(
            f"{secret} holds the database-field key: with a new one alone, Pulp could not read its own database",
            hint=f"it changes over several commits: compiler secrets rotate {secret} --phase add",
        )
    if any(isinstance(one, SigningKey) for one in requirement.materials):
        raise CompilerError(
            f"{secret} holds a signing key: what it has signed must verify for as long as anybody installs it",
            hint="add a key with a new name to signing.keys, and move the repositories to its services one by one",
        )
    refuse_reference(target, requirement)
    given = set(plan.given_keys(requirement))
    if all(isinstance(one, Given) for one in requirement.materials):
        raise CompilerError(f"all of {secret} is given", hint=f"compiler secrets set {secret}")
    sealing = Sealing(tree, access, recipients.read(tree), lock.read(tree))
    state = states(tree, target, sealing)[secret]
    if state.seal is None and state.vault is None:
        raise CompilerError(f"{secret} does not exist yet", hint="compiler secrets ensure")

    made_here = set(requirement.keys()) - given

    def keep(have: Values) -> Values:
        return {key: value for key, value in have.items() if key not in made_here}

    return replace_values(sealing, [Chosen(target, secret, state, "asked for")], keep, "rotate", progress)


def replace_values(
    sealing: Sealing,
    chosen: Sequence[Chosen],
    keep: Callable[[Values], Values],
    action: str,
    progress: Progress | None,
) -> Outcome:
    """Make anew what ``keep`` drops, and every leaf, of the Secrets that were chosen.

    Args:
        sealing: the run.
        chosen: the Secrets; none means that nothing is to be done.
        keep: from the vault's values to those that stay.
        action: what it is called in the report.
        progress: told after each sealed file.

    Raises:
        CompilerError: the repository contradicts itself, a value is unset, or the identity is missing.
        WorldError: sops failed.
    """
    if not chosen:
        return Outcome({}, ())
    steps: list[Step] = []
    authorities = {one.target.overlay: Authorities(one.target.overlay, sealing) for one in chosen}
    for one in chosen:
        refuse_reference(one.target, one.state.requirement)
        decision = plan.decide(one.state)
        if decision.action == "stop":
            raise contradiction(one.secret, decision)
        if decision.action == "unset":
            raise CompilerError(f"{one.secret}: {decision.reason}", hint=f"compiler secrets set {one.secret}")
        have = sealing.access.open(sealing.tree, sealing.snapshot(), one.secret, f"{action}: {one.reason}")
        kept = keep(have)
        known = one.state.seal.certificate if one.state.seal else None
        done = complete(
            one.state.requirement,
            kept,
            authorities[one.target.overlay],
            sealing.access.now,
            known=known,
            renew=True,
        )
        sealing.vault(one.secret, {**kept, **done.values})
        sealing.cluster(
            one.target,
            one.state.requirement,
            done.values,
            changed=True,
            certificate=done.certificate,
        )
        steps.append(Step(one.secret, action, one.reason))
    overlays = list(dict.fromkeys(one.target.overlay for one in chosen))
    entries = {
        **inventory.read(sealing.tree),
        **{one.secret: inventory.entry(one.state.requirement) for one in chosen},
    }
    return Outcome(close(sealing, entries, overlays, progress), tuple(steps))
