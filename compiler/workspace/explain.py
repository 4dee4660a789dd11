"""Why a rendered field has its value: the steps that made it, with file and line, and the spec key behind it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Literal

from compiler.errors import CompilerError, Origin
from compiler.k8s.objects import ObjectKey, key_of
from compiler.k8s.tree import Tree
from compiler.kustomize.trace import History, Trace
from compiler.kustomize.trace_chain import FOLLOWERS, MISSING, Link, Path, chain, counterpart, leaves, maker, value_at
from compiler.kustomize.trace_lines import Lines, Place
from compiler.review.mask import mask_object
from compiler.review.masked import AFTER, BEFORE, STARS, Masked, is_hiding, reveal
from compiler.workspace.allowed import NOTHING, Allowed
from compiler.workspace.explain_fields import Part, find, like, parse, write
from compiler.workspace.explain_spec import SpecSource, SpecSources
from compiler.workspace.failures import translated
from compiler.workspace.repository import Workspace

if TYPE_CHECKING:
    from compiler.kustomize.loader import Cache


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a story.

    Args:
        change: what it did to the field.
        by: what the real tool calls it (``PatchTransformer``); ``File`` for an object read from a file.
        origin: the line that says so: of the object, the patch, the source of a generator, or the entry.
        asked: the line of the kustomization that asks for it; None for an object read from a file.
        before: the value before, masked; None when there was none.
        after: the value after, masked; None when it was removed.
        follows: of a reference to a name: the object (``ConfigMap/pulp-settings-…``) that has this name.
        written: whether someone wrote it down; the steps at the end, which no entry asks for, follow from the others.
    """

    change: Literal["made", "changed", "removed"]
    by: str
    origin: Origin
    asked: Origin | None
    before: Any
    after: Any
    follows: str | None = None
    written: bool = True


