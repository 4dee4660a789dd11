"""The identity of an object: version, kind, name, effective namespace, and which kinds have none (kustomize.md, 6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from compiler.kustomize.schema import CLUSTER_SCOPED

if TYPE_CHECKING:
    from contextvars import ContextVar

CLUSTER = "_non_namespaceable_"
_groups: dict[str, tuple[str, str]] = {}


class Id(NamedTuple):
    """Identity: apiVersion, kind, name and *effective* namespace (kustomize.md, section 6)."""

    api_version: str
    kind: str
    name: str
    namespace: str


CLUSTER_KINDS = {entry.partition(" ")[2] for entry in CLUSTER_SCOPED}
"""The kinds for which it is worth asking further: Kubernetes' own, and those of any ``openapi.path`` so far."""
_more_scoped: ContextVar[frozenset[str]] | None = None
"""What a build (a thread, a context) knows besides; there is none before the first schema that tells scopes."""


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


def forget_scopes() -> None:
    """Begin a build: what :func:`know_cluster_scoped` told an earlier one does not hold."""
    if _more_scoped is not None:
        _more_scoped.set(frozenset())


def know_cluster_scoped(kinds: Iterable[str]) -> None:
    """Take kinds (``apiVersion kind``) to be cluster-scoped for the rest of the build, besides Kubernetes' own."""
    global _more_scoped
    if _more_scoped is None:
        from contextvars import ContextVar

        _more_scoped = ContextVar("more_scoped", default=frozenset())
    known = frozenset(kinds)
    CLUSTER_KINDS.update(entry.partition(" ")[2] for entry in known)
    _more_scoped.set(_more_scoped.get() | known)


def is_cluster_scoped(api_version: str, kind: str) -> bool:
    """Whether a kind is certainly cluster-scoped."""
    if kind not in CLUSTER_KINDS:
        return False
    name = f"{api_version} {kind}"
    return name in CLUSTER_SCOPED or (_more_scoped is not None and name in _more_scoped.get())


def effective(api_version: str, kind: str, namespace: str) -> str:
    """The namespace that identity counts with."""
    if kind in CLUSTER_KINDS and is_cluster_scoped(api_version, kind):
        return CLUSTER
    return namespace or "default"


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
