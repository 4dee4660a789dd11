"""Field specs: which fields of which kinds a transformer touches, and walking to them (kustomize.md, section 7)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.identity import group_version, id_text
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.resource import Resource
from compiler.kustomize.routes import Hit, Routes
from compiler.kustomize.scalars import EMPTY_NULL, Scalar, is_null

Leaf = Callable[[Any, Any], None]
"""What happens at a field: called with its container (dict or list) and its key or index."""


class FieldSpec(NamedTuple):
    """A path in the objects of a kind; empty group, version and kind mean any."""

    group: str
    version: str
    kind: str
    path: str
    create: bool = False

    def matches(self, group: str, version: str, kind: str) -> bool:
        """Whether an object of this group, version and kind is meant."""
        return (
            (not self.group or self.group == group)
            and (not self.version or self.version == version)
            and (not self.kind or self.kind == kind)
        )


class NameReference(NamedTuple):
    """A kind that others refer to by name, and the fields where they do."""

    group: str
    version: str
    kind: str
    referrers: tuple[FieldSpec, ...]


TABLES = (
    *("namePrefix", "nameSuffix", "namespace", "commonLabels", "templateLabels", "commonAnnotations"),
    *("images", "replicas", "varReference", "labels"),
)


def read_table(name: str) -> str:
    """The text of a file of ``data/``."""
    with open(os.path.join(os.path.dirname(__file__), "data", name), encoding="utf-8") as file:
        return file.read()


@cache
def defaults() -> Mapping[str, tuple[FieldSpec, ...]]:
    """The built-in field specs by table (``data/field-specs.tsv``)."""
    tables: dict[str, list[FieldSpec]] = {name: [] for name in TABLES}
    text = read_table("field-specs.tsv")
    for line in text.splitlines():
        if line[:1] != "#":
            table, group, version, kind, path, create = line.split("\t")
            tables[table].append(FieldSpec(group, version, kind, path, create == "yes"))
    return {name: tuple(specs) for name, specs in tables.items()}


@cache
def default_references() -> tuple[NameReference, ...]:
    """The built-in name references (``data/name-references.tsv``), in the order of the table."""
    found: dict[tuple[str, str, str], list[FieldSpec]] = {}
    text = read_table("name-references.tsv")
    for line in text.splitlines():
        if line[:1] != "#":
            to_group, to_version, to_kind, group, version, kind, path = line.split("\t")
            found.setdefault((to_group, to_version, to_kind), []).append(FieldSpec(group, version, kind, path))
    return tuple(NameReference(*target, tuple(specs)) for target, specs in found.items())


class Index(str):
    """A segment that Kustomize takes for a place in a list or a wildcard; no field of a map has its name."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


_INDEX = Pattern(r"[+-]?[0-9]+\Z|-\Z|\*\Z|\[.+\]\Z")


@cache
def split_path(path: str) -> tuple[str, ...]:
    """The segments of a field spec's path (``\\/`` is a slash inside a segment)."""
    text = path.removeprefix("/")
    if "\\/" not in text:
        parts = text.split("/")
    else:
        parts = [part.replace("\0", "/") for part in text.replace("\\/", "\0").split("/")]
    return tuple(Index(part) if _INDEX.match(part) else part for part in parts)


class Specs:
    """A list of field specs with a memory of which apply to which kind."""

    def __init__(self, specs: Iterable[FieldSpec]) -> None:
        self.specs = tuple(specs)
        self._memo: dict[tuple[str, str], _OfKind] = {}

    def of(self, resource: Resource) -> tuple[FieldSpec, ...]:
        """The specs that apply to a resource as it is now."""
        return self._of_kind(resource).specs

    def hits(self, resource: Resource, made: Callable[[], Any] | None = None) -> list[Hit] | None:
        """Where the specs lead in a resource, each hit with the number of its spec in :meth:`of`.

        What is done at one of them changes no other. Fields that are to be made are made, also when it gives up.

        Args:
            made: makes the value of a missing field, when the transformer creates fields (a map or a scalar).

        Returns:
            None when each spec is to be walked by itself, as :meth:`each` does.
        """
        routes = self._of_kind(resource).routes
        return None if routes is None else routes.hits(resource.node, made)

    def each(self, resource: Resource, leaf: Leaf, made: Callable[[], Any] | None = None) -> None:
        """Call ``leaf`` on every field that the specs name, spec by spec.

        Args:
            made: as for :meth:`hits`.

        Raises:
            KustomizeError: a scalar stands where a path goes on, or what ``leaf`` raises, with the field.
        """
        specs, routes = self._of_kind(resource)
        hits = None if routes is None else routes.hits(resource.node, made)
        if hits is None:
            for spec in specs:
                apply_spec(resource, spec, leaf, made)
            return
        for number, container, key in hits:
            try:
                leaf(container, key)
            except KustomizeError as error:
                raise _considering(error, resource, specs[number]) from None

    def _of_kind(self, resource: Resource) -> _OfKind:
        node = resource.node
        version, kind = node.get("apiVersion"), node.get("kind")
        if type(version) is not str or type(kind) is not str:
            version, kind = resource.api_version, resource.kind
        found = self._memo.get((version, kind))
        if found is None:
            group, version_only = group_version(version)
            specs = tuple(spec for spec in self.specs if spec.matches(group, version_only, kind))
            found = self._memo[version, kind] = _OfKind(specs, _routes(specs))
        return found


