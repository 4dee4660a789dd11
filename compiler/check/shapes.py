"""What the API server refuses although the schema allows it: names, labels, selectors, mounts, probes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from compiler.check.finding import Finding, Item
from compiler.check.pods import TEMPLATES, Pod, matches
from compiler.check.rendering import Rendering
from compiler.check.rules import found
from compiler.check.shape import at, map_at, maps_at, text_at
from compiler.k8s.names import is_label, is_qualified, is_subdomain

_RFC1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_PATH_NAMED = frozenset(["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"])
_SELECTED = frozenset(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"])
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_CLUSTER_SCOPED = frozenset(
    [
        "Namespace",
        "ClusterRole",
        "ClusterRoleBinding",
        "PersistentVolume",
        "StorageClass",
        "IngressClass",
        "PriorityClass",
        "CustomResourceDefinition",
        "RuntimeClass",
        "ClusterIssuer",
        "Node",
        "VolumeSnapshotClass",
    ]
)


def check_objects(rendering: Rendering) -> Iterator[Finding]:
    """Names, labels and namespaces, and that an object stands there once."""
    seen = Counter(item.key for item in rendering.items)
    for item in rendering.items:
        if seen[item.key] > 1:
            yield found("object/duplicate", item, "", f"stands in the rendering {seen[item.key]} times")
        yield from _name(item)
        yield from _labels(item)
    namespaces = {item.key.namespace for item in rendering.items if item.key.kind not in _CLUSTER_SCOPED}
    if "" in namespaces and len(namespaces) > 1:
        for item in rendering.items:
            if not item.key.namespace and item.key.kind not in _CLUSTER_SCOPED and "." not in item.key.group:
                others = ", ".join(sorted(namespaces - {""}))
                text = f"has no namespace, while others are in {others}"
                yield found("object/namespace", item, "metadata.namespace", text)


def check_pods(rendering: Rendering) -> Iterator[Finding]:
    """Selectors, volumes, mounts, containers and probes of every pod template."""
    for pod in rendering.pods:
        if pod.item.key.kind in _SELECTED:
            selector = at(pod.item.data, "spec", "selector")
            if isinstance(selector, dict) and not (selector and matches(selector, pod.labels)):
                text = "does not match the labels of the workload's own pods"
                yield found("pod/selector", pod.item, "spec.selector", text)
        yield from _volumes(pod)
        yield from _repeated(pod, [container.name for container in pod.containers()], "container")
        yield from _probe_ports(pod)


def _name(item: Item) -> Iterator[Finding]:
    name, kind = text_at(item.data, "metadata", "name"), item.key.kind
    if not name:
        if not text_at(item.data, "metadata", "generateName") and not kind.endswith("List"):
            yield found("object/name", item, "metadata.name", "has no name")
        return
    problem = ""
    if kind in _PATH_NAMED:
        problem = "may hold no / or %" if "/" in name or "%" in name else ""
    elif kind == "Service":
        problem = "" if _RFC1035.match(name) and len(name) <= 63 else "must be a DNS label that begins with a letter"
    elif kind == "Namespace":
        problem = "" if is_label(name) else "must be a DNS label"
    elif not is_subdomain(name):
        problem = "must be a DNS subdomain: lower case letters, digits, - and ."
    elif kind == "CronJob" and len(name) > 52:
        problem = "may have 52 characters at most, since its Jobs' names add 11"
    elif kind in ("Job", "StatefulSet") and len(name) > 63:
        problem = "may have 63 characters at most, since it becomes a label"
    if problem:
        yield found("object/name", item, "metadata.name", f'the name "{name}" {problem}')


def _labels(item: Item) -> Iterator[Finding]:
    places: list[tuple[str, ...]] = [("metadata",)]
    if item.key.kind in TEMPLATES and item.key.kind != "Pod":
        places.append((*TEMPLATES[item.key.kind], "metadata"))
    for place in places:
        for group in ("labels", "annotations"):
            for key, value in map_at(item.data, *place, group).items():
                problem = _key_problem(str(key)) or (_value_problem(value) if group == "labels" else "")
                if problem:
                    yield found("object/label", item, ".".join((*place, group)), f'"{key}": {problem}')


def _key_problem(key: str) -> str:
    prefix, slash, name = key.rpartition("/")
    if slash and not is_subdomain(prefix):
        return "what stands before the / must be a DNS subdomain"
    if not is_qualified(name):
        return "a key has at most 63 letters, digits, -, _ and ., and begins and ends with a letter or digit"
    return ""


def _value_problem(value: Any) -> str:
    if isinstance(value, str) and value and not is_qualified(value):
        return "a value has at most 63 letters, digits, -, _ and ., and begins and ends with a letter or digit"
    return ""


def _volumes(pod: Pod) -> Iterator[Finding]:
    volumes = [text_at(volume, "name") for _, volume in maps_at(pod.spec, "volumes")]
    claims = []
    if pod.item.key.kind == "StatefulSet":
        templates = maps_at(pod.item.data, "spec", "volumeClaimTemplates")
        claims = [text_at(claim, "metadata", "name") for _, claim in templates]
    yield from _repeated(pod, [*volumes, *claims], "volume")
    mounted: set[str] = set()
    for container in pod.containers():
        paths: set[str] = set()
        for field, where in (("volumeMounts", "mountPath"), ("volumeDevices", "devicePath")):
            for index, mount in maps_at(container.data, field):
                name, path = text_at(mount, "name"), text_at(mount, where)
                place = f"{container.path}.{field}[{index}]"
                mounted.add(name)
                if name not in volumes and name not in claims:
                    text = f"volume {name} is not a volume of the pod"
                    yield found("pod/volume", pod.item, f"{place}.name", text)
                if path and (path.rstrip("/") or "/") in paths:
                    text = f"{path} is mounted twice in container {container.name}"
                    yield found("pod/duplicate-mount", pod.item, f"{place}.{where}", text)
                paths.add(path.rstrip("/") or "/")
    for index, name in enumerate(volumes):
        if name not in mounted:
            yield pod.found("pod/unused-volume", f"volumes[{index}]", f"no container mounts volume {name}")


def _repeated(pod: Pod, names: list[str], what: str) -> Iterator[Finding]:
    for name, count in Counter(names).items():
        if count > 1:
            yield pod.found(f"pod/duplicate-{what}", "", f"{count} {what}s are named {name}")


def _probe_ports(pod: Pod) -> Iterator[Finding]:
    for container in pod.containers():
        names = {text_at(port, "name") for _, port in maps_at(container.data, "ports")}
        handlers = [(probe, map_at(container.data, probe)) for probe in _PROBES]
        handlers += [
            (f"lifecycle.{hook}", map_at(container.data, "lifecycle", hook)) for hook in ("postStart", "preStop")
        ]
        for place, handler in handlers:
            for action in ("httpGet", "tcpSocket"):
                port = at(handler, action, "port")
                if isinstance(port, str) and port not in names:
                    shown = ", ".join(sorted(names)) or "none"
                    text = f'container {container.name} has no port named "{port}"; it names: {shown}'
                    yield found("pod/probe-port", pod.item, f"{container.path}.{place}.{action}.port", text)
