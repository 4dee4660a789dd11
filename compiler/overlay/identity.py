"""Which object of the parent a wanted object is, as Kustomize tells objects apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from compiler.errors import CompilerError
from compiler.k8s.objects import Object
from compiler.kustomize.schema import CLUSTER_SCOPED


class Identity(NamedTuple):
    """Kustomize's id of an object; unlike Kubernetes' it holds the version, and no namespace means ``default``."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


def identity_of(obj: Mapping[str, Any]) -> Identity:
    """The id of ``obj``."""
    metadata = obj["metadata"]
    group, _, version = str(obj.get("apiVersion") or "").rpartition("/")
    namespace = "" if cluster_scoped(obj) else str(metadata.get("namespace") or "default")
    return Identity(group, version, str(obj.get("kind") or ""), namespace, str(metadata["name"]))


def cluster_scoped(obj: Mapping[str, Any]) -> bool:
    """Whether Kustomize is certain that the kind has no namespace; it takes an unknown kind for namespaced."""
    return f"{obj.get('apiVersion')} {obj.get('kind')}" in CLUSTER_SCOPED


@dataclass(frozen=True, slots=True)
class Matching:
    """The objects of two models, side by side, each list sorted by id.

    Args:
        pairs: those on both sides: as the parent has them, as they are wanted.
        new: those that only the wanted model has.
        gone: those that only the parent has.
    """

    pairs: tuple[tuple[Object, Object], ...]
    new: tuple[Object, ...]
    gone: tuple[Object, ...]


def match(parent: Iterable[Object], wanted: Iterable[Object], *, moving: bool) -> Matching:
    """Pair the objects of two models.

    Args:
        moving: whether all wanted objects share a namespace that Kustomize will set: then an object of the parent is
            the same object in whatever namespace it is.

    Raises:
        CompilerError: one model has two objects of one id.
    """
    old = _by_identity(parent)
    new = _by_identity(wanted)
    pairs: list[tuple[Object, Object]] = []
    added: list[Object] = []
    left = dict(old)
    for identity in sorted(new):
        found = identity if identity in left else None
        if found is None and moving:
            found = next((one for one in sorted(left) if one._replace(namespace=identity.namespace) == identity), None)
        if found is None:
            added.append(new[identity])
        else:
            pairs.append((left.pop(found), new[identity]))
    return Matching(tuple(pairs), tuple(added), tuple(left[identity] for identity in sorted(left)))


def _by_identity(objects: Iterable[Object]) -> dict[Identity, Object]:
    found: dict[Identity, Object] = {}
    for obj in objects:
        identity = identity_of(obj)
        if identity in found:
            raise CompilerError(f"the model has two objects {identity}")
        found[identity] = obj
    return found
