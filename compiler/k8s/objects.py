"""Identity of Kubernetes objects, and the model: the objects that an effective spec means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]
"""One Kubernetes object: ``apiVersion``, ``kind``, ``metadata`` and the rest, plain data."""


@dataclass(frozen=True, order=True, slots=True)
class ObjectKey:
    """What makes an object the same object on both sides of a comparison.

    The version is left out: ``apps/v1`` and ``apps/v1beta1`` name one object to the API server.
    """

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name}"


def key_of(obj: Mapping[str, Any]) -> ObjectKey:
    """The key of ``obj``; absent parts are empty strings."""
    metadata = obj.get("metadata") or {}
    group, _, version = str(obj.get("apiVersion") or "").rpartition("/")
    del version
    return ObjectKey(
        group, str(obj.get("kind") or ""), str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
    )


@dataclass(frozen=True)
class GeneratedConfigMap:
    """A ConfigMap that Kustomize generates from files, so that its name carries a hash of its content.

    Args:
        name: without the hash.
        files: key of the ConfigMap (a file name) to its text.
        labels: labels on the ConfigMap itself.
    """

    name: str
    files: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """What an effective spec means: complete objects, and the ConfigMaps to be generated.

    Objects refer to a generated ConfigMap by its name without the hash.

    Args:
        objects: complete objects with unique keys; namespaced ones carry ``metadata.namespace`` when
            the model has a namespace.
        config_maps: unique names, none of which is also the name of a ConfigMap in ``objects``.
        namespace: the namespace of the namespaced objects, or ``None`` for a base.
    """

    objects: tuple[Object, ...]
    config_maps: tuple[GeneratedConfigMap, ...] = ()
    namespace: str | None = None

    def by_key(self) -> dict[ObjectKey, Object]:
        """The objects by key."""
        return {key_of(obj): obj for obj in self.objects}
