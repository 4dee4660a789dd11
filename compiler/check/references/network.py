"""Services to pods, Ingresses to Services, NetworkPolicies to pods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from compiler.check.finding import Finding, Item
from compiler.check.pods import Pod
from compiler.check.references.mounts import Use, resolve
from compiler.check.rendering import Rendering
from compiler.check.rules import found
from compiler.check.shape import at, map_at, maps_at, text_at


def check_services(rendering: Rendering) -> Iterator[Finding]:
    """A Service's selector selects pods, and each target port is one of theirs, by name or number."""
    for item in rendering.of_kind("Service"):
        selector = map_at(item.data, "spec", "selector")
        if not selector or at(item.data, "spec", "type") == "ExternalName":
            continue
        chosen = rendering.selected({"matchLabels": selector}, item.key.namespace)
        if not chosen:
            text = f"selects no pod of the rendering: {_labels(selector)}"
            yield found("reference/service-pods", item, "spec.selector", text)
            continue
        for index, port in maps_at(item.data, "spec", "ports"):
            target = port.get("targetPort", port.get("port"))
            protocol = text_at(port, "protocol") or "TCP"
            if not any(pod.has_port(target, protocol) for pod in chosen):
                text = f"no selected pod has the {protocol} port {target}; they have: {_ports(chosen)}"
                yield found("reference/service-port", item, f"spec.ports[{index}].targetPort", text)


def check_ingresses(rendering: Rendering) -> Iterator[Finding]:
    """An Ingress' backends are Services of the rendering with that port; its TLS Secrets exist."""
    for item in rendering.of_kind("Ingress"):
        for path, backend in _backends(item.data):
            yield from _backend(rendering, item, path, backend)
        for index, entry in maps_at(item.data, "spec", "tls"):
            path = f"spec.tls[{index}].secretName"
            keys = (("tls.crt", path), ("tls.key", path))
            yield from resolve(rendering, item, Use("Secret", text_at(entry, "secretName"), path, keys))


def check_network_policies(rendering: Rendering) -> Iterator[Finding]:
    """A NetworkPolicy selects pods, so do its peers in this namespace, and it opens ports that its pods have."""
    for item in rendering.of_kind("NetworkPolicy"):
        namespace = item.key.namespace
        selector = at(item.data, "spec", "podSelector")
        chosen = rendering.selected(selector, namespace)
        if selector and not chosen:
            text = f"selects no pod of the rendering: {_labels(map_at(selector, 'matchLabels'))}"
            yield found("reference/network-policy-pods", item, "spec.podSelector", text)
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            for index, rule in maps_at(item.data, "spec", direction):
                path = f"spec.{direction}[{index}]"
                targets = chosen if direction == "ingress" else ()
                for number, peer in maps_at(rule, peers):
                    wanted = peer.get("podSelector")
                    if not wanted or "namespaceSelector" in peer:
                        continue
                    if not rendering.selected(wanted, namespace):
                        text = f"selects no pod of the rendering: {_labels(map_at(wanted, 'matchLabels'))}"
                        place = f"{path}.{peers}[{number}].podSelector"
                        yield found("reference/network-policy-pods", item, place, text)
                yield from _policy_ports(item, rule, path, targets)


def _policy_ports(item: Item, rule: dict[str, Any], path: str, chosen: Sequence[Pod]) -> Iterator[Finding]:
    """Policies see the port of the pod, not of the Service: the other number is a usual mistake."""
    if not any(True for pod in chosen for _ in pod.ports()):
        return
    for index, port in maps_at(rule, "ports"):
        number, protocol = port.get("port"), text_at(port, "protocol") or "TCP"
        if number is None or "endPort" in port or any(pod.has_port(number, protocol) for pod in chosen):
            continue
        text = f"no selected pod has the {protocol} port {number}; they have: {_ports(chosen)}"
        yield found("reference/network-policy-port", item, f"{path}.ports[{index}].port", text)


def _backends(ingress: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if at(ingress, "spec", "defaultBackend"):
        yield "spec.defaultBackend", map_at(ingress, "spec", "defaultBackend")
    for index, rule in maps_at(ingress, "spec", "rules"):
        for number, path in maps_at(rule, "http", "paths"):
            yield f"spec.rules[{index}].http.paths[{number}].backend", map_at(path, "backend")


def _backend(rendering: Rendering, item: Item, path: str, backend: dict[str, Any]) -> Iterator[Finding]:
    name = text_at(backend, "service", "name")
    if not name:
        return
    service = rendering.get("Service", item.key.namespace, name)
    if service is None:
        if not rendering.exists("Service", item.key.namespace, name):
            text = f"Service {name} is not in the rendering"
            yield found("reference/ingress-service", item, f"{path}.service.name", text)
        return
    port = map_at(backend, "service", "port")
    wanted = port.get("name") or port.get("number")
    offered = [(text_at(one, "name"), one.get("port")) for _, one in maps_at(service.data, "spec", "ports")]
    if not any(wanted in pair for pair in offered):
        shown = ", ".join(f"{name} ({number})" if name else str(number) for name, number in offered)
        text = f"Service {name} has no port {wanted}; it has: {shown}"
        yield found("reference/ingress-port", item, f"{path}.service.port", text)


def _labels(labels: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels.items()) or "(expressions)"


def _ports(chosen: Sequence[Pod]) -> str:
    shown = {f"{name} ({number})" if name else str(number) for pod in chosen for name, number, _ in pod.ports()}
    return ", ".join(sorted(shown)) or "none"
