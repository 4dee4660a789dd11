"""The public lists that go with sealed files: the inventory, and the kustomization of what a cluster gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compiler.k8s.tree import Tree
from compiler.secrets import documents, inventory, ksops, layout
from compiler.secrets.sealing import Progress, Sealing
from compiler.secrets.targets import Target

_KUSTOMIZATION_HEADER = "# Written by `compiler secrets`: what this overlay's cluster gets. Do not edit.\n"


def close(
    sealing: Sealing, entries: Mapping[str, inventory.Entry], overlays: Sequence[str], progress: Progress | None
) -> dict[str, bytes | None]:
    """Seal what was collected, and bring the inventory, the lock and the kustomizations of ``overlays`` up to date.

    Args:
        sealing: the run.
        entries: the whole inventory as it shall be.
        overlays: whose kustomization may have changed.
        progress: told after each sealed file.
    """
    if entries:
        sealing.put(layout.INVENTORY, inventory.dump(entries))
    sealing.finish(progress)
    for overlay in overlays:
        for path, content in files(sealing, overlay).items():
            if content is not None:
                sealing.put(path, content)
            elif sealing.tree.is_file(path):
                sealing.writes[path] = None
    return dict(sorted(sealing.writes.items()))


def declared(tree: Tree, targets: Sequence[Target]) -> dict[str, inventory.Entry]:
    """The inventory, with the entries of ``targets`` as their requirements are now."""
    overlays = {target.overlay for target in targets}
    entries = {
        secret: entry for secret, entry in inventory.read(tree).items() if layout.split(secret)[0] not in overlays
    }
    for target in targets:
        for one in target.requirements.secrets:
            entries[layout.identifier(target.overlay, one.name)] = inventory.entry(one)
    return entries


def files(sealing: Sealing, overlay: str) -> dict[str, bytes | None]:
    """The lists of what the cluster of ``overlay`` gets, by path; None for one that has no reason to be there."""
    return {layout.kustomization(overlay): kustomization(sealing, overlay), **ksops.files(sealing, overlay)}


def kustomization(sealing: Sealing, overlay: str) -> bytes | None:
    """The list of what the cluster of ``overlay`` gets; ``None`` when that is nothing."""
    listed = [
        layout.sealed(secret, layout.backend(seal.backend))
        for secret, seal in sealing.secrets.items()
        if layout.split(secret)[0] == overlay and seal.backend != "ksops"
    ]
    listed += [
        layout.config_map(overlay, name)
        for place, name in (layout.split(bundle) for bundle in sealing.bundles)
        if place == overlay
    ]
    if not listed:
        return None
    document = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(path.removeprefix(f"{layout.ROOT}/{overlay}/") for path in listed),
    }
    return documents.dump(document, header=_KUSTOMIZATION_HEADER)
