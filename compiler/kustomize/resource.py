"""A resource: one object with the bookkeeping that Kustomize keeps about it, and the ordered list of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.scalars import Repeated, copy, is_null, made_key, text_of
from compiler.kustomize.schema import CLUSTER_SCOPED

CLUSTER = "_non_namespaceable_"
INTERNAL = "internal.config.kubernetes.io/"
HELM_GENERATED = INTERNAL + "helm-generated"
_groups: dict[str, tuple[str, str]] = {}


class Id(NamedTuple):
    """Identity: apiVersion, kind, name and *effective* namespace (kustomize.md, section 6)."""

    api_version: str
    kind: str
    name: str
    namespace: str


_cluster_kinds = {entry.partition(" ")[2] for entry in CLUSTER_SCOPED}
"""The kinds for which it is worth asking further: Kubernetes' own, and those of any ``openapi.path`` so far."""
_more_scoped: ContextVar[frozenset[str]] = ContextVar("more_scoped", default=frozenset())
_make = tuple.__new__
"""A named tuple from a tuple, at a third of the price: ids are made all the time."""


class Origin(NamedTuple):
    """Where an object comes from.

    Args:
        path: the file, or the kustomization that generated it, relative to the tree's root.
        line: the 1-based line where its document starts (1 for a generated object).
        document: the 0-based index of its document in the file, None when it was generated.
    """

    path: str
    line: int
    document: int | None = None


def group_version(api_version: str) -> tuple[str, str]:
    """``apps/v1`` as ("apps", "v1"); ``v1`` as ("", "v1")."""
    found = _groups.get(api_version)
    if found is None:
        group, slash, version = api_version.partition("/")
        found = _groups[api_version] = (group, version) if slash else ("", api_version)
    return found


@contextmanager
def own_scopes() -> Iterator[None]:
    """Within a build, what :func:`know_cluster_scoped` adds; nothing of other builds."""
    token = _more_scoped.set(frozenset())
    try:
        yield
    finally:
        _more_scoped.reset(token)


def know_cluster_scoped(kinds: Iterable[str]) -> None:
    """Take kinds (``apiVersion kind``) to be cluster-scoped for the rest of the build, besides Kubernetes' own."""
    known = frozenset(kinds)
    _cluster_kinds.update(entry.partition(" ")[2] for entry in known)
    _more_scoped.set(_more_scoped.get() | known)


def is_cluster_scoped(api_version: str, kind: str) -> bool:
    """Whether a kind is certainly cluster-scoped."""
    if kind not in _cluster_kinds:
        return False
    name = f"{api_version} {kind}"
    return name in CLUSTER_SCOPED or name in _more_scoped.get()


def effective(api_version: str, kind: str, namespace: str) -> str:
    """The namespace that identity counts with."""
    if is_cluster_scoped(api_version, kind):
        return CLUSTER
    return namespace or "default"


def _said(node: Any) -> str:
    """The text of a name or namespace; a null says nothing."""
    return "" if is_null(node) else text_of(node)


