"""What rendering and checking need to know, from public files alone and without any cryptography."""

from __future__ import annotations

from collections.abc import Mapping

from compiler.k8s.tree import Tree
from compiler.secrets.layout import Backend


def generations(tree: Tree, overlay: str) -> Mapping[str, int]:
    """How often each sealed Secret and trust bundle of an overlay has changed.

    Args:
        tree: the repository.
        overlay: name of the overlay, its folder below ``overlays/``.

    Returns:
        name of the Secret or ConfigMap to its counter, from 1.

    Raises:
        CompilerError: the lock is malformed.
    """
    from compiler.secrets import layout, lock

    known = lock.read(tree)
    result: dict[str, int] = {}
    for entries in (known.bundles, known.secrets):
        for identifier, entry in entries.items():
            place, name = layout.split(identifier)
            if place == overlay:
                result[name] = entry.generation
    return result


def sealed_by(tree: Tree, overlay: str) -> frozenset[Backend]:
    """What sealed, or makes, the Secrets that an overlay has now; it may differ from what its spec asks for.

    Raises:
        CompilerError: the lock is malformed.
    """
    from compiler.secrets import layout, lock

    known = lock.read(tree).secrets
    return frozenset(layout.backend(one.backend) for secret, one in known.items() if layout.split(secret)[0] == overlay)


def rendered(tree: Tree, overlay: str) -> bool:
    """Whether anything that was made for an overlay belongs to its own rendering; what KSOPS opens does not.

    Raises:
        CompilerError: the lock is malformed.
    """
    from compiler.secrets import layout, lock

    known = lock.read(tree)
    sealed = [secret for secret, entry in known.secrets.items() if entry.backend != "ksops"]
    return any(layout.split(identifier)[0] == overlay for identifier in (*sealed, *known.bundles))


def reencrypting(tree: Tree, overlay: str) -> frozenset[str]:
    """The Secrets whose database-field key has come to the step at which a Job encrypts the database anew.

    Args:
        tree: the repository.
        overlay: name of the overlay.

    Raises:
        CompilerError: the lock is malformed.
    """
    from compiler.secrets import layout, lock

    found = {layout.split(secret): entry.phase for secret, entry in lock.read(tree).rotations.items()}
    return frozenset(name for (place, name), phase in found.items() if place == overlay and phase == "reencrypt")


def declared(tree: Tree, overlay: str) -> Mapping[str, tuple[str, ...]]:
    """The Secrets and trust bundles that an overlay has or will have, and their keys.

    Args:
        tree: the repository.
        overlay: name of the overlay.

    Returns:
        name to keys, sorted: Secrets of the inventory, set or not, and the ConfigMaps beside them.

    Raises:
        CompilerError: the inventory or a bundle is malformed.
    """
    from compiler.secrets import documents, inventory, layout, lock

    result: dict[str, tuple[str, ...]] = {}
    for identifier, entry in inventory.read(tree).items():
        place, name = layout.split(identifier)
        if place == overlay:
            result[name] = tuple(sorted(entry.keys))
    for identifier in lock.read(tree).bundles:
        place, name = layout.split(identifier)
        path = layout.config_map(place, name)
        if place == overlay and tree.is_file(path):
            data = documents.load(tree.read(path), path).get("data")
            keys = data if isinstance(data, dict) else {}
            result[name] = tuple(sorted({*result.get(name, ()), *keys}))
    return result


def made(tree: Tree, overlay: str) -> Mapping[str, str]:
    """The Secrets and trust bundles that the lock has as made for an overlay.

    Args:
        tree: the repository.
        overlay: name of the overlay.

    Returns:
        name to what sealed it (a seal backend), empty for a bundle.

    Raises:
        CompilerError: the lock is malformed.
    """
    from compiler.secrets import layout, lock

    known = lock.read(tree)
    found = {**dict.fromkeys(known.bundles, ""), **{secret: seal.backend for secret, seal in known.secrets.items()}}
    places = {layout.split(identifier): backend for identifier, backend in found.items()}
    return {name: backend for (place, name), backend in places.items() if place == overlay}


def unset(tree: Tree, overlay: str) -> Mapping[str, tuple[str, ...]]:
    """The Secrets of an overlay that nothing was sealed for, because a person has not brought every value yet.

    Args:
        tree: the repository.
        overlay: name of the overlay.

    Returns:
        name to the keys that are not set, sorted.

    Raises:
        CompilerError: the inventory or the lock is malformed.
    """
    from compiler.secrets import inventory, layout, lock

    known = lock.read(tree)
    result: dict[str, tuple[str, ...]] = {}
    for secret, entry in inventory.read(tree).items():
        place, name = layout.split(secret)
        kept = known.vault[secret].keys if secret in known.vault else ()
        missing = tuple(key for key in entry.given() if key not in kept)
        if place == overlay and secret not in known.secrets and missing:
            result[name] = missing
    return result


def edited(tree: Tree, overlay: str) -> tuple[str, ...]:
    """The sealed files and trust bundles of an overlay that are there, but not as the lock knows them, sorted.

    Args:
        tree: the repository.
        overlay: its name.

    Raises:
        CompilerError: the lock is malformed.
    """
    from compiler.secrets import digest, layout, lock

    known = lock.read(tree)
    files = {layout.sealed(secret, layout.backend(seal.backend)): seal.sealed for secret, seal in known.secrets.items()}
    files |= {layout.config_map(*layout.split(bundle)): entry.sha256 for bundle, entry in known.bundles.items()}
    return tuple(
        sorted(
            path
            for path, sha in files.items()
            if path.startswith(f"{layout.ROOT}/{overlay}/") and tree.is_file(path)
            if digest.of_file(tree.read(path)) != sha
        )
    )
