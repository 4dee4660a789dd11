"""A rendering with its indexes: objects by name, pods, and the keys that each Secret and ConfigMap will hold."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from compiler.check.finding import Item
from compiler.check.pods import Pod, matches, pods
from compiler.check.shape import at, map_at, maps_at, text_at

Declared = Mapping[tuple[str, str], Collection[str] | None]
"""What exists outside of the rendering: (kind, name) to its keys, or ``None`` when any key may be there."""

Keys = frozenset[str] | None
"""Keys of a Secret or ConfigMap; ``None``: unknown, so every key counts as there."""

_TLS = frozenset(["tls.crt", "tls.key"])
_TOKEN = frozenset(["ca.crt", "namespace", "token"])
ISSUER_ANNOTATIONS = ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer")
"""An Ingress with one of these gets its TLS Secrets from cert-manager."""


@dataclass(frozen=True)
class Rendering:
    """The objects of one overlay.

    Args:
        items: the objects in their order.
        declared: what exists beside them.
    """

    items: Sequence[Item]
    declared: Declared

    @cached_property
    def pods(self) -> tuple[Pod, ...]:
        """Every pod template."""
        return pods(self.items)

    @cached_property
    def by_name(self) -> dict[tuple[str, str, str], Item]:
        """Objects by kind, namespace and name."""
        return {(item.key.kind, item.key.namespace, item.key.name): item for item in self.items}

    @cached_property
    def _keys(self) -> dict[tuple[str, str, str], Keys]:
        collected: dict[tuple[str, str, str], Keys] = {}
        for item in self.items:
            for kind, name, keys in produced(item):
                place = (kind, item.key.namespace, name)
                before = collected.get(place, frozenset())
                collected[place] = None if keys is None or before is None else before | keys
        return collected

    def of_kind(self, kind: str) -> Iterator[Item]:
        """The objects of a kind."""
        return (item for item in self.items if item.key.kind == kind)

    def get(self, kind: str, namespace: str, name: str) -> Item | None:
        """The object of that name."""
        return self.by_name.get((kind, namespace, name))

    def exists(self, kind: str, namespace: str, name: str) -> bool:
        """Whether the object is rendered, made from one that is, or declared."""
        place = (kind, namespace, name)
        return place in self.by_name or place in self._keys or (kind, name) in self.declared

    def made(self) -> Iterator[tuple[str, str, str]]:
        """The kind, namespace and name of every Secret and ConfigMap that is rendered or made from what is."""
        return iter(self._keys)

    def keys(self, kind: str, namespace: str, name: str) -> Keys:
        """The keys that a Secret or ConfigMap that exists will hold: those it is rendered with, else the declared."""
        place = (kind, namespace, name)
        if place in self._keys:
            return self._keys[place]
        declared = self.declared.get((kind, name), frozenset())
        return None if declared is None else frozenset(declared)

    def names(self, kind: str, namespace: str) -> tuple[str, ...]:
        """The names of a kind that exist in a namespace, for suggestions."""
        known = {key[2] for key in (*self.by_name, *self._keys) if key[:2] == (kind, namespace)}
        return tuple(sorted(known | {name for other, name in self.declared if other == kind}))

    def selected(self, selector: object, namespace: str) -> tuple[Pod, ...]:
        """The pods that a LabelSelector selects."""
        return tuple(pod for pod in self.pods if pod.namespace == namespace and matches(selector, pod.labels))


def produced(item: Item) -> Iterator[tuple[str, str, Keys]]:
    """The Secrets and ConfigMaps that come of an object: kind, name, and keys.

    A sealed Secret counts as the keys it holds, a SealedSecret, an ExternalSecret and a Certificate as the Secret
    that their controller makes.
    """
    data, name = item.data, item.key.name
    match item.key.kind:
        case "ConfigMap":
            yield "ConfigMap", name, frozenset(map_at(data, "data")) | frozenset(map_at(data, "binaryData"))
        case "Secret":
            token = _TOKEN if data.get("type") == "kubernetes.io/service-account-token" else frozenset()
            yield "Secret", name, frozenset(map_at(data, "data")) | frozenset(map_at(data, "stringData")) | token
        case "SealedSecret":
            template = map_at(data, "spec", "template", "data")
            yield "Secret", name, frozenset(map_at(data, "spec", "encryptedData")) | frozenset(template)
        case "ExternalSecret":
            open_ended = at(data, "spec", "dataFrom") or at(data, "spec", "target", "template")
            keys = frozenset(text_at(one, "secretKey") for _, one in maps_at(data, "spec", "data"))
            yield "Secret", text_at(data, "spec", "target", "name") or name, None if open_ended else keys
        case "Certificate":
            yield "Secret", text_at(data, "spec", "secretName"), _TLS | {"ca.crt"}
        case "Ingress":
            annotations = map_at(data, "metadata", "annotations")
            if any(annotation in annotations for annotation in ISSUER_ANNOTATIONS):
                for _, entry in maps_at(data, "spec", "tls"):
                    yield "Secret", text_at(entry, "secretName"), _TLS
