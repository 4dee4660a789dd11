"""Services: virtual addresses, endpoints by readiness, and the names that DNS answers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from tests.e2e.podrunner.dns import DOMAIN
from tests.e2e.podrunner.network import Network
from tests.e2e.podrunner.objects import Key, Object, RunnerError, field, key_of
from tests.e2e.podrunner.pod import Pod, named_ports
from tests.e2e.podrunner.rules import ServicePort


class Endpoints:
    """Which pods Services send to. A pod is added when it is ready, and taken out ``delay`` seconds after it is not."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._serving: dict[str, tuple[Pod, float | None]] = {}

    def update(self, pods: Iterable[Pod]) -> None:
        """Look at the pods again."""
        now = time.monotonic()
        for pod in pods:
            if pod.ready:
                self._serving[pod.uid] = (pod, None)
        for uid, (pod, lost) in list(self._serving.items()):
            if not pod.ready:
                lost = now if lost is None else lost
                self._serving[uid] = (pod, lost)
                if now - lost >= self._delay:
                    del self._serving[uid]

    def of(self, service: Object, pods: Iterable[Pod]) -> list[Pod]:
        """The pods that ``service`` sends to now, oldest first."""
        selector, namespace = field(service, "spec.selector", {}), key_of(service).namespace
        if not selector:
            return []
        serving = [pod for pod, _ in self._serving.values()]
        if field(service, "spec.publishNotReadyAddresses"):
            known = {pod.uid for pod in serving}
            serving += [pod for pod in pods if pod.uid not in known and pod.deleted is None and not pod.finished]
        found = [pod for pod in serving if pod.namespace == namespace and selector.items() <= pod.labels.items()]
        return sorted(found, key=lambda pod: pod.created)


def give_address(service: Object, old: Object | None, network: Network) -> None:
    """Fill in what the API server gives a Service: its virtual address and node ports; ``old`` keeps its own."""
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        raise RunnerError(f"{key_of(service)}: the runner does not do ExternalName")
    if not spec.get("clusterIP"):
        spec["clusterIP"] = field(old or {}, "spec.clusterIP") or network.service_address()
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        given = {port["port"]: port.get("nodePort") for port in field(old or {}, "spec.ports", [])}
        for port in spec.get("ports") or ():
            if not port.get("nodePort"):
                port["nodePort"] = given.get(port["port"]) or network.node_port()


def service_ports(service: Object, endpoints: list[Pod]) -> list[ServicePort]:
    """The ports of a Service with a virtual address, each with its backends."""
    address = field(service, "spec.clusterIP")
    if address == "None":
        return []
    found = []
    for port in field(service, "spec.ports", []):
        protocol = port.get("protocol", "TCP")
        backends = []
        for pod in endpoints:
            target = _target(port, protocol, pod)
            if target:
                backends.append((pod.address, target))
        found.append(ServicePort(address, int(port["port"]), protocol.lower(), tuple(backends), port.get("nodePort")))
    return found


def _target(port: Object, protocol: str, pod: Pod) -> int | None:
    target = port.get("targetPort") or port["port"]
    if isinstance(target, int):
        return target
    for name, kind, number in named_ports(pod):
        if name == target and kind == protocol:
            return number
    return None


def names(services: Iterable[tuple[Object, list[Pod]]], hosts: Mapping[str, str]) -> dict[str, list[str]]:
    """Every name that DNS knows, to its addresses."""
    found: dict[str, list[str]] = {name.lower(): [address] for name, address in hosts.items()}
    for service, endpoints in services:
        key: Key = key_of(service)
        full = f"{key.name}.{key.namespace}.svc.{DOMAIN}".lower()
        if field(service, "spec.clusterIP") != "None":
            found[full] = [service["spec"]["clusterIP"]]
            continue
        found[full] = [pod.address for pod in endpoints]
        for pod in endpoints:
            if pod.spec.get("subdomain") == key.name:
                found[f"{pod.hostname}.{full}".lower()] = [pod.address]
    return found
