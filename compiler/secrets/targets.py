"""An overlay as this room sees it: what its model needs, and what seals or makes each Secret of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from compiler.errors import CompilerError
from compiler.pulp.requirements import Leaf, Requirements, SecretRequirement
from compiler.secrets import layout
from compiler.secrets.references import REFERENCES, ExternalStore, Issuers


@dataclass(frozen=True)
class Target:
    """An overlay.

    Args:
        overlay: its name, the folder below ``overlays/``.
        requirements: what its model needs.
        backend: what seals for its cluster, or refers to what is there.
        leaves: what seals or issues its certificates, when that is another backend.
        store: where External Secrets finds values, when a backend is ``external-secrets``.
        issuers: what cert-manager issues with, when a backend is ``cert-manager``.
        here: authorities whose certificates are issued and sealed here although ``leaves`` is ``cert-manager``: not
            handed over yet (:mod:`compiler.secrets.handover`).
        seals: what seals those certificates.
        shown: the highest generation that the overlay's own files ever had of each Secret and trust bundle, by name.
    """

    overlay: str
    requirements: Requirements
    backend: layout.Backend
    leaves: layout.Backend | None = None
    store: ExternalStore | None = None
    issuers: Issuers | None = None
    here: frozenset[str] = frozenset()
    seals: layout.Backend | None = None
    shown: Callable[[], Mapping[str, int]] = field(default=dict, compare=False)

    def following(self, name: str, before: int | None) -> int:
        """The generation of a Secret or trust bundle that has changed.

        It is above all that lock and overlay have ever said: pods restart, and Jobs run again, only when it is another
        one, also when the lock was begun anew or came back from an older commit.

        Args:
            name: of the Secret or ConfigMap.
            before: the lock's generation; ``None`` when the lock does not know it.
        """
        return max(before or 0, self.shown().get(name, 0)) + 1

    def backend_for(self, requirement: SecretRequirement) -> layout.Backend:
        """What seals or makes one Secret."""
        made = self.issuers is not None and requirement.name in self.issuers.made
        signed = [one.authority for one in requirement.materials if isinstance(one, Leaf)]
        if self.seals is not None and not self.here.isdisjoint(signed):
            return self.seals
        if self.leaves is not None and (made or signed):
            return self.leaves
        return self.backend

    def backends(self) -> tuple[layout.Backend, ...]:
        """Every backend that a Secret of this overlay has, sorted."""
        return tuple(sorted({self.backend_for(one) for one in self.requirements.secrets} or {self.backend}))

    def issues(self, authority: str) -> bool:
        """Whether the certificates of ``authority`` are issued here, by an own CA."""
        return (self.leaves or self.backend) not in REFERENCES or authority in self.here


def refuse_reference(target: Target, requirement: SecretRequirement) -> None:
    """Refuse to change a value that a controller in the cluster has.

    Raises:
        CompilerError: the Secret is only referred to.
    """
    secret = layout.identifier(target.overlay, requirement.name)
    backend = target.backend_for(requirement)
    if backend == "external-secrets":
        place = target.store.remote(requirement.name) if target.store else requirement.name
        raise CompilerError(
            f"{secret} is read from the external store: its values are not kept here",
            hint=f"change {place} in the store; External Secrets brings it to the cluster",
        )
    if backend == "cert-manager":
        raise CompilerError(
            f"{secret} is issued by cert-manager: nothing of it is kept here",
            hint=f"cmctl renew --namespace {requirement.namespace} {requirement.name}",
        )


def refuse_existing(targets: Iterable[Target], secret: str) -> None:
    """Refuse an id in whose place the spec names a Secret that somebody else makes.

    Raises:
        CompilerError: it does.
    """
    for target in targets:
        for one in target.requirements.existing:
            if one.instead and layout.identifier(target.overlay, one.instead) == secret:
                raise CompilerError(
                    f"{secret} is made by somebody else: the spec names the Secret {one.name} in its place",
                    hint="change it there; nothing of it is kept here",
                )
