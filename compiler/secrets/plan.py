"""What to do about one Secret, decided from public facts alone: no identity, no sops, no plaintext."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from compiler.pulp.requirements import Given, Leaf, SecretRequirement
from compiler.secrets import digest, inventory, layout
from compiler.secrets.lock import Seal, VaultSeal
from compiler.secrets.references import REFERENCES

Action = Literal["keep", "create", "seal", "refer", "unset", "stop"]


VAULT_EDITED = "the vault's file is not the one that the lock knows: it was edited, or an older one was put back"


@dataclass(frozen=True)
class State:
    """What the repository says of one Secret.

    Args:
        requirement: what is wanted.
        backend: what is to seal it.
        seal: the lock's entry for what the cluster gets.
        vault: the lock's entry for its values.
        sealed_file: SHA-256 of the file that the cluster gets, of whichever backend the lock (else the overlay) names.
        vault_file: SHA-256 of the vault's file.
        recipients: who shall open what the cluster gets.
        vault_recipients: who shall open the vault.
        declared: the inventory says already that it is made here, not given.
        reference: SHA-256 of the file that a backend of references would write; ``None`` for one that seals.
    """

    requirement: SecretRequirement
    backend: layout.Backend
    seal: Seal | None
    vault: VaultSeal | None
    sealed_file: str | None
    vault_file: str | None
    recipients: tuple[str, ...]
    vault_recipients: tuple[str, ...]
    declared: bool = False
    reference: str | None = None


@dataclass(frozen=True)
class Decision:
    """What to do, and why in words.

    Args:
        action: ``keep`` what is there; ``create`` values and seal them; ``seal`` what the vault holds (which needs an
            identity); ``refer`` to what a controller in the cluster makes; ``unset``: a
            person's value is missing; ``stop``: something is wrong that nobody may paper over.
        reason: for people.
        vault: the vault's file is to be sealed anew as well.
    """

    action: Action
    reason: str = ""
    vault: bool = False


def shape(requirement: SecretRequirement) -> str:
    """SHA-256 of what the Secret must hold: names, types, labels and profiles, no value."""
    return digest.of_shape(
        {
            "name": requirement.name,
            "namespace": requirement.namespace,
            "type": requirement.type,
            "labels": dict(requirement.labels),
            "materials": [
                {"kind": type(material).__name__, **{name: _plain(value) for name, value in vars(material).items()}}
                for material in requirement.materials
            ],
        }
    )


def _plain(value: object) -> object:
    if hasattr(value, "items"):
        return sorted(value)  # type: ignore[call-overload]  # the words beside a given key do not matter
    return list(value) if isinstance(value, tuple) else value


def given_keys(requirement: SecretRequirement) -> tuple[str, ...]:
    """The keys whose values only a person has, sorted."""
    return tuple(
        sorted(key for material in requirement.materials if isinstance(material, Given) for key in material.keys)
    )


def expected_keys(requirement: SecretRequirement, seal: Seal | None) -> tuple[str, ...]:
    """The keys whose values a person has to bring, sorted: the given ones; and all but certificates while the values
    are in an external store, because values made anew would not be those that database and cache know."""
    if seal is None or seal.backend != "external-secrets":
        return given_keys(requirement)
    leaves = {"tls.crt", "tls.key"} if any(isinstance(one, Leaf) for one in requirement.materials) else set()
    return tuple(sorted(set(requirement.keys()) - leaves))


def unset_keys(requirement: SecretRequirement, vault: VaultSeal | None, seal: Seal | None = None) -> tuple[str, ...]:
    """The expected keys that nobody has set yet."""
    known: Sequence[str] = vault.keys if vault else ()
    return tuple(key for key in expected_keys(requirement, seal) if key not in known)


def decide(state: State) -> Decision:
    """The decision for one Secret.

    Values are never made anew because a record of them is missing: whatever is there without its lock entry, or
    missing although the lock has it, stops the run (a database-field key made twice loses data).
    """
    wrong = _contradiction(state)
    if wrong:
        return Decision("stop", wrong)
    reseal_vault = state.vault is not None and state.vault.recipients != state.vault_recipients
    if state.reference is not None:
        return _refer(state, vault=reseal_vault)
    missing = unset_keys(state.requirement, state.vault, state.seal)
    if missing:
        return Decision("unset", f"not set: {', '.join(missing)}", vault=reseal_vault)
    if state.vault is None:
        return Decision("create", "new")
    if state.seal is None:
        return Decision("seal", "not sealed for the cluster yet", vault=reseal_vault)
    if state.sealed_file is None:
        return Decision("seal", "the sealed file was deleted", vault=reseal_vault)
    if state.seal.shape != shape(state.requirement):
        return Decision("seal", "what it must hold has changed", vault=reseal_vault)
    if state.seal.backend != state.backend:
        return Decision("seal", f"the backend is {state.backend} now", vault=reseal_vault)
    # A sealed-secrets controller keeps its old keys, so its new certificate is no reason to seal anew.
    if state.backend in ("sops", "ksops") and state.seal.recipients != state.recipients:
        return Decision("seal", "the recipients have changed", vault=reseal_vault)
    return Decision("keep", vault=reseal_vault)


def _refer(state: State, *, vault: bool) -> Decision:
    if state.seal is None:
        return Decision("refer", f"made in the cluster ({state.backend})", vault)
    if state.seal.backend != state.backend:
        return Decision("refer", f"the backend is {state.backend} now", vault)
    if state.sealed_file is None:
        return Decision("refer", "the file was deleted", vault)
    if state.sealed_file != state.reference:
        return Decision("refer", "what it refers to has changed", vault)
    return Decision("keep", vault=vault)


def once_more(decision: Decision, *, cluster: bool, vault: bool) -> Decision:
    """``decision``, with what is in place sealed anew when that was asked for."""
    vault = decision.vault or (vault and decision.action in ("keep", "seal"))
    if cluster and decision.action == "keep":
        return Decision("seal", "asked for", vault)
    return Decision(decision.action, decision.reason, vault)


def _contradiction(state: State) -> str | None:
    if state.seal is None and state.sealed_file is not None:
        return "it is sealed, but the lock does not know it"
    if state.vault is None and state.vault_file is not None:
        return "its values are in the vault, but the lock does not know them"
    if state.vault is not None and state.vault_file is None:
        return "the lock knows its values, but the vault's file is gone"
    if state.vault is not None and state.vault.sealed != state.vault_file:
        return VAULT_EDITED
    referred = state.reference is not None or (state.seal is not None and state.seal.backend in REFERENCES)
    if state.seal is not None and state.vault is None and not referred:
        return "it is sealed, but its values are not in the vault"
    if state.seal is not None and state.sealed_file is not None and state.seal.sealed != state.sealed_file:
        return "the sealed file is not the one that the lock knows: it was edited, or an older one was put back"
    made_here = inventory.kind(state.requirement) != "given"
    if state.declared and made_here and state.vault is None and not referred:
        return "the inventory says that it was made before, but neither lock nor vault knows it"
    return None
