"""One run's sealing: everything is collected, sealed in parallel, and only then turned into files to write."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from compiler.errors import CompilerError, Origin, WorldError
from compiler.k8s.tree import Tree
from compiler.pulp.requirements import SecretRequirement
from compiler.secrets import backends, digest, documents, guard, layout, lock, plan, sealedsecrets, sops, sopsrules
from compiler.secrets.access import Access
from compiler.secrets.names import check_place
from compiler.secrets.plaintext import Plaintext, Values
from compiler.secrets.recipients import Recipients
from compiler.secrets.targets import Target, refuse_reference

Progress = Callable[[int, int], None]
"""Called with how many files are sealed and how many there are in all."""


@dataclass(frozen=True)
class _Job:
    path: str
    seal: Callable[[], bytes]
    record: Callable[[str], None]


class Sealing:
    """Collects what one run seals and writes.

    Args:
        tree: the repository as it is.
        access: keys and tools.
        recipients: who can open what.
        known: the lock as it is.
    """

    def __init__(self, tree: Tree, access: Access, recipients: Recipients, known: lock.Lock) -> None:
        self.tree = tree
        self.access = access
        self.recipients = recipients
        self.authorities = dict(known.authorities)
        self.bundles = dict(known.bundles)
        self.secrets = dict(known.secrets)
        self.vaults = dict(known.vault)
        self.rotations = dict(known.rotations)
        self.writes: dict[str, bytes | None] = {}
        self._jobs: list[_Job] = []
        self._digest_key: Plaintext | None = None
        self._digest_key_asked = False
        self._certificates: dict[str, sealedsecrets.ControllerCertificate] = {}

    def snapshot(self) -> lock.Lock:
        """The lock as this run leaves it."""
        return lock.Lock(
            dict(self.authorities), dict(self.bundles), dict(self.secrets), dict(self.vaults), dict(self.rotations)
        )

    def vault(self, secret: str, values: Values) -> None:
        """Seal a value set to administrators (and CI)."""
        recipients = self.recipients.vault()
        keys = tuple(sorted(values))
        self._sops_job(
            layout.vault(secret),
            documents.vault_document(secret, values),
            recipients,
            lambda sha: self.vaults.__setitem__(secret, lock.VaultSeal(keys, recipients, sha)),
        )

    def authority(self, authority: str, generation: int, key: Plaintext, record: Callable[[str], None]) -> None:
        """Seal a CA's private key to administrators."""
        secret = f"{authority}.g{generation}"
        document = documents.vault_document(secret, {"ca.key": key})
        self._sops_job(layout.authority_key(authority, generation), document, self.recipients.authority(), record)

    def cluster(
        self,
        target: Target,
        requirement: SecretRequirement,
        values: Mapping[str, Plaintext],
        *,
        changed: bool,
        certificate: lock.Certificate | None,
    ) -> None:
        """Seal what the cluster of ``target`` gets.

        Args:
            target: the overlay.
            requirement: what is wanted.
            values: every value that ``requirement`` wants.
            changed: they differ from what was sealed before, so that the pods must restart.
            certificate: of the leaf among them.

        Raises:
            CompilerError: nobody is known to seal to, or a controller in the cluster makes this Secret.
        """
        refuse_reference(target, requirement)
        check_place(requirement.name, requirement.namespace)
        name = target.backend_for(requirement)
        secret = layout.identifier(target.overlay, requirement.name)
        document = documents.SecretDocument(
            requirement.name, requirement.namespace, values, requirement.type, requirement.labels
        )
        before = self.secrets.get(secret)
        number = before.generation if before else None
        now = lock.moment(self.access.now)
        backend = self.backend(target, name)
        entry = lock.Seal(
            backend=name,
            changed=now if before is None or changed else before.changed,
            digest=self.digest(document.manifest()),
            generation=before.generation if before and not changed else target.following(requirement.name, number),
            keys=tuple(sorted(values)),
            recipients=backend.recipients(),
            sealed="",
            shape=plan.shape(requirement),
            certificate=certificate,
        )
        self._remove_other(secret, before, name)
        self._jobs.append(
            _Job(
                layout.sealed(secret, name),
                lambda: backend.seal(requirement, values),
                lambda sha: self.secrets.__setitem__(secret, replace(entry, sealed=sha)),
            )
        )

    def refer(self, target: Target, requirement: SecretRequirement) -> None:
        """Refer to what a controller of ``target``'s cluster makes; no value is opened or made."""
        check_place(requirement.name, requirement.namespace)
        name = target.backend_for(requirement)
        secret = layout.identifier(target.overlay, requirement.name)
        content = self.reference(target, requirement)
        before = self.secrets.get(secret)
        self._remove_other(secret, before, name)
        self.secrets[secret] = lock.Seal(
            backend=name,
            changed=lock.moment(self.access.now),
            digest=None,
            generation=target.following(requirement.name, before.generation if before else None),
            keys=requirement.keys(),
            recipients=self.recipients_of(target, name),
            sealed=digest.of_file(content),
            shape=plan.shape(requirement),
        )
        self.put(layout.sealed(secret, name), content)

    def reference(self, target: Target, requirement: SecretRequirement) -> bytes:
        """The file that refers to a Secret which a controller makes."""
        return self.backend(target, target.backend_for(requirement)).seal(requirement, {})

    def _remove_other(self, secret: str, before: lock.Seal | None, backend: str) -> None:
        if before is not None and before.backend != backend:
            self.writes[layout.sealed(secret, layout.backend(before.backend))] = None

    def backend(self, target: Target, name: layout.Backend) -> backends.Backend:
        """A backend for the cluster of ``target``.

        Raises:
            CompilerError: nobody is known to seal to.
        """
        if name in ("sops", "ksops"):
            return backends.SopsAge(lambda: self.access.sops, self.recipients.cluster(target.overlay))
        if name == "sealed-secrets":
            return backends.Controller(self.controller(target.overlay))
        if name == "external-secrets" and target.store is not None:
            return backends.External(target.store)
        if name == "cert-manager" and target.issuers is not None:
            return backends.CertManager(target.issuers)
        raise CompilerError(f"{target.overlay}: the spec does not say what {name} refers to")

    def recipients_of(self, target: Target, name: layout.Backend) -> tuple[str, ...]:
        """Who shall open what the cluster of ``target`` gets, or what makes it.

        Raises:
            CompilerError: nobody is known.
        """
        if name == "sealed-secrets":  # the pinned fingerprint is known even when the certificate is gone
            return (self.recipients.certificate(target.overlay),)
        return self.backend(target, name).recipients()

    def controller(self, overlay: str) -> sealedsecrets.ControllerCertificate:
        """The pinned certificate of ``overlay``'s controller.

        Raises:
            CompilerError: it is missing, not the one pinned, or not valid now.
        """
        if overlay not in self._certificates:
            pinned = self.recipients.certificate(overlay)
            path = layout.controller_certificate(overlay)
            self._certificates[overlay] = sealedsecrets.read_pinned(self.tree, path, pinned, now=self.access.now)
        return self._certificates[overlay]

    def digest(self, document: Mapping[str, Any]) -> str | None:
        """The keyed digest of an object, or ``None`` when no identity is at hand to read its key."""
        if not self._digest_key_asked:
            self._digest_key = self.access.digest_key(self.tree, self.snapshot())
            self._digest_key_asked = True
        return digest.keyed(self._digest_key, document) if self._digest_key is not None else None

    def finish(self, progress: Progress | None = None) -> dict[str, bytes | None]:
        """Seal everything that was collected and return every file to write; nothing is written on a failure.

        Raises:
            WorldError: sops failed or its output cannot be trusted.
        """
        if any(job.path.endswith("sops.yaml") for job in self._jobs):
            self.access.sops.version()  # one clear message before anything starts
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            futures = [pool.submit(job.seal) for job in self._jobs]
            try:
                for done, (job, future) in enumerate(zip(self._jobs, futures, strict=True), 1):
                    content = future.result()
                    self.writes[job.path] = content
                    job.record(digest.of_file(content))
                    if progress:
                        progress(done, len(futures))
            finally:
                for future in futures:
                    future.cancel()
        self._jobs = []
        self.put(layout.LOCK, lock.dump(self.snapshot()))
        if sopsrules.is_ours(self.tree):
            self.put(layout.SOPS_RULES, sopsrules.rules(self.recipients))
        for path, written in self.writes.items():
            for leak in guard.scan(path, written) if written is not None else ():
                raise WorldError(f"nothing was written: {leak.message}", origin=Origin(path))
        return dict(sorted(self.writes.items()))

    def put(self, path: str, content: bytes) -> None:
        """Write a public file, unless it stands there already."""
        if not self.tree.is_file(path) or self.tree.read(path) != content:
            self.writes[path] = content

    def _sops_job(
        self, path: str, document: Mapping[str, Any], recipients: tuple[str, ...], record: Callable[[str], None]
    ) -> None:
        tool = self.access.sops
        self._jobs.append(_Job(path, lambda: sops.seal(tool, document, recipients), record))
