"""Opening everything and comparing: what only an administrator can check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compiler.errors import CompilerError
from compiler.k8s.tree import Tree
from compiler.secrets import digest, documents, fitting, layout, lock, pki, plan, sops
from compiler.secrets.plaintext import Plaintext, Values
from compiler.secrets.references import REFERENCES
from compiler.secrets.sealing import Sealing
from compiler.secrets.states import states
from compiler.secrets.targets import Target
from compiler.secrets.values import CERTIFICATE, PRIVATE_KEY

Difference = tuple[str, str]
"""A path and what is wrong with it."""


def compare(tree: Tree, targets: Sequence[Target], sealing: Sealing) -> Iterator[Difference]:
    """Open the vault, the CA keys and what the clusters get; yield what does not agree.

    What sealed-secrets sealed only its controller opens: there the digest of the vault's values is compared.

    Raises:
        CompilerError: the digest key cannot be opened.
        WorldError: sops failed.
    """
    snapshot = sealing.snapshot()
    key = sealing.access.digest_key(tree, snapshot)
    for target in targets:
        yield from _authorities(tree, target.overlay, sealing)
        for secret, state in states(tree, target, sealing).items():
            if state.vault is None or state.vault_file is None:
                continue
            try:
                values = sealing.access.open(tree, snapshot, secret, "everything is opened")
            except CompilerError as error:
                yield layout.vault(secret), error.message
                continue
            for fault in fitting.faults(secret, state.requirement, values):
                yield layout.vault(secret), fault.message
            if state.seal is not None and state.sealed_file is not None and state.seal.backend not in REFERENCES:
                yield from _secret(tree, target, secret, state, state.seal, values, key, sealing)


def _secret(
    tree: Tree,
    target: Target,
    secret: str,
    state: plan.State,
    seal: lock.Seal,
    values: Values,
    key: Plaintext | None,
    sealing: Sealing,
) -> Iterator[Difference]:
    missing = [name for name in seal.keys if name not in values]
    if missing:
        yield layout.vault(secret), f"it does not hold {', '.join(missing)}"
        return
    wanted = {name: values[name] for name in seal.keys}
    requirement = state.requirement
    if key is not None and seal.digest is not None and seal.shape == plan.shape(requirement):
        document = documents.SecretDocument(
            requirement.name, requirement.namespace, wanted, requirement.type, requirement.labels
        )
        if digest.keyed(key, document.manifest()) != seal.digest:
            yield layout.LOCK, f"{secret}: the digest is not that of the vault's values"
    if seal.backend in ("sops", "ksops"):
        path = layout.sealed(secret, layout.backend(seal.backend))
        access = sealing.access
        try:
            data = sops.unseal(access.sops, tree.read(path), path, seal.recipients, access.identities)
        except CompilerError as error:
            yield path, error.message
        else:
            if data != wanted:
                yield path, "its values are not the vault's"
    if seal.certificate is not None and CERTIFICATE in wanted:
        yield from _leaf(tree, target.overlay, secret, seal.certificate, wanted, sealing)


def _leaf(
    tree: Tree, overlay: str, secret: str, known: lock.Certificate, values: Values, sealing: Sealing
) -> Iterator[Difference]:
    identifier = layout.authority_id(overlay, known.authority)
    pair = pki.Pair(values[CERTIFICATE].reveal(), values[PRIVATE_KEY])
    path = layout.vault(secret)
    try:
        facts = pki.read(pair.certificate)
        if facts.serial != known.serial or lock.moment(facts.not_after) != known.not_after:
            yield path, "its certificate is not the one that the lock knows"
        ca = tree.read(layout.authority_certificate(identifier, known.ca))
        pki.verify(pair, ca)
    except FileNotFoundError:
        yield path, f"the CA that signed its certificate is gone ({identifier} g{known.ca})"
    except CompilerError as error:
        yield path, error.message


def _authorities(tree: Tree, overlay: str, sealing: Sealing) -> Iterator[Difference]:
    access = sealing.access
    for identifier, authority in sealing.authorities.items():
        if layout.split(identifier)[0] != overlay:
            continue
        for generation, entry in authority.generations.items():
            path = layout.authority_key(identifier, generation)
            if not tree.is_file(path):
                continue
            try:
                values = sops.unseal_values(
                    access.sops,
                    tree.read(path),
                    path,
                    f"{identifier}.g{generation}",
                    entry.recipients,
                    access.identities,
                )
                certificate = tree.read(layout.authority_certificate(identifier, generation))
                pki.verify(pki.Pair(certificate, values["ca.key"]), certificate)
            except FileNotFoundError:
                yield path, "its certificate is gone"
            except KeyError:
                yield path, "it does not hold the CA's private key"
            except CompilerError as error:
                yield path, error.message