class Resource:
    """An object in the pipeline.

    Args:
        node: the object.
        origin: where it comes from.
    """

    __slots__ = (
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
        self.schemas = False
        """Whether its file has comments that rule how it merges."""

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
        twin.schemas = self.schemas
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
        return _said(self.metadata.get("name"))

    @property
    def namespace(self) -> str:
        return _said(self.metadata.get("namespace"))

    def current(self) -> Id:
        """The id as it is now."""
        node = self.node
        api_version, kind = node.get("apiVersion"), node.get("kind")
        if type(api_version) is not str:
            api_version = text_of(api_version)
        if type(kind) is not str:
            kind = text_of(kind)
        metadata = node.get("metadata")
        if type(metadata) is not dict:
            return Id(api_version, kind, "", effective(api_version, kind, ""))
        name = metadata.get("name")
        if type(name) is not str:
            name = _said(name)
        if kind in _cluster_kinds and is_cluster_scoped(api_version, kind):
            return _make(Id, (api_version, kind, name, CLUSTER))
        namespace = metadata.get("namespace")
        if type(namespace) is not str:
            namespace = _said(namespace)
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
        """Every name it has or had, each once."""
        if not self.previous:
            return (self.name,)
        names = {entry[0]: None for entry in self.previous}
        names[self.name] = None
        return names

    def push_history(self) -> Id:
        """Remember the current id, and return it."""
        current = self.current()
        self.previous.append((current.name, current.namespace, current.kind))
        return current

    def rewrite_annotations(self) -> None:
        """Turn annotations into a map of strings; an empty one disappears."""
        metadata = self.node.get("metadata")
        if type(metadata) is not dict or "annotations" not in metadata:
            return
        annotations = metadata["annotations"]
        if type(annotations) is not dict or not annotations:
            del metadata["annotations"]
            return
        for value in annotations.values():
            if type(value) is not str:
                break
        else:
            return
        metadata["annotations"] = {made_key(key): value for key, value in self.strings("annotations").items()}

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


def id_text(identity: Id, namespace: str | None = None) -> str:
    """An id as the real tool writes it: ``Kind.version.group/name.namespace``."""
    group, version = group_version(identity.api_version)
    space = identity.namespace if namespace is None else namespace
    if space in ("default", CLUSTER):
        space = "" if namespace is None else space
    return (
        f"{identity.kind or '[noKind]'}.{version or '[noVer]'}.{group or '[noGrp]'}"
        f"/{identity.name or '[noName]'}.{space or '[noNs]'}"
    )


class Resources:
    """An ordered list of resources with unique current ids, indexed by name so that look-ups stay linear."""

    def __init__(self, items: Iterable[Resource] = ()) -> None:
        self.items: list[Resource] = list(items)
        self._current: dict[Id, Resource] | None = None
        self._names: dict[str, list[Resource]] | None = None
        self.work = 0
        """How many resources were looked at to build indexes: a measure of work for tests."""

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
            self._names = {}
            for resource in self.items:
                for known in resource.names():
                    self._names.setdefault(known, []).append(resource)
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
            for known in resource.names():
                self._names.setdefault(known, []).append(resource)

    def require_unique(self) -> None:
        """Refuse two resources with one current id.

        Raises:
            KustomizeError: there are two.
        """
        self.changed()
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


def take_bookkeeping(resource: Resource) -> None:
    """Move history that a file carries in its annotations into the resource, where transformers look for it."""
    annotations = resource.metadata.get("annotations")
    if type(annotations) is not dict or not any(key.startswith(INTERNAL) for key in annotations):
        return
    values = {key: text_of(value) for key, value in annotations.items()}
    names = _csv(values.get(INTERNAL + "previousNames"))
    spaces = _csv(values.get(INTERNAL + "previousNamespaces"))
    kinds = _csv(values.get(INTERNAL + "previousKinds"))
    if not len(names) == len(spaces) == len(kinds):
        raise KustomizeError(
            "number of previous names, number of previous namespaces, number of previous kinds not equal",
            path=resource.origin.path,
            line=resource.origin.line,
        )
    resource.previous = list(zip(names, spaces, kinds, strict=True))
    resource.prefixes = _csv(values.get(INTERNAL + "prefixes"))
    resource.suffixes = _csv(values.get(INTERNAL + "suffixes"))
    resource.needs_hash = values.get(INTERNAL + "needsHashSuffix") == "enabled"
    for name in INTERNAL_DROPPED:
        annotations.pop(INTERNAL + name, None)
    if not annotations and not is_null(annotations):
        resource.metadata.pop("annotations", None)


INTERNAL_DROPPED = (
    *("previousKinds", "previousNames", "previousNamespaces", "prefixes", "suffixes", "allowNameChange"),
    *("allowKindChange", "refBy", "generatorBehavior", "needsHashSuffix", "path", "index", "seqindent", "id"),
    *("annotations-migration-resource-id",),
)
DROPPED_ANNOTATIONS = (
    *(INTERNAL + name for name in INTERNAL_DROPPED),
    *("config.kubernetes.io/path", "config.kubernetes.io/index", "config.k8s.io/id"),
    HELM_GENERATED,
    *("config.kubernetes.io/origin", "alpha.config.kubernetes.io/transformations"),
)


def _csv(text: str | None) -> list[str]:
    return text.split(",") if text else []