class _OfKind(NamedTuple):
    """The specs that apply to a kind, and their paths as one tree, if they can be."""

    specs: tuple[FieldSpec, ...]
    routes: Routes | None


def _routes(specs: Sequence[FieldSpec]) -> Routes | None:
    """The paths of specs as one tree; None where one sees what another did, or has segments that are no names."""
    paths = [split_path(spec.path) for spec in specs]
    names = [_plain(path) for path in paths]
    if any("" in path for path in names) or any(type(segment) is Index for path in paths for segment in path):
        return None
    for i, path in enumerate(names):
        if any(other[: len(path)] == path for other in (*names[:i], *names[i + 1 :])):
            return None
    made = [path for path, spec in zip(paths, specs, strict=True) if spec.create]
    for path, plain in zip(paths, names, strict=True):
        for at, segment in enumerate(path):
            # A list is never made: whether there is something to walk through depends on who came before.
            if segment != plain[at] and any(
                other[at : at + 1] == plain[at : at + 1] and _plain(other[:at]) == plain[:at] for other in made
            ):
                return None
    return Routes((path, spec.create) for path, spec in zip(paths, specs, strict=True))


def _plain(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(segment.removesuffix("[]") for segment in path)


def apply_spec(resource: Resource, spec: FieldSpec, leaf: Leaf, made: Callable[[], Any] | None = None) -> None:
    """Call ``leaf`` on every field that a spec names.

    Args:
        made: makes the value of a missing last field, when the transformer creates fields (a map or a scalar).

    Raises:
        KustomizeError: a scalar stands where the path goes on.
    """
    try:
        walk(resource.node, split_path(spec.path), 0, leaf, made if spec.create else None)
    except KustomizeError as error:
        raise _considering(error, resource, spec) from None


def _considering(error: KustomizeError, resource: Resource, spec: FieldSpec) -> KustomizeError:
    error.args = (f"considering field '{spec.path}' of object {describe(resource)}: {error.message}",)
    error.message = str(error.args[0])
    return error.at(resource.origin.path, line=resource.origin.line)


def describe(resource: Resource) -> str:
    """The current id as text."""
    return id_text(resource.current(), resource.namespace)


def walk(node: Any, path: tuple[str, ...], at: int, leaf: Leaf, made: Callable[[], Any] | None) -> None:
    """Walk from ``node`` along ``path[at:]``; lists are walked through without consuming a segment."""
    while type(node) is dict:
        name = path[at]
        is_list = name[-2:] == "[]"
        if is_list:
            name = name[:-2]
        if not name:
            raise KustomizeError(
                "cannot set or create an empty field name",
                hint="the path of a field spec ends in no slash and has no two in a row",
            )
        at += 1
        last = at == len(path)
        value = node.get(name)
        if value is None:
            if type(name) is Index:
                raise _no_field(name)
            if made is None or is_list:
                return
            value = made() if last else {}
            node[name] = value
        elif type(value) is Scalar and value.tag == "null":
            if is_list:
                value = node[name] = []
            elif made is not None:
                value = node[name] = _after_null(value, made) if last else {}
        if last:
            leaf(node, name)
            return
        node = value
    if type(node) is list:
        for element in node:
            walk(element, path, at, leaf, made)
    elif node is None or is_null(node):
        return
    else:
        raise KustomizeError("expected sequence or mapping node")


def _after_null(null: Scalar, made: Callable[[], Any]) -> Any:
    """What a null turns into where a transformer creates fields: a scalar keeps its text, as in ``e-null``."""
    value = made()
    return value if type(value) is dict or not null.text else Scalar(null.text, "")


def _no_field(name: str) -> KustomizeError:
    said = "wildcard is not supported in PathGetter"
    if str.__ne__(name, "*"):
        said = "wrong node kind: expected SequenceNode but got MappingNode"
    return KustomizeError(
        f"fieldName: {name}: {said}",
        hint="the path of a field spec names fields only; it passes through every element of a list by itself",
    )


def made_scalar() -> Any:
    """A new scalar without text."""
    return EMPTY_NULL


def merge_specs(old: tuple[FieldSpec, ...], new: Iterable[FieldSpec], table: str) -> tuple[FieldSpec, ...]:
    """Old specs and new ones; an entry that says the same is not repeated.

    Raises:
        KustomizeError: two entries differ in ``create`` only.
    """
    merged = list(old)
    by_path: dict[str, list[FieldSpec]] = {}
    for spec in merged:
        by_path.setdefault(spec.path, []).append(spec)
    for spec in new:
        same = by_path.setdefault(spec.path, [])
        for known in same:
            if spec.matches(known.group, known.version, known.kind):
                if known.create != spec.create:
                    title = table[:1].upper() + table[1:]
                    raise KustomizeError(
                        f"failed to merge {title} fieldSpec: conflicting fieldspecs",
                        hint=f"all entries for {spec.path} say the same of create, the built-in ones too",
                    )
                break
        else:
            merged.append(spec)
            same.append(spec)
    return tuple(merged)
