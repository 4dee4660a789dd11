"""The environment of a container: image, service links, envFrom, env, references into the pod."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.e2e.podrunner.objects import Key, Object, RunnerError, field, quantity

Lookup = Callable[[Key], Object | None]

_REFERENCE = re.compile(r"\$(\$|\(([^()$]*)\))")
_LABEL = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


class NotYet(Exception):
    """Something the pod refers to is not there: the container waits, as CreateContainerConfigError does."""


def secret_data(obj: Object) -> dict[str, bytes]:
    """The keys of a Secret or ConfigMap as bytes."""
    values: dict[str, bytes] = {}
    sealed = obj["kind"] == "Secret"
    try:
        for key, text in (obj.get("binaryData" if not sealed else "data") or {}).items():
            values[key] = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RunnerError(f"{obj['kind']} {obj['metadata']['name']}: key {key} is not base64") from error
    for key, text in (obj.get("stringData" if sealed else "data") or {}).items():
        if not isinstance(text, str):
            raise RunnerError(f"{obj['kind']} {obj['metadata']['name']}: the value of {key} is not a string")
        values[key] = text.encode()
    return values


def expand(text: str, env: Mapping[str, str]) -> str:
    """Kubernetes' ``$(NAME)``: replaced when known, left alone when not, ``$$`` is a dollar."""

    def one(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        return env.get(match[2], match[0])

    return _REFERENCE.sub(one, text)


def pod_field(pod: Object, path: str) -> str:
    """A downward API field of ``pod``, which carries its status (podIP, hostIP)."""
    if found := _LABEL.fullmatch(path):
        return str(field(pod, f"metadata.{found[1]}", {}).get(found[2], ""))
    if path in ("metadata.labels", "metadata.annotations"):
        return "\n".join(f'{key}="{value}"' for key, value in sorted(field(pod, path, {}).items()))
    if path == "status.podIPs":
        path = "status.podIP"
    return str(field(pod, path, ""))


def resource_field(pod: Object, container: Object, reference: Mapping[str, Any]) -> str:
    """A resourceFieldRef: the amount divided by the divisor, rounded up."""
    name = reference.get("containerName") or container["name"]
    spec = pod["spec"]
    holder = next(item for item in [*spec["containers"], *(spec.get("initContainers") or ())] if item["name"] == name)
    kind, _, resource = reference["resource"].partition(".")
    amount = field(holder, f"resources.{kind}", {}).get(resource, "0")
    divisor = quantity(reference.get("divisor") or 1) or 1
    return str(-(-quantity(amount) // divisor))


def build(
    pod: Object, container: Object, base: Mapping[str, str], links: Mapping[str, str], lookup: Lookup
) -> dict[str, str]:
    """The container's environment.

    Args:
        pod: with status.podIP.
        container: of that pod.
        base: what the image sets.
        links: what the Services of the namespace add.
        lookup: an object by key.

    Raises:
        NotYet: a Secret or ConfigMap, or its key, that is not optional is missing.
    """
    namespace = field(pod, "metadata.namespace", "default")
    env = {**base, "HOSTNAME": pod["metadata"]["name"], **links}
    for source in container.get("envFrom") or ():
        for kind, name in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            if reference := source.get(name):
                found = lookup(Key(kind, namespace, reference["name"]))
                if found is None and not reference.get("optional"):
                    raise NotYet(f"{kind} {reference['name']} is not there")
                for key, value in (secret_data(found) if found else {}).items():
                    env[source.get("prefix", "") + key] = value.decode()
    for item in container.get("env") or ():
        text = _value(item, pod, container, namespace, lookup, env)
        if text is not None:
            env[item["name"]] = text
    return env


def _value(
    item: Object, pod: Object, container: Object, namespace: str, lookup: Lookup, env: Mapping[str, str]
) -> str | None:
    source = item.get("valueFrom")
    if not source:
        return expand(str(item.get("value") or ""), env)
    for kind, name in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        if reference := source.get(name):
            found = lookup(Key(kind, namespace, reference["name"]))
            data = secret_data(found) if found else {}
            if reference["key"] in data:
                return data[reference["key"]].decode()
            if reference.get("optional"):
                return None
            raise NotYet(
                f"{kind} {reference['name']} has no key {reference['key']}"
                if found
                else f"no {kind} {reference['name']}"
            )
    if reference := source.get("fieldRef"):
        return pod_field(pod, reference["fieldPath"])
    if reference := source.get("resourceFieldRef"):
        return resource_field(pod, container, reference)
    raise RunnerError(f"env {item['name']}: the runner does not know {', '.join(source)}")


def service_links(services: Iterable[Object]) -> dict[str, str]:
    """The variables that ``enableServiceLinks`` adds for the Services of the namespace."""
    env: dict[str, str] = {}
    for service in services:
        address, ports = field(service, "spec.clusterIP"), field(service, "spec.ports", [])
        if not address or address == "None" or not ports:
            continue
        name = service["metadata"]["name"].upper().replace("-", "_")
        env[f"{name}_SERVICE_HOST"] = address
        env[f"{name}_SERVICE_PORT"] = str(ports[0]["port"])
        env[f"{name}_PORT"] = f"tcp://{address}:{ports[0]['port']}"
        for port in ports:
            protocol = port.get("protocol", "TCP")
            stem = f"{name}_PORT_{port['port']}_{protocol}"
            if port.get("name"):
                env[f"{name}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
            env[stem] = f"{protocol.lower()}://{address}:{port['port']}"
            env |= {f"{stem}_PROTO": protocol.lower(), f"{stem}_PORT": str(port["port"]), f"{stem}_ADDR": address}
    return env
