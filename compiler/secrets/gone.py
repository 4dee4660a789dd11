"""Overlays whose spec is gone while the lock still knows their secrets: deleted, or renamed by hand.

Secrets go by the overlay's name. Under another name nothing would be found, and values made anew would not be those
that the database and its volumes know; so a new name beside a gone one is refused until somebody says what it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.secrets import inventory, layout, listing, lock, recipients
from compiler.secrets.authorities import Authorities
from compiler.secrets.sealing import Sealing
from compiler.secrets.targets import Target

_OVERLAYS = "overlays"
_SPEC = "pulp.yaml"


def known(one: lock.Lock) -> frozenset[str]:
    """The overlays that a lock knows."""
    ids = [*one.secrets, *one.vault, *one.authorities, *one.bundles]
    return frozenset(layout.split(identifier)[0] for identifier in ids if identifier != layout.DIGEST_KEY_ID)


def gone(tree: Tree, one: lock.Lock, targets: Sequence[Target]) -> tuple[str, ...]:
    """The overlays that the lock knows, that are none of ``targets``, and that no folder of the repository is called
    any more, sorted."""
    present = {target.overlay for target in targets}
    candidates = known(one) - present
    return tuple(sorted(candidates - set(_folders(tree, _OVERLAYS)))) if candidates else ()


def _folders(tree: Tree, folder: str) -> Iterator[str]:
    """The names of the folders below ``folder`` that hold a spec."""
    for name in tree.listdir(folder) if tree.is_dir(folder) else ():
        path = f"{folder}/{name}"
        if tree.is_dir(path):
            if tree.is_file(f"{path}/{_SPEC}"):
                yield name
            yield from _folders(tree, path)


def refuse_new_names(tree: Tree, one: lock.Lock, targets: Sequence[Target], new: Collection[str] = ()) -> None:
    """Refuse to make secrets for an overlay that could be a gone one under another name.

    It could be while what the gone one's cluster gets is still here, and afterwards when both have the same namespace.

    Args:
        tree: the repository.
        one: its lock.
        targets: the overlays that secrets are about to be made for.
        new: the overlays of which somebody said that they are new.

    Raises:
        CompilerError: with the way out.
    """
    missing = gone(tree, one, targets)
    for target in targets if missing else ():
        if _established(one, target) or target.overlay in new or not target.requirements.secrets:
            continue
        spaces = {requirement.namespace for requirement in target.requirements.secrets}
        near = [old for old in missing if spaces & _namespaces(tree, old)]
        near += [old for old in missing if old not in near and _sealed(one, old)]
        if near:
            raise CompilerError(
                f"{target.overlay} has no secrets, and the overlay {near[0]} that has some is gone: if this is the "
                "same Pulp under another name, new keys would make its database unreadable",
                origin=Origin(layout.LOCK, field=near[0]),
                hint=f"renamed: compiler secrets rename {near[0]} {target.overlay}; "
                f"new: compiler secrets ensure --new {target.overlay}",
            )


def _established(one: lock.Lock, target: Target) -> bool:
    """Whether anything was made for the overlay; what a person gave, or a CA that was taken in, does not count."""
    made = [part for part in target.requirements.secrets if inventory.kind(part) != "given"]
    ids = {layout.identifier(target.overlay, part.name) for part in made or target.requirements.secrets}
    return not ids.isdisjoint({*one.secrets, *one.vault})


def _namespaces(tree: Tree, overlay: str) -> set[str]:
    return {entry.namespace for secret, entry in inventory.read(tree).items() if layout.split(secret)[0] == overlay}


def _sealed(one: lock.Lock, overlay: str) -> bool:
    return bool(_of(one.secrets, overlay) or _of(one.bundles, overlay))


def _of(identifiers: Iterable[str], overlay: str) -> list[str]:
    return sorted(identifier for identifier in identifiers if layout.split(identifier)[0] == overlay)


def orphans(one: lock.Lock, overlay: str) -> list[str]:
    """Ids of what the cluster of a gone overlay gets, trust bundles included."""
    return sorted({*_of(one.secrets, overlay), *_of(one.bundles, overlay)})


def kept(one: lock.Lock, overlay: str) -> list[str]:
    """Ids of what only the vault still holds of a gone overlay."""
    return sorted(set(_of(one.vault, overlay)) - set(orphans(one, overlay)))


def drop_copy(sealing: Sealing, overlay: str) -> None:
    """Delete what the cluster of a gone overlay gets; the vault and the CAs stay."""
    for secret in _of(sealing.secrets, overlay):
        seal = sealing.secrets.pop(secret)
        delete(sealing, layout.sealed(secret, layout.backend(seal.backend)))
    for bundle in _of(sealing.bundles, overlay):
        del sealing.bundles[bundle]
        delete(sealing, layout.config_map(*layout.split(bundle)))
    for path in listing.files(sealing, overlay):
        delete(sealing, path)


def drop_values(sealing: Sealing, overlay: str) -> None:
    """Delete the values of a gone overlay from the vault, and its CAs: nothing but Git's history brings them back."""
    for secret in _of(sealing.vaults, overlay):
        del sealing.vaults[secret]
        delete(sealing, layout.vault(secret))
    for identifier in _of(sealing.authorities, overlay):
        for generation in sealing.authorities.pop(identifier).generations:
            delete(sealing, layout.authority_key(identifier, generation))
            delete(sealing, layout.authority_certificate(identifier, generation))
    for secret in _of(sealing.rotations, overlay):
        del sealing.rotations[secret]
    _drop_readers(sealing, overlay)


def _drop_readers(sealing: Sealing, overlay: str) -> None:
    """Forget who could open what the overlay's cluster got: its group, and its controller's pinned certificate."""
    content = sealing.writes.get(layout.RECIPIENTS) or sealing.tree.read(layout.RECIPIENTS)
    sealing.put(layout.RECIPIENTS, recipients.without_overlay(content, overlay))
    sealing.recipients = sealing.recipients.without(overlay)
    delete(sealing, layout.controller_certificate(overlay))


def delete(sealing: Sealing, path: str) -> None:
    """Delete a file, if it is there."""
    if sealing.tree.is_file(path):
        sealing.writes[path] = None


def reseal(sealing: Sealing, overlay: str, *, anew: bool) -> None:
    """Seal the CA keys of a gone overlay to changed administrators, or anew; its values are the caller's."""
    authorities = Authorities(overlay, sealing)
    for identifier in _of(sealing.authorities, overlay):
        authorities.reseal(layout.split(identifier)[1], anew=anew)
