"""The CAs of one overlay: opened or created when a leaf needs them, and the public bundles made of them."""

from __future__ import annotations

from dataclasses import replace

from compiler.errors import CompilerError, Origin
from compiler.pulp.requirements import TrustBundle
from compiler.secrets import digest, documents, layout, lock, pki, sops
from compiler.secrets.plaintext import Plaintext
from compiler.secrets.sealing import Sealing
from compiler.secrets.targets import Target


class Authorities:
    """The CAs of ``overlay``.

    Args:
        overlay: name of the overlay.
        sealing: the run that they belong to.
    """

    def __init__(self, overlay: str, sealing: Sealing) -> None:
        self._overlay = overlay
        self._sealing = sealing
        self._open: dict[str, pki.Pair] = {}
        self._public: dict[tuple[str, int], bytes] = {}

    def issuer(self, authority: str) -> tuple[pki.Pair, int]:
        """The CA that signs now, with its private key, and its generation; made when there is none.

        Raises:
            CompilerError: its key needs an identity that is not at hand, or what the repository holds is not what was
                written.
        """
        known = self._known(authority)
        if authority not in self._open:
            self._open[authority] = self._create(authority, 1) if known is None else self._read(authority, known)
        return self._open[authority], known.issuer if known else 1

    def offline(self, authority: str) -> CompilerError | None:
        """Why the CA that issues cannot sign now: its private key is kept elsewhere and was not given; else None."""
        identifier = layout.authority_id(self._overlay, authority)
        known = self._known(authority)
        if known is None or known.generations[known.issuer].sealed:
            return None
        if self._sealing.access.authority_key(identifier) is not None:
            return None
        return self._offline_error(identifier)

    @staticmethod
    def _offline_error(identifier: str) -> CompilerError:
        return CompilerError(
            f"{identifier}: the CA's private key is kept outside the repository, and it is needed now",
            hint=f"--ca-key {identifier}=FILE",
        )

    def unknown(self, target: Target, bundle: TrustBundle) -> list[str]:
        """The authorities of a bundle of ``target`` that sign in the cluster while nobody here knows their CA, sorted.
        A CA of ours that signed before is none of them."""
        missing: list[str] = []
        for authority in sorted(set(bundle.keys.values())):
            known = self._known(authority)
            if not target.issues(authority) and (known is None or known.generations[known.issuer].sealed):
                missing.append(authority)
        return missing

    def bring(self, authority: str, certificate: bytes, key: Plaintext | None) -> int:
        """Take a CA that was made elsewhere as the next generation, trusted beside the one that issues; return its
        number.

        Args:
            authority: ``service`` or ``upstream``.
            certificate: PEM, checked.
            key: its private key, to be sealed to administrators; ``None`` when it stays outside the repository.
        """
        known = self._known(authority)
        generation = max(known.generations) + 1 if known else 1
        self._enter(authority, generation, certificate)
        if key is not None:
            self._seal(authority, generation, key)
        return generation

    def issuing(self, authority: str) -> int | None:
        """The generation that signs now, or ``None`` while there is no CA."""
        known = self._known(authority)
        return known.issuer if known else None

    def trusted(self, authority: str) -> bytes:
        """The certificates of every trusted generation, PEM, oldest first; the CA is made when there is none."""
        if self._known(authority) is None:
            self.issuer(authority)
        known = self._known(authority)
        assert known is not None  # noqa: S101 - issuer() made it
        return b"".join(self._certificate(authority, known, generation) for generation in known.trusted)

    def bundle(self, target: Target, wanted: TrustBundle) -> None:
        """Write the ConfigMap of a trust bundle of ``target``, and count its generation when it changed."""
        data = {key: self.trusted(authority).decode("ascii") for key, authority in wanted.keys.items()}
        content = documents.dump(
            {
                "apiVersion": "v1",
                "data": data,
                "kind": "ConfigMap",
                "metadata": documents.metadata(wanted.name, wanted.namespace, wanted.labels),
            }
        )
        identifier = layout.identifier(self._overlay, wanted.name)
        path = layout.config_map(self._overlay, wanted.name)
        known = self._sealing.bundles.get(identifier)
        tree = self._sealing.tree
        if tree.is_file(path) and (known is None or digest.of_file(tree.read(path)) != known.sha256):
            raise CompilerError(
                "the trust bundle is not the one that the lock knows: it was edited",
                origin=Origin(path),
                hint="restore it from Git history: whoever can change it decides which servers are believed",
            )
        sha = digest.of_file(content)
        if known is None or known.sha256 != sha:
            generation = target.following(wanted.name, known.generation if known else None)
            self._sealing.bundles[identifier] = lock.Bundle(generation, sha)
        self._sealing.put(path, content)

    def reseal(self, authority: str, *, anew: bool = False) -> None:
        """Seal the private keys of an authority anew when its recipients have changed, or when ``anew`` is set."""
        known = self._known(authority)
        if known is None:
            return
        wanted = self._sealing.recipients.authority()
        for generation, entry in known.generations.items():
            if entry.sealed and (anew or entry.recipients != wanted):
                self._seal(authority, generation, self._key(authority, known, generation))

    def _known(self, authority: str) -> lock.Authority | None:
        return self._sealing.authorities.get(layout.authority_id(self._overlay, authority))

    def succeed(self, authority: str) -> int:
        """Make the next generation of an authority, trusted beside the one that issues; returns its number."""
        known = self._known(authority)
        assert known is not None  # noqa: S101 - the caller saw its phase
        generation = max(known.generations) + 1
        self._create(authority, generation)
        return generation

    def _create(self, authority: str, generation: int) -> pki.Pair:
        pair = pki.create_authority(self._overlay, authority, generation, self._sealing.access.now)
        self._enter(authority, generation, pair.certificate)
        self._seal(authority, generation, pair.key)
        return pair

    def _enter(self, authority: str, generation: int, certificate: bytes) -> None:
        """Put a new generation's certificate into the lock and the repository, without a private key."""
        identifier = layout.authority_id(self._overlay, authority)
        for path in (
            layout.authority_key(identifier, generation),
            layout.authority_certificate(identifier, generation),
        ):
            if self._sealing.tree.is_file(path):
                raise CompilerError(
                    "the CA is here, but the lock does not know it",
                    origin=Origin(path),
                    hint=f"restore {layout.LOCK} from Git history",
                )
        self._public[authority, generation] = certificate
        facts = pki.read(certificate)
        entry = lock.AuthorityGeneration(
            certificate=digest.of_file(certificate),
            not_after=lock.moment(facts.not_after),
            recipients=(),
            sealed="",
            serial=facts.serial,
            subject=facts.subject,
        )
        before = self._sealing.authorities.get(identifier)
        self._sealing.authorities[identifier] = lock.Authority(
            before.issuer if before else generation,
            (*(before.trusted if before else ()), generation),
            {**(before.generations if before else {}), generation: entry},
        )
        self._sealing.put(layout.authority_certificate(identifier, generation), certificate)

    def _seal(self, authority: str, generation: int, key: Plaintext) -> None:
        identifier = layout.authority_id(self._overlay, authority)
        recipients = self._sealing.recipients.authority()

        def record(sha: str) -> None:
            known = self._sealing.authorities[identifier]
            entry = replace(known.generations[generation], sealed=sha, recipients=recipients)
            generations = {**known.generations, generation: entry}
            self._sealing.authorities[identifier] = replace(known, generations=generations)

        self._sealing.authority(identifier, generation, key, record)

    def _read(self, authority: str, known: lock.Authority) -> pki.Pair:
        certificate = self._certificate(authority, known, known.issuer)
        return pki.Pair(certificate, self._key(authority, known, known.issuer))

    def _key(self, authority: str, known: lock.Authority, generation: int) -> Plaintext:
        identifier = layout.authority_id(self._overlay, authority)
        access = self._sealing.access
        entry = known.generations[generation]
        if not entry.sealed:
            return self._offline_key(authority, known, generation)
        access.need_identity(f"{identifier}: the CA's private key is to be opened")
        path = layout.authority_key(identifier, generation)
        content = self._file(path, entry.sealed, "the CA's sealed private key")
        values = sops.unseal_values(
            access.sops, content, path, f"{identifier}.g{generation}", entry.recipients, access.identities
        )
        return values["ca.key"]

    def _offline_key(self, authority: str, known: lock.Authority, generation: int) -> Plaintext:
        from compiler.secrets.authority import read_key

        identifier = layout.authority_id(self._overlay, authority)
        given = self._sealing.access.authority_key(identifier)
        if given is None:
            raise self._offline_error(identifier)
        return read_key(given, self._certificate(authority, known, generation), f"the key of {identifier}")

    def _certificate(self, authority: str, known: lock.Authority, generation: int) -> bytes:
        if (authority, generation) not in self._public:
            path = layout.authority_certificate(layout.authority_id(self._overlay, authority), generation)
            content = self._file(path, known.generations[generation].certificate, "the CA's certificate")
            self._public[authority, generation] = content
        return self._public[authority, generation]

    def _file(self, path: str, sha: str, what: str) -> bytes:
        tree = self._sealing.tree
        if not tree.is_file(path):
            raise CompilerError(f"{what} is gone", origin=Origin(path), hint="restore it from Git history")
        content = tree.read(path)
        if digest.of_file(content) != sha:
            raise CompilerError(
                f"{what} is not the one that the lock knows: it was edited, or an older one was put back",
                origin=Origin(path),
                hint="restore it from Git history",
            )
        return content
