"""The keys and tools of one run, each looked for only when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.secrets import layout, sops
from compiler.secrets.identities import Identities
from compiler.secrets.lock import Lock
from compiler.secrets.plaintext import Plaintext, Values
from compiler.secrets.tool import Sops


class Access:
    """Opens what is sealed to administrators.

    Args:
        tool: finds sops; called at most once.
        identities: reads the identities; called at most once. Empty ones mean that there is none.
        now: the present, timezone-aware.
        authority_keys: private keys of CAs that are kept outside the repository, PEM, by ``<overlay>/<authority>``.
    """

    def __init__(
        self,
        tool: Callable[[], Sops],
        identities: Callable[[], Identities],
        now: datetime,
        authority_keys: Mapping[str, Plaintext] = {},
    ) -> None:
        self._find = tool
        self._read = identities
        self._sops: Sops | None = None
        self._identities: Identities | None = None
        self.now = now
        self._authority_keys = authority_keys

    def __enter__(self) -> Access:
        return self

    def __exit__(self, *_: object) -> None:
        if self._sops is not None:
            self._sops.close()

    @property
    def sops(self) -> Sops:
        """The sops executable.

        Raises:
            WorldError: there is none.
        """
        if self._sops is None:
            self._sops = self._find()
        return self._sops

    @property
    def identities(self) -> Identities:
        """The identities at hand; may be none.

        Raises:
            CompilerError: an identity file is malformed or stands in the repository.
        """
        if self._identities is None:
            self._identities = self._read()
        return self._identities

    def open(self, tree: Tree, lock: Lock, secret: str, why: str) -> Values:
        """The values of ``secret`` from the vault.

        Args:
            tree: the repository.
            lock: its lock.
            secret: an id that the lock's vault has.
            why: what they are needed for, for the message when no identity is at hand.

        Raises:
            CompilerError: no identity is at hand or fits, or the file is gone or not the one that was sealed.
            WorldError: sops failed.
        """
        self.need_identity(f"{secret}: {why}")
        path = layout.vault(secret)
        known = lock.vault[secret]
        if not tree.is_file(path):
            raise CompilerError(
                "the lock knows these values, but the vault's file is gone",
                origin=Origin(path),
                hint="restore it from Git history",
            )
        return sops.unseal_values(self.sops, tree.read(path), path, secret, known.recipients, self.identities)

    def need_identity(self, why: str) -> None:
        """Refuse when no identity is at hand.

        Raises:
            CompilerError: there is none.
        """
        if not self.identities:
            raise CompilerError(
                f"{why}; that needs an administrator's identity",
                hint="name it with --identity FILE (COMPILER_IDENTITY)",
            )

    def authority_key(self, identifier: str) -> Plaintext | None:
        """The private key that was given for a CA whose key is not in the repository."""
        return self._authority_keys.get(identifier)

    def digest_key(self, tree: Tree, lock: Lock) -> Plaintext | None:
        """The key of the lock's digests, or ``None`` when no identity is at hand."""
        if not self.identities or layout.DIGEST_KEY_ID not in lock.vault:
            return None
        return self.open(tree, lock, layout.DIGEST_KEY_ID, "the digest key")["key"]
