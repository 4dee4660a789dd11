"""The files below ``secrets/``, compared with the lock by their digests: lost ones, edited ones, and strangers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.secrets import digest, gone, layout
from compiler.secrets.listing import files as lists
from compiler.secrets.sealing import Sealing
from compiler.secrets.targets import Target

GONE = "the lock knows it, but it is gone"
EDITED = "it is not the file that the lock knows: it was edited, or an older one was put back"
STRANGER = "no part of the lock accounts for this file"
UNLISTED = "it does not list exactly what was sealed"


def fault(tree: Tree, path: str, sha: str) -> str | None:
    """What is wrong with a file of which the lock has the SHA-256; None when it is the one."""
    if not tree.is_file(path):
        return GONE
    return None if digest.of_file(tree.read(path)) == sha else EDITED


def of_authority(sealing: Sealing, identifier: str) -> Iterator[tuple[int, str, str]]:
    """Generation, path and SHA-256 of each file of a CA."""
    for generation, entry in sealing.authorities[identifier].generations.items():
        if entry.sealed:
            yield generation, layout.authority_key(identifier, generation), entry.sealed
        yield generation, layout.authority_certificate(identifier, generation), entry.certificate


def lost(tree: Tree, sealing: Sealing, overlays: Collection[str]) -> list[CompilerError]:
    """An error for each file of the CAs of ``overlays``, and of values in the vault that nothing wants any more, that
    is not the one that the lock knows.

    Nothing may need it today; but a lost CA key is to be noticed while Git still has it, not when nothing can be
    renewed.
    """
    errors: list[CompilerError] = []
    for identifier in sealing.authorities:
        overlay, authority = layout.split(identifier)
        for generation, path, sha in of_authority(sealing, identifier) if overlay in overlays else ():
            key = path == layout.authority_key(identifier, generation)
            successor = f"; lost for good: compiler secrets ca rollover {overlay} --authority {authority} --phase trust"
            what = "the CA's sealed private key" if key else "the CA's certificate"
            errors += _lost(tree, path, sha, what, successor if key else "")
    for secret, entry in sealing.vaults.items():
        if layout.split(secret)[0] in overlays:
            errors += _lost(tree, layout.vault(secret), entry.sealed, "the vault's file", "")
    return errors


def _lost(tree: Tree, path: str, sha: str, what: str, otherwise: str) -> Iterator[CompilerError]:
    problem = fault(tree, path, sha)
    if problem is not None:
        text = "is gone" if problem == GONE else problem.replace("it is not the file", "is not the one", 1)
        yield CompilerError(
            f"{what} {text}",
            origin=Origin(path),
            hint=f"restore it from Git history: git checkout HEAD -- {path}{otherwise}",
        )


def strangers(tree: Tree, targets: Sequence[Target], sealing: Sealing) -> Iterator[str]:
    """Files that nothing accounts for: a plaintext copy, or what an attacker wants applied or trusted."""
    known = {layout.INVENTORY, layout.RECIPIENTS, layout.LOCK, layout.GITATTRIBUTES, layout.SOURCEIGNORE}
    known |= {layout.vault(secret) for secret in sealing.vaults}
    for secret, seal in sealing.secrets.items():
        known.add(layout.sealed(secret, layout.backend(seal.backend)))
    for bundle in sealing.bundles:
        known.add(layout.config_map(*layout.split(bundle)))
    known |= {path for path, wanted in written(targets, sealing).items() if wanted is not None}
    for identifier in sealing.authorities:
        known |= {path for _, path, _ in of_authority(sealing, identifier)}
    known |= {layout.controller_certificate(overlay) for overlay in sealing.recipients.certificates}
    yield from (path for path in _files(tree, layout.ROOT) if path not in known)


def written(targets: Sequence[Target], sealing: Sealing) -> dict[str, bytes | None]:
    """The lists of what clusters get, by path, as they have to be; None for one that must not be there."""
    overlays = gone.known(sealing.snapshot()) | {target.overlay for target in targets}
    return {path: wanted for overlay in overlays for path, wanted in lists(sealing, overlay).items()}


def _files(tree: Tree, folder: str) -> Iterator[str]:
    for name in tree.listdir(folder) if tree.is_dir(folder) else ():
        path = f"{folder}/{name}"
        if not tree.is_file(path) and tree.is_dir(path):
            yield from _files(tree, path)
        else:
            yield path
