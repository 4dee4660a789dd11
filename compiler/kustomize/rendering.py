"""Building: the public function, its options and its result."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from compiler.kustomize.accumulator import Settings
from compiler.kustomize.bookkeeping import DROPPED_ANNOTATIONS
from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.identity import Origin, forget_scopes
from compiler.kustomize.loader import Cache, Loader, repo_of
from compiler.kustomize.order import check_order, ordered
from compiler.kustomize.pipeline import run
from compiler.kustomize.printer import print_document
from compiler.kustomize.resource import Resource
from compiler.kustomize.scalars import is_null
from compiler.kustomize.tree import Resolving, Tree
from compiler.kustomize.values import plain_object

if TYPE_CHECKING:
    from compiler.kustomize.remote import Remotes
    from compiler.kustomize.trace import Trace

_DROPPED = frozenset(DROPPED_ANNOTATIONS)


class Options:
    """How to build.

    Args:
        restricted: files must lie in or below their kustomization's folder (``--load-restrictor``).
        enable_helm: run helm for ``helmCharts``.
        helm_command: the helm binary.
        keep_charts: a chart that helm fetches stays where the real tool leaves it, in ``charts/`` on disk.
        cache: what earlier builds of this run have read; give one to several builds over the same, unchanged tree.
        trace: records what made every field what it is; an empty one for each build.
        remotes: fetches remote bases with git; None refuses them.
    """

    __slots__ = ("cache", "enable_helm", "helm_command", "keep_charts", "remotes", "restricted", "trace")

    def __init__(
        self,
        *,
        restricted: bool = True,
        enable_helm: bool = False,
        helm_command: str = "helm",
        keep_charts: bool = False,
        cache: Cache | None = None,
        trace: Trace | None = None,
        remotes: Remotes | None = None,
    ) -> None:
        self.restricted = restricted
        self.enable_helm = enable_helm
        self.helm_command = helm_command
        self.keep_charts = keep_charts
        self.cache = cache
        self.trace = trace
        self.remotes = remotes


class RenderedObject:
    """One object of a rendering.

    Args:
        data: the object as plain data.
        origin: the file and line it comes from.
    """

    __slots__ = ("data", "origin")

    def __init__(self, data: dict[str, Any], origin: Origin) -> None:
        self.data = data
        self.origin = origin

    def __repr__(self) -> str:
        return f"RenderedObject({self.data.get('kind')}/{(self.data.get('metadata') or {}).get('name')}, {self.origin})"


class Rendering:
    """What a build yields.

    Args:
        texts: the YAML of each object.
        resources: the resources behind them.
        warnings: what goes to stderr, one line each.
    """

    __slots__ = ("_objects", "_resources", "texts", "warnings")

    def __init__(self, texts: tuple[str, ...], resources: list[Resource], warnings: tuple[str, ...]) -> None:
        self.texts = texts
        self.warnings = warnings
        self._resources = resources
        self._objects: tuple[RenderedObject, ...] | None = None

    @property
    def text(self) -> str:
        """What `kustomize build` prints: the documents joined by ``---``."""
        return "---\n".join(self.texts)

    @property
    def objects(self) -> tuple[RenderedObject, ...]:
        """The objects in the order of the text."""
        if self._objects is None:
            self._objects = tuple(
                RenderedObject(plain_object(resource.node), resource.origin) for resource in self._resources
            )
        return self._objects


def build(tree: Tree, path: str, options: Options | None = None) -> Rendering:
    """Render a kustomization.

    Args:
        tree: where the files are.
        path: the folder, relative to the tree's root (``""`` for the root itself).
        options: see :class:`Options`.

    Raises:
        KustomizeError: the real tool refuses this input, or the engine does (``unsupported``).
    """
    options = options or Options()
    root = posixpath.normpath(posixpath.join("/", path)).lstrip("/")
    try:
        if isinstance(tree, Resolving):
            root = tree.resolve(root)
    except OSError as error:
        raise KustomizeError(f"must build at directory: {error}", path=path) from None
    if not tree.is_dir(root):
        shown = Loader(tree, root, cache=Cache(shared=False)).said(path)
        if tree.is_file(root):
            raise KustomizeError(
                f"'{shown}' doesn't exist or is not a directory: must build at directory: file is not directory",
                path=root,
                hint="name the folder",
            )
        raise KustomizeError(
            f"must build at directory: not a valid directory: evalsymlink failure on '{shown}' : "
            f"lstat {shown}: no such file or directory",
            path=root or ".",
        )
    cache = options.cache or Cache(shared=False)
    return _rendered(Loader(tree, root, restricted=options.restricted, cache=cache, remotes=options.remotes), options)


def build_url(url: str, options: Options | None = None) -> Rendering:
    """Render a kustomization in a repository elsewhere.

    Args:
        url: the repository, the folder in it and the ref, as ``resources`` may hold it.
        options: see :class:`Options`; without ``remotes``, this is refused.

    Raises:
        KustomizeError: as :func:`build`, or it is no such URL, or git cannot fetch it.
    """
    from compiler.kustomize.remote import open_base

    options = options or Options()
    spec = repo_of(url)
    if spec is None:
        raise KustomizeError(f"'{url}' names no repository", hint="write https://HOST/ORG/REPO//FOLDER?ref=COMMIT")
    base = open_base(spec, options.remotes, None, top=True)
    cache = options.cache or Cache(shared=False)
    return _rendered(Loader(base.tree, base.root, cache=cache, remotes=options.remotes, base=base), options)


def _rendered(loader: Loader, options: Options) -> Rendering:
    settings = Settings(
        loader.here,
        enable_helm=options.enable_helm,
        helm_command=options.helm_command,
        keep_bases=options.cache is not None,
    )
    settings.trace = options.trace
    settings.keep_charts = options.keep_charts
    settings.remotes = options.remotes
    forget_scopes()
    resources, file = run(loader, settings)
    try:
        check_order(file.get("sortOptions"))
    except KustomizeError as error:
        raise file.place(error, "sortOptions") from None
    final = ordered(resources.items, file.get("sortOptions"))
    for resource in final:
        _clean(resource)
        if resource.commented:
            from compiler.kustomize.beside import go_over

            go_over(resource)
    if settings.metadata:
        from compiler.kustomize.metadata import annotate

        annotate(final, settings)
    if settings.trace is not None:
        settings.trace.root_step(final, file, "Output")
        settings.trace.finish(final)
    texts = tuple(_print(resource) for resource in final)
    return Rendering(texts, final, tuple(settings.warnings))


def _print(resource: Resource) -> str:
    try:
        return print_document(resource.node)
    except KustomizeError as error:
        line = resource.origin.line if error.line is None else error.line
        raise error.at(resource.origin.path, line=line, field=f"{resource.kind}/{resource.name}") from None


def _clean(resource: Resource) -> None:
    """Annotations become strings; the engine's own ones go; an empty map disappears.

    Raises:
        KustomizeError: the metadata of a list is no map (of anything else, that was refused when it was read).
    """
    metadata = resource.node.setdefault("metadata", {})
    annotations = metadata.get("annotations") if type(metadata) is dict else None
    if annotations is None:
        if type(metadata) is not dict and not is_null(metadata):
            raise KustomizeError(
                "failed to clean up origin tracking annotations: wrong node kind: expected a map as metadata",
                path=resource.origin.path,
                line=resource.origin.line,
                hint="write metadata as a map, or leave it out",
            )
        return
    resource.rewrite_annotations()
    annotations = resource.metadata.get("annotations")
    if type(annotations) is not dict or _DROPPED.isdisjoint(annotations):
        return
    for name in _DROPPED.intersection(annotations):
        del annotations[name]
    if not annotations:
        del resource.metadata["annotations"]
