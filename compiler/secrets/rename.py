"""An overlay under another name: its secrets move along, and no value is made anew.

What a cluster gets is bound to namespace and name of the Secret, not to the overlay, whatever the backend: those files
move as they are. A vault's file and a CA's key carry their id in every path that sops authenticates, so they are opened
and sealed anew under the new id.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.secrets import digest, inventory, layout, listing, lock, recipients, sops
from compiler.secrets.access import Access
from compiler.secrets.gone import delete, gone, known
from compiler.secrets.listing import close
from compiler.secrets.outcome import Outcome, Step
from compiler.secrets.overlaid import Overlaid
from compiler.secrets.sealing import Progress, Sealing
from compiler.secrets.targets import Target


def rename(
    tree: Tree, targets: Sequence[Target], old: str, new: str, access: Access, *, progress: Progress | None = None
) -> Outcome:
    """Move everything of the overlay ``old`` to ``new``: inventory, lock, vault, CAs, trust, recipients, sealed files.

    Generations, digests, rotations and certificates stay as they are.

    Args:
        tree: the repository, in which the overlay's folder has its new name already.
        targets: every overlay that has secrets.
        old: the name that the lock knows.
        new: the folder's name now.
        access: an administrator's identity is needed.
        progress: told after each sealed file.

    Raises:
        CompilerError: ``old`` is not gone, ``new`` is none or has secrets already, a file is not the one that the lock
            knows, or the identity is missing.
        WorldError: sops failed.
    """
    before = lock.read(tree)
    target = _checked(tree, targets, before, old, new)
    content = _recipients(tree, old, new)
    front = Overlaid({layout.RECIPIENTS: content}, tree)
    sealing = Sealing(front, access, recipients.read(front), before)
    access.need_identity(f"{old}: its values and CA keys are sealed under their new names")
    if tree.read(layout.RECIPIENTS) != content:
        sealing.writes[layout.RECIPIENTS] = content
    steps = _cluster(sealing, old, new)
    _vault(sealing, old, new)
    _authorities(sealing, old, new)
    _controller(sealing, old, new)
    entries = {_moved(secret, old, new): entry for secret, entry in inventory.read(tree).items()}
    writes = close(sealing, entries, [target.overlay], progress)
    return Outcome(writes, tuple(steps))


def _checked(tree: Tree, targets: Sequence[Target], before: lock.Lock, old: str, new: str) -> Target:
    layout.check_overlay(new)
    has = known(before)
    if old not in has:
        raise CompilerError(
            f"the lock knows no secrets of an overlay {old!r}", hint=f"it knows: {', '.join(sorted(has)) or 'none yet'}"
        )
    if new in has:
        raise CompilerError(
            f"{new} has secrets already; those of {old} cannot take their place",
            origin=Origin(layout.LOCK, field=new),
            hint="made by mistake after the folder was renamed? restore secrets/ from Git history, then rename",
        )
    if old not in gone(tree, before, targets):
        raise CompilerError(
            f"the overlay {old} is still there", hint=f"rename its folder first: git mv overlays/{old} overlays/{new}"
        )
    target = next((one for one in targets if one.overlay == new), None)
    if target is None:
        raise CompilerError(
            f"{new!r} is no overlay that has secrets",
            hint=f"rename the folder first: git mv overlays/{old} overlays/{new}",
        )
    return target


def _moved(identifier: str, old: str, new: str) -> str:
    overlay, name = layout.split(identifier)
    return layout.identifier(new, name) if overlay == old else identifier


def _take(sealing: Sealing, path: str, sha: str) -> bytes:
    """A file that is about to move, deleted at its old place.

    Raises:
        CompilerError: it is gone or not the one that the lock knows.
    """
    if not sealing.tree.is_file(path) or digest.of_file(content := sealing.tree.read(path)) != sha:
        raise CompilerError(
            "it is gone, or not the file that the lock knows",
            origin=Origin(path),
            hint="restore it from Git history before its overlay is renamed",
        )
    delete(sealing, path)
    return content


def _place(sealing: Sealing, path: str, content: bytes) -> None:
    _free(sealing, path)
    sealing.writes[path] = content


def _free(sealing: Sealing, path: str) -> None:
    if sealing.tree.is_file(path):
        raise CompilerError(
            "the lock does not know this file, and it stands where another is to go",
            origin=Origin(path),
            hint="restore secrets/ from Git history",
        )


def _cluster(sealing: Sealing, old: str, new: str) -> list[Step]:
    steps = []
    for secret, seal in [item for item in sealing.secrets.items() if layout.split(item[0])[0] == old]:
        moved, backend = _moved(secret, old, new), layout.backend(seal.backend)
        _place(sealing, layout.sealed(moved, backend), _take(sealing, layout.sealed(secret, backend), seal.sealed))
        sealing.secrets[moved] = sealing.secrets.pop(secret)
        steps.append(Step(moved, "rename", f"was {secret}"))
    for bundle, entry in [item for item in sealing.bundles.items() if layout.split(item[0])[0] == old]:
        moved = _moved(bundle, old, new)
        content = _take(sealing, layout.config_map(*layout.split(bundle)), entry.sha256)
        _place(sealing, layout.config_map(*layout.split(moved)), content)
        sealing.bundles[moved] = sealing.bundles.pop(bundle)
    for secret in [one for one in sealing.rotations if layout.split(one)[0] == old]:
        sealing.rotations[_moved(secret, old, new)] = sealing.rotations.pop(secret)
    for path in listing.files(sealing, old):
        delete(sealing, path)
    return steps


def _vault(sealing: Sealing, old: str, new: str) -> None:
    for secret, entry in [item for item in sealing.vaults.items() if layout.split(item[0])[0] == old]:
        moved = _moved(secret, old, new)
        _take(sealing, layout.vault(secret), entry.sealed)
        _free(sealing, layout.vault(moved))
        values = sealing.access.open(sealing.tree, sealing.snapshot(), secret, "it is sealed under its new name")
        sealing.vault(moved, values)
        del sealing.vaults[secret]


def _authorities(sealing: Sealing, old: str, new: str) -> None:
    for identifier, authority in [one for one in sealing.authorities.items() if layout.split(one[0])[0] == old]:
        moved = _moved(identifier, old, new)
        sealing.authorities[moved] = sealing.authorities.pop(identifier)
        for generation, entry in authority.generations.items():
            certificate = _take(sealing, layout.authority_certificate(identifier, generation), entry.certificate)
            _place(sealing, layout.authority_certificate(moved, generation), certificate)
            if entry.sealed:  # else its key is kept outside the repository
                _authority_key(sealing, identifier, moved, generation, entry)


def _authority_key(
    sealing: Sealing, identifier: str, moved: str, generation: int, entry: lock.AuthorityGeneration
) -> None:
    path = layout.authority_key(identifier, generation)
    content = _take(sealing, path, entry.sealed)
    _free(sealing, layout.authority_key(moved, generation))
    access = sealing.access
    values = sops.unseal_values(
        access.sops, content, path, f"{identifier}.g{generation}", entry.recipients, access.identities
    )
    who = sealing.recipients.authority()

    def record(sha: str) -> None:
        now = sealing.authorities[moved]
        changed = replace(now.generations[generation], sealed=sha, recipients=who)
        sealing.authorities[moved] = replace(now, generations={**now.generations, generation: changed})

    sealing.authority(moved, generation, values["ca.key"], record)


def _controller(sealing: Sealing, old: str, new: str) -> None:
    path, moved = layout.controller_certificate(old), layout.controller_certificate(new)
    if not sealing.tree.is_file(path):
        return
    if not sealing.tree.is_file(moved):  # else `init --cert` has pinned one under the new name
        sealing.writes[moved] = sealing.tree.read(path)
    delete(sealing, path)


def _recipients(tree: Tree, old: str, new: str) -> bytes:
    """The recipients' file with the cluster of ``old`` under its new name; what ``init`` said of ``new`` wins."""
    return renamed(
        tree.read(layout.RECIPIENTS), {"groups": (f"cluster-{old}", f"cluster-{new}"), "certificates": (old, new)}
    )


def renamed(content: bytes, keys: Mapping[str, tuple[str, str]]) -> bytes:
    """A recipients' file with keys renamed; comments and order are kept.

    Args:
        content: the file.
        keys: section to the old key and the new one. Where both stand, the old one is dropped.
    """
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(content.decode("utf-8"))
    found = False
    for section, (before, after) in keys.items():
        entries = document.get(section)
        if not entries or before not in entries:
            continue
        found = True
        place = list(entries).index(before)
        value = entries.pop(before)
        if not entries.get(after):
            entries.pop(after, None)
            entries.insert(place, after, value)
    stream = io.BytesIO()
    yaml.dump(document, stream)
    return stream.getvalue() if found else content
