"""The database-field key gives way to the next one over four commits, so that every pod can read what any pod wrote.

``steady -> add`` (the new key stands below the old one: pods read with both, write with the old) ``-> promote`` (the
new one stands first: they write with it) ``-> reencrypt`` (a Job reads everything and writes it with the first key)
``-> retire`` (the old one is removed: steady again). Pods restart one by one, so each phase may begin only when all of
them run with the last one. The order is pulpcore's, from its page on database encryption.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from compiler.errors import CompilerError
from compiler.k8s.tree import Tree
from compiler.pulp.requirements import FernetKey, SecretRequirement
from compiler.secrets import inventory, lock, material, recipients
from compiler.secrets.access import Access
from compiler.secrets.listing import close
from compiler.secrets.lock import PHASES, Phase
from compiler.secrets.outcome import Outcome, Step
from compiler.secrets.plaintext import Plaintext, Values
from compiler.secrets.replace import Chosen, replace_values
from compiler.secrets.sealing import Progress, Sealing
from compiler.secrets.states import requirement_of, states
from compiler.secrets.targets import Target

_BYTES = 32
"""Length of a Fernet key (https://github.com/fernet/spec): 16 bytes to sign and 16 to encrypt with."""


def is_fields_key(requirement: SecretRequirement) -> bool:
    """Whether a Secret holds the database-field key."""
    return any(isinstance(one, FernetKey) for one in requirement.materials)


def rotate(
    tree: Tree,
    targets: Sequence[Target],
    secret: str,
    phase: Phase,
    access: Access,
    *,
    rolled_out: bool,
    progress: Progress | None = None,
) -> Outcome:
    """Take a database-field key to its next phase.

    Args:
        tree: the repository.
        targets: the overlays; the one that wants ``secret`` is among them.
        secret: its id.
        phase: the phase to enter; it must follow the present one.
        access: keys, tools and the time; every phase but ``reencrypt`` needs an identity.
        rolled_out: a person says that every pod runs with the last phase; for ``retire``, that the Job has succeeded.
        progress: told after each sealed file.

    Raises:
        CompilerError: the Secret holds no database-field key or does not exist yet, the phase does not follow, the last
            one is not said to be rolled out, the vault's keys are not what it expects, or the identity is missing.
        WorldError: sops failed.
    """
    target, requirement = requirement_of(targets, secret)
    if not is_fields_key(requirement):
        raise CompilerError(
            f"{secret} holds no database-field key; only that one changes in phases",
            hint=f"compiler secrets rotate {secret}",
        )
    sealing = Sealing(tree, access, recipients.read(tree), lock.read(tree))
    state = states(tree, target, sealing)[secret]
    if state.seal is None and state.vault is None:
        raise CompilerError(f"{secret} does not exist yet", hint="compiler secrets ensure")
    known = sealing.rotations.get(secret)
    _check_order(secret, known, phase, rolled_out=rolled_out)
    if phase == "retire":
        del sealing.rotations[secret]
    else:
        sealing.rotations[secret] = lock.Rotation(phase, lock.moment(access.now))
    if phase == "reencrypt":
        writes = close(sealing, inventory.read(tree), [target.overlay], progress)
        return Outcome(writes, (Step(secret, phase, "a Job encrypts the database anew"),))
    names = [one.key for one in requirement.materials if isinstance(one, FernetKey)]

    def keep(have: Values) -> Values:
        return {**have, **{name: _changed(secret, have[name], phase) for name in names if name in have}}

    return replace_values(sealing, [Chosen(target, secret, state, _REASONS[phase])], keep, phase, progress)


_REASONS: dict[Phase, str] = {
    "add": "pods can read with the new key",
    "promote": "pods write with the new key",
    "retire": "the old key is removed",
}

_ROLLED_OUT: dict[str, str] = {
    "promote": "every pod can read with the new key: apply phase add and wait until all pods have restarted",
    "reencrypt": "every pod writes with the new key: apply phase promote and wait until all pods have restarted",
    "retire": "the Job rotate-db-key has succeeded: what only the old key reads would be lost",
}


def _check_order(secret: str, known: lock.Rotation | None, phase: Phase, *, rolled_out: bool) -> None:
    following = known.following() if known else PHASES[0]
    if phase != following:
        present = known.phase if known else "steady"
        raise CompilerError(
            f"the key of {secret} is in phase {present}; {phase} does not follow it",
            hint=f"the next phase is {following}; skipping one would make pods fail or lose data",
        )
    if phase in _ROLLED_OUT and not rolled_out:
        raise CompilerError(
            f"phase {phase} may begin only when {_ROLLED_OUT[phase]}", hint="when that is so, say --rolled-out"
        )


def _changed(secret: str, value: Plaintext, phase: Phase) -> Plaintext:
    """The key file of a phase, one key a line: pulpcore encrypts with the first and decrypts with each."""
    keys = _keys(secret, value)
    if phase == "add":
        return _file([*keys, *_keys(secret, material.fernet_key())])
    if len(keys) < 2:
        raise CompilerError(
            f"the vault holds one key of {secret}, but phase {phase} expects the old and the new one",
            hint="restore secrets/ from Git history; nothing was changed",
        )
    return _file([keys[-1], *keys[:-1]] if phase == "promote" else keys[:1])


def key_file(secret: str, value: Plaintext) -> Plaintext:
    """A key file as it came, as pulpcore wants it: one key a line, the first one encrypts.

    Raises:
        CompilerError: a line is no Fernet key, or there is none.
    """
    keys = _keys(secret, value)
    if not keys:
        raise CompilerError(f"there is no key in the value for {secret}")
    return _file(keys)


def _keys(secret: str, value: Plaintext) -> list[bytes]:
    """The keys of a file; comments and empty lines are dropped, as pulpcore does it."""
    lines = [line.strip() for line in value.reveal().splitlines()]
    keys = [line for line in lines if line and not line.startswith(b"#")]
    for key in keys:
        try:
            fits = len(base64.b64decode(key.translate(bytes.maketrans(b"-_", b"+/")), validate=True)) == _BYTES
        except (binascii.Error, ValueError):
            fits = False
        if not fits:
            raise CompilerError(f"a line of {secret} is no Fernet key (32 bytes in base64)", hint="nothing was changed")
    return keys


def _file(keys: Sequence[bytes]) -> Plaintext:
    return Plaintext(b"".join(key + b"\n" for key in keys))
