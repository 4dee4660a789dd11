"""The specs and models of one tree, each made once."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.pulp.model import Compiled
from compiler.secrets import generations, reencrypting, rendered, sealed_by
from compiler.secrets.layout import Backend
from compiler.spec import Cache, EffectiveSpec, load, overlay_name
from compiler.workspace.modelling import model_of
from compiler.workspace.repository import refuse_stray

_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class Compilation:
    """What the folders of a tree mean.

    Args:
        tree: the repository; it must not change while this is used.
        specs: specs that are loaded already.
    """

    def __init__(self, tree: Tree, specs: Iterable[EffectiveSpec] = ()) -> None:
        self.tree = tree
        self._cache = Cache()
        self._specs = {spec.folder: spec for spec in specs}
        self._models: dict[str, Compiled] = {}

    def spec(self, folder: str) -> EffectiveSpec:
        """The effective spec of a folder.

        Raises:
            CompilerError: it is wrong.
        """
        if folder not in self._specs:
            self._specs[folder] = load(self.tree, folder, self._cache)
        return self._specs[folder]

    def compiled(self, folder: str) -> Compiled:
        """The model of a folder, with the generations of its sealed Secrets.

        Raises:
            CompilerError: the spec is wrong, or asks for something that cannot be.
        """
        if folder not in self._models:
            effective = self.spec(folder)
            if folder.startswith("overlays/"):
                due = reencrypting(self.tree, overlay_name(folder))
                self._models[folder] = model_of(effective, self.generations(folder), due)
            else:
                self._models[folder] = model_of(effective)
        return self._models[folder]

    def generations(self, folder: str) -> Mapping[str, int]:
        """The generations of what was sealed for a folder, by name; nothing but an overlay has any."""
        return generations(self.tree, overlay_name(folder)) if folder.startswith("overlays/") else {}

    def backends(self, folder: str) -> frozenset[Backend]:
        """What sealed, or makes, the Secrets that a folder has now."""
        return sealed_by(self.tree, overlay_name(folder)) if folder.startswith("overlays/") else frozenset()

    def ancestors(self, folder: str) -> tuple[str, ...]:
        """The folders that a folder builds on, nearest first."""
        found = []
        parent = self.spec(folder).parent
        while parent is not None:
            found.append(parent)
            parent = self.spec(parent).parent
        return tuple(found)

    def base(self, folder: str) -> str | None:
        """The parent as a kustomization names it: relative to the folder."""
        parent = self.spec(folder).parent
        return None if parent is None else posixpath.relpath(parent, folder)

    def secrets(self, folder: str) -> str | None:
        """The folder of an overlay's sealed Secrets, relative to the repository; None when there is none (yet)."""
        place = f"secrets/{overlay_name(folder)}"
        return place if folder.startswith("overlays/") and _has_kustomization(self.tree, place) else None

    def ksops(self, folder: str) -> str | None:
        """The folder with the generator for KSOPS that belongs to an overlay; None when it has none."""
        place = f"secrets/{overlay_name(folder)}/ksops"
        return place if folder.startswith("overlays/") and _has_kustomization(self.tree, place) else None

    def check_secrets(self, folder: str) -> None:
        """Refuse an overlay that would hold another overlay's Secrets beside its own, or would lose its own.

        Raises:
            CompilerError: it builds on an overlay that has sealed Secrets; or what was sealed for it is gone, although
                the lock knows it.
        """
        if self.secrets(folder) is None:
            self._check_not_gone(folder)
            return
        for ancestor in self.ancestors(folder):
            if self.secrets(ancestor) is not None:
                raise CompilerError(
                    f"this overlay would also get the Secrets of {ancestor}",
                    origin=self.spec(folder).origin("extends") or Origin(f"{folder}/pulp.yaml"),
                    hint="extend a layer with `abstract: true` that holds what both share",
                )

    def _check_not_gone(self, folder: str) -> None:
        if folder.startswith("overlays/") and rendered(self.tree, overlay_name(folder)):
            place = f"secrets/{overlay_name(folder)}"
            raise CompilerError(
                "what was sealed for this overlay's cluster is gone, though secrets/seals.lock.json knows it",
                origin=Origin(place),
                hint=f"git checkout HEAD -- {place} brings it back; `compiler secrets ensure` seals it anew",
            )

    def components(self, folder: str) -> tuple[str, ...]:
        """The person's own component, when there is one.

        Raises:
            CompilerError: the folder is there, but Kustomize could not build it.
        """
        place = f"{folder}/custom"
        if _has_kustomization(self.tree, place):
            return ("custom",)
        if self.tree.is_dir(place) and self.tree.listdir(place):
            raise CompilerError(
                "this folder holds files, but no kustomization.yaml, so nothing of it would be applied",
                origin=Origin(place),
                hint="add a kustomization.yaml of `kind: Component`, `apiVersion: kustomize.config.k8s.io/v1alpha1`",
            )
        return ()


def _has_kustomization(tree: Tree, folder: str) -> bool:
    """Whether Kustomize can build a folder; one behind a link out of the repository is an error, not absent."""
    if any(tree.is_file(f"{folder}/{name}") for name in _KUSTOMIZATIONS):
        return True
    refuse_stray(tree, folder)
    for name in _KUSTOMIZATIONS:
        refuse_stray(tree, f"{folder}/{name}")
    return False
