"""The effective spec: the layers of a folder over its environment's defaults, typed, with the place of each value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from compiler.errors import CompilerError, ErrorGroup, Origin
from compiler.k8s.tree import Tree
from compiler.spec.environments import ENVIRONMENTS, environment_layer
from compiler.spec.layers import Cache, Layer, clean_folder, read_chain
from compiler.spec.merge import merge
from compiler.spec.models import Spec
from compiler.spec.node import Node, Path, find, origin, parse_path
from compiler.spec.rules import check
from compiler.spec.validation import raise_all, validate


@dataclass(frozen=True)
class EffectiveSpec:
    """What a folder's ``pulp.yaml`` means.

    Args:
        spec: the typed spec.
        folder: the folder, relative to the repository.
        parent: the folder that it extends.
        layers: the files of the chain, base first.
        node: the merged layers.
    """

    spec: Spec
    folder: str
    parent: str | None
    layers: tuple[str, ...]
    node: Node

    def origin(self, field: str | Path) -> Origin | None:
        """Where ``field`` (``database.external.host``, ``pulp.plugins[0]``) was said; ``None`` for a default."""
        path = _path(field)
        found = find(self.node, path) if path is not None else None
        if found is None or found.value is None or found.place.line == 0:
            return None
        return origin(found.place, path or ())

    def value_source(self, field: str | Path) -> str:
        """Who said ``field``: ``overlays/prod/pulp.yaml:12``, ``environment production`` or ``default``."""
        path = _path(field)
        found = find(self.node, path) if path is not None else None
        if found is None or found.value is None:
            return "default"
        place = found.place
        return f"{place.source}:{place.line}" if place.line else place.source


def _path(field: str | Path) -> Path | None:
    if not isinstance(field, str):
        return field
    try:
        return parse_path(field)
    except ValueError:
        return None


def load(tree: Tree, folder: str, cache: Cache | None = None) -> EffectiveSpec:
    """Read the ``pulp.yaml`` of ``folder`` and every layer that it extends.

    Args:
        tree: where to read.
        folder: relative to the tree's root.
        cache: what earlier calls on the same tree have read.

    Raises:
        CompilerError: a layer or the effective spec is wrong; several errors come as one ``ErrorGroup``.
        WorldError: a file cannot be read.
    """
    cache = Cache() if cache is None else cache
    folder = clean_folder(folder)
    chain = read_chain(tree, folder, cache)
    files = tuple(layer.path for layer in chain)
    merged = _merged(chain, cache)
    broken = [error for layer in chain for error in layer.errors]
    spec, invalid = validate(merged)
    wrong = check(spec, merged) if spec is not None and not broken else ()
    raise_all([*broken, *invalid, *wrong], files)
    if spec is None:  # pragma: no cover - validate() returns errors then
        raise AssertionError(folder)
    return EffectiveSpec(spec, folder, chain[-1].parent, files, merged)


def load_all(
    tree: Tree, folders: Iterable[str], cache: Cache | None = None
) -> tuple[tuple[EffectiveSpec, ...], tuple[CompilerError, ...]]:
    """Load many folders; an error in a layer that several of them share is reported once.

    Returns:
        the specs that could be loaded, and the errors of the others.
    """
    cache = Cache() if cache is None else cache
    specs: list[EffectiveSpec] = []
    errors: dict[str, CompilerError] = {}
    for folder in folders:
        try:
            specs.append(load(tree, folder, cache))
        except ErrorGroup as group:
            errors.update({str(error): error for error in group.errors})
        except CompilerError as error:
            errors[str(error)] = error
    return tuple(specs), tuple(errors.values())


def _merged(chain: Sequence[Layer], cache: Cache) -> Node:
    """The chain over its environment's defaults; ``abstract`` counts only in the layer that says it."""
    below = _without_abstract(_folded(chain[:-1], cache)) if len(chain) > 1 else None
    merged = chain[-1].node if below is None else merge(below, chain[-1].node)
    said = find(merged, ("environment",))
    for environment in ENVIRONMENTS:
        if said is not None and said.value == environment:
            return merge(environment_layer(environment), merged)
    return merged


def _folded(chain: Sequence[Layer], cache: Cache) -> Node:
    top = chain[-1]
    if top.path not in cache.merged:
        cache.merged[top.path] = merge(_folded(chain[:-1], cache), top.node) if len(chain) > 1 else top.node
    return cache.merged[top.path]


def _without_abstract(node: Node) -> Node:
    if "abstract" not in node.value:
        return node
    return Node({key: child for key, child in node.value.items() if key != "abstract"}, node.mark, key=node.key)
