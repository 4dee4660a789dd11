"""A resource: one object with the bookkeeping that Kustomize keeps about it, and the ordered list of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.identity import (
    CLUSTER,
    CLUSTER_KINDS,
    Id,
    Origin,
    id_text,
    is_cluster_scoped,
)
from compiler.kustomize.scalars import Repeated, copy, is_null, text_of
from compiler.kustomize.setter import made_key

_make = tuple.__new__
"""A named tuple from a tuple, at a third of the price: ids are made all the time."""


def _said(node: Any) -> str:
    """The text of a name or namespace; a null says nothing."""
    if node is None:
        return ""
    if isinstance(node, str):
        return node
    return "" if is_null(node) else text_of(node)


class Resource:
    """An object in the pipeline.

    Args:
        node: the object.
        origin: where it comes from.
    """

    __slots__ = (
        "claim",
        "commented",
        "flow",
        "generator",
        "needs_hash",
        "node",
        "origin",
        "prefixes",
        "previous",
        "refs",
        "schemas",
        "suffixes",
        "trail",
    )

    def __init__(self, node: dict[str, Any], origin: Origin) -> None:
        self.node = node
        self.origin = origin
        self.previous: list[tuple[str, str, str]] = []
        """Earlier (name, effective namespace, kind), the oldest first."""
        self.prefixes: list[str] = []
        self.suffixes: list[str] = []
        self.needs_hash = False
        self.generator: Any = None
        self.trail: list[dict[str, Any]] | None = None
        self.refs: Any = None
        self.claim: dict[str, Any] | None = None
        """The step that stands as its origin in ``buildMetadata``; empty when it lost its own and none ran since."""
        self.schemas: Mapping[str, Any] = {}
        """What comments in its file say of how it merges (:mod:`compiler.kustomize.remarks`)."""
        self.commented = ""
        """The text it was read from, while comments behind keys may matter (:mod:`compiler.kustomize.beside`)."""
        self.flow = False
        """Whether it was read from one flow map, as JSON is: an empty text made there is no null."""

    def copy(self) -> Resource:
        """A copy that can be changed without changing this one."""
        twin = Resource(copy(self.node), self.origin)
        twin.previous = list(self.previous)
        twin.prefixes = list(self.prefixes)
        twin.suffixes = list(self.suffixes)
        twin.needs_hash = self.needs_hash
        twin.generator = self.generator
        twin.trail = None if self.trail is None else list(self.trail)
        twin.refs = self.refs
        twin.claim = self.claim
        twin.schemas = self.schemas
        twin.flow = self.flow
        twin.commented = self.commented
        return twin

    @property
    def metadata(self) -> dict[str, Any]:
        """The metadata map (an empty one when there is none)."""
        found = self.node.get("metadata")
        return found if type(found) is dict else {}

    @property
    def api_version(self) -> str:
        found = self.node.get("apiVersion")
        return found if type(found) is str else text_of(found)

    @property
    def kind(self) -> str:
        found = self.node.get("kind")
        return found if type(found) is str else text_of(found)

    @property
    def name(self) -> str:
        metadata = self.node.get("metadata")
        found = metadata.get("name") if type(metadata) is dict else None
        return found if type(found) is str else _said(found)

    @property
    def namespace(self) -> str:
        metadata = self.node.get("metadata")
        found = metadata.get("namespace") if type(metadata) is dict else None
        return found if type(found) is str else _said(found)

    def header(self) -> tuple[str, str, str, str]:
        """API version, kind, name, and namespace as it is written: all at once, for loops over many objects."""
        node = self.node
        api_version, kind, metadata = node.get("apiVersion"), node.get("kind"), node.get("metadata")
        if type(api_version) is not str:
            api_version = text_of(api_version)
        if type(kind) is not str:
            kind = text_of(kind)
        if type(metadata) is not dict:
            return api_version, kind, "", ""
        name, namespace = metadata.get("name"), metadata.get("namespace")
        if type(name) is not str:
            name = _said(name)
        if namespace is None:
            namespace = ""
        elif type(namespace) is not str:
            namespace = _said(namespace)
        return api_version, kind, name, namespace

    def current(self) -> Id:
        """The id as it is now."""
        api_version, kind, name, namespace = self.header()
        if kind in CLUSTER_KINDS and is_cluster_scoped(api_version, kind):
            return _make(Id, (api_version, kind, name, CLUSTER))
        return _make(Id, (api_version, kind, name, namespace or "default"))

    def earlier(self) -> list[Id]:
        """The ids it had before, the oldest first (group and version are always the current ones)."""
        version = self.api_version
        return [_make(Id, (version, kind, name, namespace)) for name, namespace, kind in self.previous]

    def original(self) -> Id:
        """The oldest id."""
        if not self.previous:
            return self.current()
        name, namespace, kind = self.previous[0]
        return _make(Id, (self.api_version, kind, name, namespace))

    def all_ids(self) -> list[Id]:
        """Every id it has or had."""
        return [*self.earlier(), self.current()]

    def names(self) -> Iterable[str]:
        """Every name it has or had, some maybe more than once."""
        return (*[entry[0] for entry in self.previous], self.name) if self.previous else (self.name,)

    def push_history(self) -> Id:
        """Remember the current id, and return it; what never had a name (a list) has no history.

        Raises:
            KustomizeError: it lost its name, or has a comma in it. Kustomize keeps its history as comma-separated
                lists, and ends with a panic when they are of unequal length.
        """
        current = self.current()
        _, kind, name, namespace = current
        if not name and not self.previous:
            return current
        if not name or "," in name or "," in kind:
            raise KustomizeError(
                "number of previous names, number of previous namespaces, number of previous kinds not equal",
                path=self.origin.path,
                line=self.origin.line,
                hint="an object must have a name without commas before a prefix, suffix or namespace is put on it",
            )
        self.previous.append((name, namespace, kind))
        return current

    def noted(self) -> bool:
        """Whether Kustomize keeps notes about it, which it does in annotations."""
        return bool(self.previous or self.prefixes or self.suffixes or self.needs_hash or self.generator)

    def lose_origin(self) -> None:
        """Forget where it came from (``buildMetadata``): a patch took the annotation away that said so."""
        self.claim, self.trail = {}, None

    def forget_history(self) -> None:
        """Forget earlier ids, prefixes, suffixes and the wish for a hash, too: Kustomize keeps them in annotations."""
        self.lose_origin()
        self.previous, self.prefixes, self.suffixes = [], [], []
        self.needs_hash = False

    def rewrite_annotations(self) -> None:
        """Turn annotations into a map of strings; an empty one disappears."""
        metadata = self.node.get("metadata")
        if type(metadata) is not dict or "annotations" not in metadata:
            return
        annotations = metadata["annotations"]
        if type(annotations) is not dict or not annotations:
            del metadata["annotations"]
            return
        if all(type(value) is str for value in annotations.values()):
            return
        strings = {made_key(key): value for key, value in self.strings("annotations").items()}
        annotations.clear()  # the map stays itself: an image may be known to stand in it
        annotations.update(strings)

    def set_strings(self, field: str, values: dict[str, str]) -> None:
        """Rewrite labels or annotations as a map of strings, as the real setter does (keys lose their tag)."""
        metadata = self.node.get("metadata")
        if type(metadata) is not dict:
            metadata = self.node["metadata"] = {}
        if values:
            metadata[field] = {made_key(str(key)): str(values[key]) for key in sorted(values)}
        else:
            metadata.pop(field, None)

    def strings(self, field: str) -> dict[str, str]:
        """Labels or annotations as strings."""
        found = self.metadata.get(field)
        if type(found) is not dict:
            return {}
        strings = {}
        for key, value in found.items():
            if type(value) is Repeated:
                strings[value.key] = str(text_of(value.node))
            else:
                strings[str(key)] = str(text_of(value))
        return strings


class Resources:
    """An ordered list of resources with unique current ids, indexed by name so that look-ups stay linear."""

    def __init__(self, items: Iterable[Resource] = ()) -> None:
        self.items: list[Resource] = list(items)
        self._current: dict[Id, Resource] | None = None
        self._names: dict[str, list[Resource]] | None = None
        self.work = 0
        """How many resources were looked at to build indexes: a measure of work for tests."""
        self.merged = False
        """Whether a strategic merge has changed any."""

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def changed(self) -> None:
        """Forget the indexes: names, kinds or namespaces may have changed, or resources have gone."""
        self._current = None
        self._names = None

    def by_current(self) -> dict[Id, Resource]:
        """The resources by current id."""
        if self._current is None:
            self.work += len(self.items)
            self._current = {resource.current(): resource for resource in self.items}
        return self._current

    def named(self, name: str) -> list[Resource]:
        """The resources that have or had a name, in order."""
        if self._names is None:
            self.work += len(self.items)
            index: dict[str, list[Resource]] = {}
            self._names = index
            for resource in self.items:
                for known in resource.names():
                    same = index.get(known)
                    if same is None:
                        index[known] = [resource]
                    elif same[-1] is not resource:
                        same.append(resource)
        return self._names.get(name, [])

    def append(self, resource: Resource) -> None:
        """Add a resource at the end.

        Raises:
            KustomizeError: its id is taken.
        """
        index = self.by_current()
        identity = resource.current()
        if identity in index:
            other = index[identity]
            raise KustomizeError(
                f"may not add resource with an already registered id: {id_text(identity, resource.namespace)}",
                path=resource.origin.path,
                line=resource.origin.line,
                hint=f"it is already defined in {other.origin.path}:{other.origin.line}",
            )
        index[identity] = resource
        self.items.append(resource)
        if self._names is not None:
            for known in set(resource.names()):
                self._names.setdefault(known, []).append(resource)

    def require_unique(self) -> None:
        """Refuse two resources with one current id.

        Raises:
            KustomizeError: there are two.
        """
        self.changed()
        self.require_known_unique()

    def require_known_unique(self) -> None:
        """As :meth:`require_unique`, when every change of an id was told (:meth:`changed`).

        Raises:
            KustomizeError: there are two.
        """
        if len(self.by_current()) != len(self.items):
            Resources().extend(self.items)

    def extend(self, resources: Iterable[Resource]) -> None:
        """Add resources at the end, each with an id of its own."""
        if not self.items and isinstance(resources, Resources):
            index = resources.by_current()
            if len(index) == len(resources.items):
                self.items, self._current, self._names = list(resources.items), dict(index), None
                return
        for resource in resources:
            self.append(resource)

    def replace(self, old: Resource, new: Resource) -> None:
        """Put a resource in the place of another."""
        self.items[self.items.index(old)] = new
        self.changed()

    def drop(self, gone: set[int]) -> None:
        """Remove resources by their identity in memory (``id(resource)``)."""
        if gone:
            self.items = [resource for resource in self.items if id(resource) not in gone]
            self.changed()

    def with_any_id(self, identity: Id) -> list[Resource]:
        """The resources that have or had an id."""
        return [resource for resource in self.named(identity.name) if identity in resource.all_ids()]
