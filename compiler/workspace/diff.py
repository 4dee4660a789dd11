"""Rendering the overlays of two states of the repository, for the review room to compare."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compiler.errors import CompilerError, WorldError
from compiler.workspace import git
from compiler.workspace.allowed import NOTHING, Allowed
from compiler.workspace.failures import translated

if TYPE_CHECKING:
    from compiler.k8s.tree import Tree
    from compiler.kustomize.loader import Cache
    from compiler.review import Report
    from compiler.review.model import Side

_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_ABSTRACT = re.compile(rb"^abstract:[ \t]*true\b", re.MULTILINE)
_OVERLAYS = "overlays"

Stub = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared with what.

    Args:
        before: a commit.
        after: a commit, or ``None`` for the working tree.
        names: what a person calls the two.
    """

    before: str
    after: str | None
    names: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A comparison.

    Args:
        report: what differs.
        errors: why overlays do not build after the change.
    """

    report: Report
    errors: tuple[CompilerError, ...]


@dataclass
class _Side:
    """One state of the repository being rendered."""

    side: Side
    tree: Tree
    cache: Cache
    allowed: Allowed
    objects: dict[str, list[Stub]] = field(default_factory=dict)
    errors: dict[str, CompilerError] = field(default_factory=dict)


def sides_of(repository: git.Repository, revision: str | None) -> Sides:
    """What a revision argument means.

    Args:
        repository: the repository.
        revision: ``REV`` (with the working tree), ``REV..REV``, ``REV...REV`` (from their merge base; an empty side is
            HEAD), or ``None``: the merge base with the main branch, with the working tree.

    Raises:
        CompilerError: there is no such revision, no main branch, or no merge base.
    """
    if revision is None:
        if repository.commit("HEAD") is None:
            raise CompilerError(
                "nothing is committed yet, so there is nothing to compare with",
                hint="commit first; from then on `compiler diff` shows what a change does",
            )
        main = repository.main_branch()
        if main is None:
            raise CompilerError(
                "no main branch to compare with (looked for origin/HEAD, origin/main, main and master)",
                hint="name a revision, e.g. `compiler diff HEAD`",
            )
        base = repository.merge_base(main, "HEAD")
        return Sides(base, None, (f"{git.short_name(main)} ({git.short_name(base)})", "working tree"))
    if ".." not in revision:
        return Sides(_commit(repository, revision), None, (revision, "working tree"))
    dots = "..." if "..." in revision else ".."
    left, _, right = revision.partition(dots)
    names = left or "HEAD", right or "HEAD"
    before, after = _commit(repository, names[0]), _commit(repository, names[1])
    if dots == "...":
        before = repository.merge_base(before, after)
        names = f"{names[0]} ({git.short_name(before)})", names[1]
    return Sides(before, after, names)


def is_revision(repository: git.Repository, text: str) -> bool:
    """Whether ``text`` names a revision or a range of them."""
    parts = re.split(r"\.\.\.?", text) if ".." in text else [text]
    if text.startswith(("./", "../", "/")) or len(parts) > 2 or not any(parts):
        return False
    return all(repository.commit(part or "HEAD") for part in parts)


def diff(root: Path, sides: Sides, folders: Sequence[str] = (), allowed: Allowed = NOTHING) -> Outcome:
    """Compare the renderings of two states.

    Args:
        root: the repository of specs and overlays (a Git working tree or a folder in one).
        sides: the two states.
        folders: what to compare, relative to ``root`` (POSIX): overlays, or folders that have some in them; all
            overlays when empty.
        allowed: what the renderings may do.

    Raises:
        CompilerError: a folder is no overlay, and has none in it, on either side.
        WorldError: a file cannot be read.
    """
    from compiler.kustomize.loader import Cache
    from compiler.review import Failure, compare

    repository = git.find(root)
    with ExitStack() as stack:
        before = _Side("before", _tree(stack, repository, root, sides.before), Cache(), allowed)
        after = _Side("after", _tree(stack, repository, root, sides.after), Cache(), allowed)
        abstract = set()
        for overlay in _chosen(folders, before.tree, after.tree):
            old, new = (_render(one, overlay) for one in (before, after))
            if _is_abstract(after.tree if _is_overlay(after.tree, overlay) else before.tree, overlay):
                abstract.add(overlay)
            unchanged = old is not None and new is not None and old[0] == new[0]
            for one, rendering in ((before, old), (after, new)):
                if rendering is not None:
                    # What renders to the same bytes is only counted: a large fleet need not be kept in memory.
                    one.objects[overlay] = list(map(_stub, rendering[1])) if unchanged else rendering[1]
        failures = [
            Failure(name, one.side, str(error)) for one in (before, after) for name, error in one.errors.items()
        ]
        report = compare(before.objects, after.objects, failures=failures, not_deployed=abstract, sides=sides.names)
        report = _written(report, before, after)
    return Outcome(report, tuple(error for _, error in sorted(after.errors.items())))


def _written(report: Report, before: _Side, after: _Side) -> Report:
    """The report with the lines that wrote what differs; it costs nothing where nothing does."""
    from compiler.review import answered, questions

    asked = list(questions(report))
    if not asked:
        return report
    from compiler.workspace.explain import Traced
    from compiler.workspace.origins import answers

    sides = {one.side: one for one in (before, after)}

    def traced(overlay: str, side: Side) -> Traced:
        one = sides[side]
        return Traced(one.tree, overlay, one.cache, one.allowed)

    return answered(report, answers(asked, traced))


def _commit(repository: git.Repository, revision: str) -> str:
    commit = repository.commit(revision)
    if commit is None:
        raise CompilerError(f"no such revision: {revision}", hint="`git log --oneline --all` lists them")
    return commit


def _tree(stack: ExitStack, repository: git.Repository, root: Path, commit: str | None) -> Tree:
    from compiler.kustomize.git import GitTree
    from compiler.kustomize.tree import DirTree, MemoryTree

    if commit is None:
        return DirTree(root)
    tree = repository.tree(commit, repository.folder(root))
    return MemoryTree({}) if tree is None else stack.enter_context(GitTree(repository.root, tree))


def _is_overlay(tree: Tree, folder: str) -> bool:
    return any(tree.is_file(f"{folder}/{name}" if folder else name) for name in _KUSTOMIZATIONS)


def _is_abstract(tree: Tree, overlay: str) -> bool:
    """Whether an overlay is only the base of others: it is rendered and compared, and nothing applies it."""
    spec = f"{overlay}/pulp.yaml"
    return tree.is_file(spec) and bool(_ABSTRACT.search(tree.read(spec)))


def _chosen(folders: Sequence[str], *trees: Tree) -> list[str]:
    everything = sorted({overlay for tree in trees for overlay in _overlays(tree)})
    if not folders:
        return everything
    chosen: set[str] = set()
    for folder in folders:
        inside = [name for name in everything if not folder or name.startswith(f"{folder}/")]
        if folder and any(_is_overlay(tree, folder) for tree in trees):
            chosen.add(folder)
        elif inside:
            chosen.update(inside)
        else:
            raise CompilerError(
                f"no overlay here on either side: {folder or '.'}",
                hint=f"overlays: {', '.join(everything[:10]) or 'none yet'}",
            )
    return sorted(chosen)


def _overlays(tree: Tree) -> Iterator[str]:
    if tree.is_dir(_OVERLAYS):
        for name in tree.listdir(_OVERLAYS):
            if _is_overlay(tree, f"{_OVERLAYS}/{name}"):
                yield f"{_OVERLAYS}/{name}"


def _render(one: _Side, overlay: str) -> tuple[str, list[Stub]] | None:
    """Text and objects of an overlay, ``None`` when it does not exist or does not build."""
    from compiler.kustomize import build

    if not _is_overlay(one.tree, overlay):
        return None
    try:
        with translated(overlay):
            rendering = build(one.tree, overlay, one.allowed.options(cache=one.cache))
    except WorldError:
        raise
    except CompilerError as error:
        one.errors[overlay] = error
        return None
    return rendering.text, [obj.data for obj in rendering.objects]


def _stub(obj: Mapping[str, Any]) -> Stub:
    metadata = obj.get("metadata") or {}
    kept = {key: metadata[key] for key in ("name", "namespace") if key in metadata}
    return {"apiVersion": obj.get("apiVersion"), "kind": obj.get("kind"), "metadata": kept}


def folder_of(root: Path, path: Path) -> str:
    """``path`` relative to ``root``, POSIX, ``""`` for the root; a file stands for its folder. It need not exist.

    Raises:
        CompilerError: it is outside.
    """
    place = path.resolve()
    if not place.is_relative_to(root.resolve()):
        raise CompilerError(f"{path} is outside the repository {root}")
    if place.is_file():
        place = place.parent
    inside = place.relative_to(root.resolve()).as_posix()
    return "" if inside == "." else inside