@dataclass(frozen=True, slots=True)
class Field:
    """A field with its story.

    Args:
        object: which object.
        path: as a person would write it.
        value: the rendered value, masked; None when it has been removed.
        masked: whether anything of it is hidden.
        steps: what made it, in order; the last one yields the value.
        spec: the spec key behind it, in a folder that the compiler wrote.
    """

    object: ObjectKey
    path: str
    value: Any
    masked: bool
    steps: tuple[Step, ...]
    spec: SpecSource | None

    @property
    def blamed(self) -> Step:
        """The step to look at: the last that someone wrote down; of a whole object, the first."""
        if not self.path:
            return self.steps[0]
        return next((step for step in reversed(self.steps) if step.written), self.steps[-1])


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was asked for.

    Args:
        folder: what was rendered.
        fields: in the order of the rendering.
        stories: whether each field was asked for by itself; else it is a part of an object or a map.
    """

    folder: str
    fields: tuple[Field, ...]
    stories: bool


class Traced:
    """A rendering with its trace.

    Args:
        tree: the repository.
        folder: what to render, relative to it.
        cache: what earlier builds over the same tree have read.
        allowed: what the rendering may do.
        url: ``folder`` is one in a repository elsewhere, as :func:`compiler.kustomize.build_url` takes it.

    Raises:
        CompilerError: it does not render.
        WorldError: a file cannot be read.
    """

    def __init__(
        self, tree: Tree, folder: str, cache: Cache | None = None, allowed: Allowed = NOTHING, *, url: bool = False
    ) -> None:
        from compiler.kustomize.rendering import build, build_url
        from compiler.kustomize.repospec import without_secret

        self.tree = tree
        self.folder = folder
        trace = Trace()
        with translated(without_secret(folder) if url else folder):
            if url:
                build_url(folder, allowed.options(cache=cache, trace=trace))
            else:
                build(tree, folder, allowed.options(cache=cache, trace=trace))
        self.histories = trace.histories
        self.removed = trace.removed
        self.lines = Lines(tree if allowed.remotes is None else allowed.remotes.over(tree), trace)
        self.by_key = {key_of(history.data): history for history in self.histories}

    def origin_of(self, key: ObjectKey, field: str) -> Origin | None:
        """The line that a person should look at for a field.

        Args:
            key: the object.
            field: its path; of a field that is not there, the nearest place above it counts. Empty for the object.

        Returns:
            The line of the last step that changed a value, of the first that made a map or list; None when there is no
            such object.
        """
        history = self.by_key.get(key)
        if history is None:
            return None
        try:
            parts = parse(field)
        except CompilerError:  # a key that only looks like a field path: the object will do
            parts = ()
        path: Path = ()
        for depth in range(len(parts), 0, -1):
            found = next(find(history.data, parts[:depth]), None)
            if found is not None:
                path = found
                break
        link = maker(history, path)
        return None if link is None else origin_of_place(self.lines.place(history, link))


def locate(path: FilePath) -> tuple[Tree, str]:
    """The repository around a folder, and the folder in it.

    Args:
        path: relative to the working folder, or absolute.

    Raises:
        CompilerError: there is no such folder, or no repository around it.
    """
    if not path.is_dir():
        raise CompilerError(f"{path} is no folder", hint="name a folder with a kustomization, e.g. overlays/prod")
    workspace = Workspace.find(path)
    return workspace.tree, os.path.relpath(os.path.realpath(path), workspace.root).removeprefix(".")


def explain(
    tree: Tree,
    folder: str,
    target: str | None = None,
    field: str | None = None,
    allowed: Allowed = NOTHING,
    *,
    url: bool = False,
) -> Explanation:
    """Tell the story of fields.

    Args:
        tree: the repository.
        folder: what to render.
        target: ``KIND/NAME``, with ``*`` for anything; the name with or without the hash of a generated object. None
            for every object.
        field: a field path (:mod:`compiler.workspace.explain_fields`); None for every field.
        allowed: what the rendering may do.
        url: ``folder`` is one in a repository elsewhere.

    Returns:
        without a target one line for each object; of a map or list, and without a field, one for each value in it.

    Raises:
        CompilerError: the folder does not render, or nothing is what was asked for.
    """
    parts = None if field is None else parse(field)
    traced = Traced(tree, folder, allowed=allowed, url=url)
    teller = _Teller(traced)
    if target is None:
        return Explanation(folder, tuple(teller.whole(history) for history in traced.histories), stories=False)
    chosen = _chosen(traced, target)
    if parts is None:
        fields = [teller.field(one, path) for one in chosen for path in leaves(one.data)]
        return Explanation(folder, tuple(fields), stories=False)
    found = list(_found(chosen, parts))
    if not found:
        raise CompilerError(f"no field {field} in {target} of {folder}", hint=_near(chosen, field or ""))
    stories = True
    fields = []
    for history, path in found:
        value = value_at(history.data, path)
        below = list(leaves(value, path)) if isinstance(value, dict | list) and value else [path]
        stories = stories and below == [path]
        fields += [teller.field(history, one) for one in below]
    return Explanation(folder, tuple(fields), stories)


def _chosen(traced: Traced, target: str) -> list[History]:
    kind, slash, name = target.partition("/")
    names = [f"{history.data.get('kind')}/{history.names[0]}" for history in traced.histories]
    if not slash or not kind or not name:
        near = get_close_matches(target, [one.partition("/")[2] for one in names], 1)
        hint = next((f"did you mean {one}?" for one in names if near and one.endswith(f"/{near[0]}")), None)
        raise CompilerError(f"{target!r} is not KIND/NAME", hint=hint or "for example: Deployment/pulp-api")
    found = [
        history
        for history in traced.histories
        if like(kind.lower(), str(history.data.get("kind")).lower()) and any(like(name, one) for one in history.names)
    ]
    if not found:
        for history in traced.removed:
            made = history.moments[0].data
            if like(kind.lower(), str(made.get("kind")).lower()) and any(like(name, one) for one in history.names):
                step = chain(history, ())[-1]
                place = traced.lines.place(history, step)
                hint = f"{step.cause.place} of {step.cause.file} deleted it: {origin_of_place(place)}"
                raise CompilerError(f"{traced.folder} renders no {target}", hint=hint)
        near = get_close_matches(target, names, 3, 0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"`compiler explain {traced.folder}` lists its objects"
        raise CompilerError(f"{traced.folder} renders no {target}", hint=hint)
    return found


def _found(chosen: Sequence[History], parts: tuple[Part, ...]) -> Iterator[tuple[History, Path]]:
    for history in chosen:
        paths = list(find(history.data, parts))
        if not paths:  # a field that a step removed has a story too
            paths = next((found for one in reversed(history.moments) if (found := list(find(one.data, parts)))), [])
        for path in paths:
            yield history, path


def _near(chosen: Sequence[History], field: str) -> str:
    last = field.rpartition(".")[2].partition("[")[0].lower()
    known = {
        write(one.data, path[:end]) for one in chosen for path in leaves(one.data) for end in range(1, len(path) + 1)
    }
    near = get_close_matches(field, sorted(known), 4, 0.7)
    near += sorted((path for path in known if path.rpartition(".")[2].lower() == last), key=len)
    return f"the nearest: {', '.join(list(dict.fromkeys(near or sorted(known, key=len)))[:4])}"


class _Teller:
    """Turns the links of one rendering into steps, hiding what may be secret."""

    def __init__(self, traced: Traced) -> None:
        self.traced = traced
        self._masked: dict[tuple[int, int], Any] = {}
        self._sources = SpecSources(traced.tree, traced.folder)
        self._names = {
            (str(history.data.get("kind")), history.names[0]): history
            for history in traced.histories
            if len(history.names) > 1
        }

    def whole(self, history: History) -> Field:
        """An object as one field: what made it and what changed anything in it."""
        steps = (self._step(history, link) for link in chain(history, ()))
        short = tuple(replace(step, before=None, after=None) for step in steps)
        return Field(key_of(history.data), "", None, False, short, self._sources.source(history, (), None))

    def field(self, history: History, path: Path) -> Field:
        """One field with its story."""
        links = chain(history, path)
        steps = tuple(self._step(history, link) for link in links)
        gone = links[-1].after is MISSING
        value = None if gone else self._hidden(history, len(history.moments) - 1, path)
        root = history.moments[links[-1].moment - 1].data if gone else history.data
        wanted = next((link.after for link in reversed(links) if link.cause.kind not in FOLLOWERS), None)
        spec = None if gone else self._sources.source(history, path, wanted)
        return Field(key_of(history.data), write(root, path), reveal(value), is_hiding(value), steps, spec)

    def _step(self, history: History, link: Link) -> Step:
        before = after = None
        if link.before is not MISSING:
            moments, earlier = history.moments, None
            if link.after is not MISSING:
                earlier = counterpart(moments[link.moment - 1].data, moments[link.moment].data, link.path)
            before = self._hidden(history, link.moment - 1, link.path if earlier is None else earlier)
        if link.after is not MISSING:
            after = self._hidden(history, link.moment, link.path)
        both = isinstance(before, Masked) and isinstance(after, Masked)
        follows = None
        if link.cause.kind == "NameReferenceTransformer":
            follows = next(
                (
                    f"{kind}/{name}"
                    for (kind, name), other in self._names.items()
                    if name == link.after and link.before in other.names
                ),
                None,
            )
        entry = self.traced.lines.entry(link)
        return Step(
            "made" if link.before is MISSING else "removed" if link.after is MISSING else "changed",
            link.cause.kind,
            origin_of_place(self.traced.lines.place(history, link)),
            None if entry is None else Origin(entry.path, entry.line, field=link.cause.place or None),
            reveal(before, after if both else None, BEFORE if both else STARS),
            reveal(after, before if both else None, AFTER if both else STARS),
            follows,
            link.cause.kind not in FOLLOWERS,
        )

    def _hidden(self, history: History, moment: int, path: Path) -> Any:
        """A value with what may be secret hidden."""
        key = (id(history), moment)
        if key not in self._masked:
            self._masked[key] = mask_object(history.moments[moment].data)
        value = self._masked[key]
        for step in path:
            if isinstance(value, Masked):
                return value
            value = value[step]
        return value


def origin_of_place(place: Place) -> Origin:
    """A line that the engine found, as everything else of ours says it."""
    return Origin(place.path, place.line)
