"""Values that only a person has: taken, kept in the vault, and sealed as soon as their Secret is complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from compiler.errors import CompilerError
from compiler.k8s.tree import Tree
from compiler.pulp.requirements import (
    DjangoKey,
    FernetKey,
    Password,
    Requirements,
    SecretRequirement,
    SigningKey,
)
from compiler.secrets import documents, fitting, inventory, lock, material, plan, recipients
from compiler.secrets.access import Access
from compiler.secrets.authorities import Authorities
from compiler.secrets.listing import close
from compiler.secrets.outcome import Outcome, Step
from compiler.secrets.plaintext import Plaintext, Values
from compiler.secrets.sealing import Progress, Sealing
from compiler.secrets.states import contradiction, requirement_of, states
from compiler.secrets.targets import Target, refuse_reference
from compiler.secrets.values import complete


def set_values(
    tree: Tree,
    targets: Sequence[Target],
    secret: str,
    values: Mapping[str, Plaintext],
    access: Access,
    *,
    generated: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Keep ``values`` as the given values of ``secret``.

    Args:
        tree: the repository.
        targets: the overlays; the one that wants ``secret`` is among them.
        secret: its id.
        values: key to value; the other keys of the Secret stay as they are.
        access: keys, tools and the time. An identity is needed only when other values of the Secret are kept, or a
            certificate is to be issued.
        generated: values that are made here may be given too: those of an installation that is taken over.
        progress: told after each sealed file.

    Raises:
        CompilerError: the Secret or a key is not wanted, the key is not a given one, or the value is not allowed.
    """
    target, requirement = requirement_of(targets, secret)
    refuse_reference(target, requirement)
    sealing = Sealing(tree, access, recipients.read(tree), lock.read(tree))
    expected = plan.expected_keys(requirement, sealing.secrets.get(secret))
    allowed = (*expected, *made_keys(requirement)) if generated else expected
    _check_keys(secret, requirement_keys=allowed, keys=tuple(values))
    values = fitting.normal(secret, requirement, dict(values))
    state = states(tree, replace(target, requirements=_only(target, requirement.name)), sealing)[secret]
    decision = plan.decide(state)
    if decision.action == "stop":
        raise contradiction(secret, decision)
    have = _have(sealing, secret, state, values)
    before = state.seal
    merged: Values = {**have, **values}
    same = bool(have) and all(key in have and have[key] == value for key, value in values.items())
    if same and decision.action == "keep":
        return Outcome({}, (Step(secret, "keep", "the value is the one that is sealed"),))
    if all(key in merged for key in expected):
        authorities = Authorities(target.overlay, sealing)
        done = complete(requirement, merged, authorities, access.now, known=before.certificate if before else None)
        merged |= done.values
        document = documents.SecretDocument(
            requirement.name, requirement.namespace, done.values, requirement.type, requirement.labels
        )
        digest = sealing.digest(document.manifest())
        if before and digest is not None and before.digest == digest and decision.action == "keep":
            return Outcome({}, (Step(secret, "keep", "the value is the one that is sealed"),))
        sealing.cluster(target, requirement, done.values, changed=True, certificate=done.certificate)
        step = Step(secret, "seal", f"set: {', '.join(sorted(values))}")
    else:
        missing = [key for key in expected if key not in merged]
        step = Step(secret, "unset", f"still not set: {', '.join(missing)}")
    sealing.vault(secret, merged)
    entries = {**inventory.read(tree), secret: inventory.entry(requirement)}
    return Outcome(close(sealing, entries, [target.overlay], progress), (step, *_weak(secret, requirement, values)))


def _weak(secret: str, requirement: SecretRequirement, values: Mapping[str, Plaintext]) -> list[Step]:
    """A warning for each password that is too short to be one; it may be what a server has, so it is taken."""
    keys = {one.key for one in requirement.materials if isinstance(one, Password)}
    short = sorted(key for key in keys & values.keys() if len(values[key].reveal().strip()) < material.SHORT)
    return [Step(secret, "warn", f"{key} has fewer than {material.SHORT} characters") for key in short]


def made_keys(requirement: SecretRequirement) -> tuple[str, ...]:
    """The keys that hold one generated value each, sorted (of a key pair, one half alone would be of no use)."""
    return tuple(
        sorted(
            one.key for one in requirement.materials if isinstance(one, Password | DjangoKey | FernetKey | SigningKey)
        )
    )


def _have(sealing: Sealing, secret: str, state: plan.State, values: Mapping[str, Plaintext]) -> Values:
    """What the vault holds, as far as it can and must be opened."""
    if state.vault is None:
        return {}
    if set(state.vault.keys) <= set(values) and not sealing.access.identities:
        return {}
    return sealing.access.open(sealing.tree, sealing.snapshot(), secret, "its other values are kept")


def _only(target: Target, name: str) -> Requirements:
    return Requirements(tuple(one for one in target.requirements.secrets if one.name == name))


def _check_keys(secret: str, *, requirement_keys: Sequence[str], keys: Sequence[str]) -> None:
    if not requirement_keys:
        raise CompilerError(
            f"nothing of {secret} is given: its values are made here",
            hint=f"to replace them: compiler secrets rotate {secret}",
        )
    for key in keys:
        if key not in requirement_keys:
            raise CompilerError(
                f"{key!r} is no given key of {secret}", hint=f"its given keys: {', '.join(requirement_keys)}"
            )
