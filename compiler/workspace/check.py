"""Checking the overlays of a repository: rendering them, and saying what exists beside the renderings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.workspace.allowed import NOTHING, Allowed
from compiler.workspace.failures import raise_together
from compiler.workspace.render import render
from compiler.workspace.repository import SPEC, Workspace
from compiler.workspace.seals import items_of, sealed_items

if TYPE_CHECKING:
    from compiler.check import Declared, Report, Wanted
    from compiler.kustomize.loader import Cache as FileCache
    from compiler.pulp.requirements import Requirements
    from compiler.spec import Cache, EffectiveSpec

_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def folders_to_check(workspace: Workspace, paths: Sequence[Path], start: Path) -> tuple[str, ...]:
    """The folders that paths on a command line mean.

    Args:
        workspace: the repository.
        paths: folders with a spec, folders above such, or folders with a kustomization of a person's own; relative to
            ``start`` or absolute. None of them means every overlay that is deployed.
        start: the working folder.

    Returns:
        folders relative to the repository, sorted.

    Raises:
        CompilerError: there is nothing to check at a path, or a spec is wrong.
    """
    if not paths:
        return tuple(one.folder for one in workspace.overlays() if _deployed(one))
    own, others = set(), []
    for path in paths:
        place = os.path.realpath(start / path)
        folder = os.path.relpath(place, workspace.root)
        inside = folder != "." and not folder.startswith("..")
        if (
            inside
            and not (Path(place) / SPEC).exists()
            and any((Path(place) / name).exists() for name in _KUSTOMIZATIONS)
        ):
            own.add(folder)
        else:
            others.append(path)
    return tuple(sorted(own | set(workspace.chosen(tuple(others), start) if others else ())))


def check_folders(
    workspace: Workspace, folders: Sequence[str], tree: Tree | None = None, allowed: Allowed = NOTHING
) -> list[Report]:
    """Render and check folders.

    Args:
        workspace: the repository.
        folders: relative to its root.
        tree: where to read; the files on disk when None.
        allowed: what the renderings may do.

    Returns:
        a report of each folder, in the order given.

    Raises:
        CompilerError: folders have a wrong spec or do not render; all errors come together.
    """
    from compiler.kustomize.loader import Cache as FileCache
    from compiler.spec import Cache

    tree = workspace.tree if tree is None else tree
    specs, files = Cache(), FileCache()
    reports: list[Report] = []
    errors: list[CompilerError] = []
    for folder in folders:
        try:
            reports.append(_check(workspace, folder, tree, specs, files, allowed))
        except CompilerError as error:
            errors.append(error)
    raise_together(errors)
    return reports


def declared(tree: Tree, effective: EffectiveSpec) -> Declared:
    """What exists beside an overlay's rendering: what the inventory has beyond what the spec needs of the secrets room
    (which the rendering must have), what KSOPS opens, and what the spec names.

    Args:
        tree: the repository.
        effective: the overlay's effective spec.

    Returns:
        (kind, name) to keys, or None when any key may be there.

    Raises:
        CompilerError: the inventory is malformed.
    """
    return _declared(tree, effective, _needs(effective))


def _declared(tree: Tree, effective: EffectiveSpec, required: Requirements) -> Declared:
    from compiler import secrets
    from compiler.spec import overlay_name

    spec, overlay = effective.spec, overlay_name(effective.folder)
    bundles = {bundle.name for bundle in required.trust}
    ours = {one.name for one in required.secrets} | bundles
    made = secrets.made(tree, overlay)
    found: dict[tuple[str, str], tuple[str, ...] | None] = {}
    for name, keys in secrets.declared(tree, overlay).items():
        if name not in ours or made.get(name) == "ksops":
            found["ConfigMap" if name in bundles else "Secret", name] = keys
    theirs: dict[str, tuple[str, ...]] = {}
    for existing in required.existing:  # one Secret may stand for several of ours
        theirs[existing.name] = (*theirs.get(existing.name, ()), *existing.keys)
    found |= {("Secret", name): keys for name, keys in theirs.items()}
    if spec.storage is not None and spec.storage.claim is not None:
        found["PersistentVolumeClaim", spec.storage.claim.name] = None
    return found


def _check(workspace: Workspace, folder: str, tree: Tree, specs: Cache, files: FileCache, allowed: Allowed) -> Report:
    from compiler.check import check_rendering
    from compiler.spec import load
    from compiler.spec.models import Spec

    effective = load(tree, folder, specs) if tree.is_file(f"{folder}/{SPEC}") else None
    if effective is not None and not any(tree.is_file(f"{folder}/{name}") for name in _KUSTOMIZATIONS):
        raise CompilerError("has not been generated yet", origin=Origin(folder), hint="run `compiler generate`")
    items = items_of(render(workspace, folder, tree, files, allowed))
    if effective is None:
        default = str(Spec.model_fields["kubernetes_version"].default)
        return _placed(check_rendering(folder, items, kubernetes_version=default), tree, files, allowed)
    deployed = _deployed(effective)
    needs = _needs(effective) if deployed else None
    report = check_rendering(
        folder,
        items,
        kubernetes_version=effective.spec.kubernetes_version,
        declared=_declared(tree, effective, needs) if needs is not None else None,
        abstract=not deployed,
        sealed=sealed_items(tree, folder),
        required=_wanted(tree, effective, needs) if needs is not None else (),
    )
    return _placed(report, tree, files, allowed)


def _needs(effective: EffectiveSpec) -> Requirements:
    from compiler.workspace.modelling import model_of

    return model_of(effective).requirements


def _wanted(tree: Tree, effective: EffectiveSpec, needs: Requirements) -> list[Wanted]:
    """The Secrets and trust bundles that `compiler secrets` makes for an overlay, and how far each of them is."""
    from compiler import secrets
    from compiler.check import Wanted
    from compiler.spec import overlay_name

    overlay = overlay_name(effective.folder)
    made, unset = secrets.made(tree, overlay), secrets.unset(tree, overlay)
    found = [
        Wanted(
            "Secret",
            one.namespace,
            one.name,
            one.keys(),
            f"{overlay}/{one.name}",
            one.name in made,
            unset.get(one.name, ()),
        )
        for one in needs.secrets
    ]
    return found + [
        Wanted("ConfigMap", one.namespace, one.name, tuple(one.keys), f"{overlay}/{one.name}", one.name in made)
        for one in needs.trust
    ]


def _placed(report: Report, tree: Tree, files: FileCache, allowed: Allowed) -> Report:
    """The report with each finding at the line that wrote the field: of the patch where one did, not of the object.

    The folder is rendered again with a trace, so this costs something only where there is something to say.
    """
    if not report.findings:
        return report
    from compiler.workspace.explain import Traced

    traced = Traced(tree, report.path, files, allowed)
    return replace(
        report,
        findings=tuple(
            replace(finding, origin=traced.origin_of(finding.object, finding.field) or finding.origin)
            for finding in report.findings
        ),
    )


def _deployed(effective: EffectiveSpec) -> bool:
    """Whether it is an installation: a base and an abstract layer are not."""
    return not effective.spec.abstract and effective.spec.namespace is not None
