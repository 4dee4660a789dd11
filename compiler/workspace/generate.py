"""``compiler generate``: from the specs of a repository to the folders that they mean."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from compiler.delivery import delivery_files
from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.kustomize import Cache, LayeredTree, Rendering, build
from compiler.overlay import compute
from compiler.version import __version__
from compiler.workspace import journal
from compiler.workspace.allowed import NOTHING, Allowed
from compiler.workspace.changes import Change, folder_changes
from compiler.workspace.compilation import Compilation
from compiler.workspace.failures import raise_together, translated
from compiler.workspace.lock import NAME as LOCK
from compiler.workspace.modelling import placed
from compiler.workspace.repository import MARKER, SPEC, Workspace, folders_with
from compiler.workspace.seals import refuse_broken_seals, refuse_edited_seals
from compiler.workspace.secrets import backend_of, leaves_of
from compiler.workspace.verify import verify


@dataclass(frozen=True, slots=True)
class Plan:
    """What ``generate`` is going to do.

    Args:
        folders: the folders that were computed and proved, in the order in which they build on each other.
        changes: what is different on disk, sorted by path; nothing else is touched.
    """

    folders: tuple[str, ...]
    changes: tuple[Change, ...]


def plan(
    workspace: Workspace,
    folders: Iterable[str] | None = None,
    *,
    force: bool = False,
    upgrade: bool = False,
    allowed: Allowed = NOTHING,
) -> Plan:
    """Compute folders, prove that each renders to its model, and compare them with the disk.

    Args:
        workspace: the repository.
        folders: what to generate; what they build on and what builds on them comes along. None means everything, and
            to remove what was generated from specs that are gone.
        force: discard edits by hand of generated files.
        upgrade: pin this version of the compiler instead of stopping at another one.
        allowed: what the renderings of a person's ``custom/`` may do.

    Raises:
        CompilerError: a spec is wrong; a generated file was edited by hand; a person's file is in the way; another
            version of the compiler is pinned; an overlay does not render to its model. Several come together.
        WorldError: a file cannot be read.
    """
    tree = workspace.tree
    pin = _pin(workspace, tree, upgrade=upgrade)
    specs = workspace.overlays(tree)
    compilation = Compilation(tree, specs)
    every = [spec.folder for spec in specs]
    chosen = every if folders is None else list(folders)
    children: dict[str, list[str]] = {}
    for folder in every:
        parent = compilation.spec(folder).parent
        if parent is not None:
            children.setdefault(parent, []).append(folder)

    run = _Run(workspace, compilation, force, allowed)
    done: dict[str, list[Change]] = {}
    errors: list[CompilerError] = []
    wanted = set(chosen)
    queue = list(chosen)
    while queue:
        folder = queue.pop(0)
        for one in [*reversed(compilation.ancestors(folder)), folder]:
            if one in done:
                continue
            done[one], wrong = run.folder(one)
            errors += wrong
            if one in wanted or done[one]:
                queue += children.get(one, [])
    for folder in _orphans(tree) if folders is None else ():
        done[folder], wrong = folder_changes(workspace.root, tree, folder, {}, force=force)
        errors += wrong
    raise_together(errors)
    changes = [*pin, *(change for found in done.values() for change in found)]
    return Plan(tuple(done), tuple(sorted(changes, key=lambda change: change.path)))


def write(workspace: Workspace, planned: Plan) -> None:
    """Write what was planned: all of it or nothing.

    Raises:
        CompilerError: a path leads out of the repository.
        WorldError: the file system refuses; a file was changed since it was planned to be written over.
    """
    before = {one.path: None if one.before is None else sha256(one.before).hexdigest() for one in planned.changes}
    journal.apply(workspace.root, {change.path: change.after for change in planned.changes}, seen=before)


@dataclass
class _Run:
    """The folders computed so far; a folder comes after those that it builds on.

    Args:
        real: what will be written, by folder, without delivery and lock.
        plain: the same as if nobody had a ``custom/``: what the proof is about.
    """

    workspace: Workspace
    compilation: Compilation
    force: bool
    allowed: Allowed
    real: dict[str, dict[str, bytes]] = field(default_factory=dict)
    plain: dict[str, dict[str, bytes]] = field(default_factory=dict)
    real_cache: Cache = field(default_factory=Cache)
    plain_cache: Cache = field(default_factory=Cache)

    def folder(self, folder: str) -> tuple[list[Change], list[CompilerError]]:
        """Compute and prove a folder, and compare it with the disk."""
        compilation = self.compilation
        parent = compilation.spec(folder).parent
        over = compilation.compiled(parent).model if parent is not None else None
        model = compilation.compiled(folder).model
        secrets = compilation.secrets(folder)
        compilation.check_secrets(folder)
        resources = [posixpath.relpath(secrets, folder)] if secrets else []
        base, components = compilation.base(folder), compilation.components(folder)

        files = _bytes(compute(over, model, base=base, resources=resources, components=components))
        bare = files if not components else _bytes(compute(over, model, base=base, resources=resources))
        self.real[folder], self.plain[folder] = files, bare
        try:
            rendering = verify(self._tree(folder, self.plain), folder, model, secrets, self.plain_cache)
        except CompilerError:
            refuse_edited_seals(compilation.tree, folder)  # then that is why
            raise
        files = {**files, **self._delivery(folder, rendering)}
        return folder_changes(
            self.workspace.root,
            compilation.tree,
            folder,
            files,
            force=self.force,
            generations=compilation.generations(folder),
        )

    def _tree(self, folder: str, files: Mapping[str, Mapping[str, bytes]]) -> Tree:
        """The repository with a folder, and what it builds on, as computed."""
        chain = (folder, *self.compilation.ancestors(folder))
        over = {f"{one}/{path}": contents for one in chain for path, contents in files[one].items()}
        return LayeredTree(over, self.compilation.tree)

    def _delivery(self, folder: str, plain: Rendering) -> Mapping[str, bytes]:
        """The delivery files: they name the kinds that the overlay renders to, ``custom/`` included."""
        effective = self.compilation.spec(folder)
        spec = effective.spec
        rendering = plain
        if any(self.compilation.components(one) for one in (folder, *self.compilation.ancestors(folder))):
            with translated(folder):
                rendering = build(self._tree(folder, self.real), folder, self.allowed.options(cache=self.real_cache))
            refuse_broken_seals(self.compilation.tree, folder, rendering)
        if spec.delivery is None or spec.abstract or spec.namespace is None:
            return {}
        objects = [one.data for one in rendering.objects]
        with placed(effective):
            made = delivery_files(
                spec,
                objects,
                path=folder,
                backend=backend_of(spec),
                leaves=leaves_of(spec),
                sealed=self.compilation.backends(folder),
                ksops=self.compilation.ksops(folder),
            )
        return _bytes(made)


def _orphans(tree: Tree) -> tuple[str, ...]:
    """The folders that were generated from a spec which is gone."""
    return tuple(folder for folder in folders_with(tree, LOCK) if not tree.is_file(f"{folder}/{SPEC}"))


def _bytes(texts: Mapping[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in texts.items()}


def _pin(workspace: Workspace, tree: Tree, *, upgrade: bool) -> list[Change]:
    """The change of ``.compiler.yaml``, if any."""
    pinned = workspace.pinned_version()
    if pinned == __version__:
        return []
    if pinned is None:
        return [Change(MARKER, None, f"version: {__version__}\n".encode())]
    if not upgrade:
        raise CompilerError(
            f"this repository is written with version {pinned} of the compiler; this is {__version__}",
            origin=Origin(MARKER),
            hint=f"install {pinned}, or run `compiler generate --upgrade-pin` and review what changes",
        )
    before = tree.read(MARKER)
    after = re.sub(rb"(?m)^version:.*$", f"version: {__version__}".encode(), before)
    return [Change(MARKER, before, after)]
