"""The pods of a rendering: every pod template, wherever a workload keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from compiler.check.finding import Finding, Item
from compiler.check.rules import found
from compiler.check.shape import labels_of, map_at, maps_at, text_at

TEMPLATES: dict[str, tuple[str, ...]] = {
    "Pod": (),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Kind to where its pod template is."""

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


@dataclass(frozen=True)
class Container:
    """A container and the path to it.

    Args:
        data: the container.
        path: e.g. ``spec.template.spec.containers[0]``.
        init: whether it runs to its end before the pod starts.
    """

    data: dict[str, Any]
    path: str
    init: bool

    @property
    def name(self) -> str:
        """Its name."""
        return text_at(self.data, "name")


@dataclass(frozen=True)
class Pod:
    """A pod template.

    Args:
        item: the workload.
        path: of the pod's spec inside the workload.
        labels: of the pods.
        spec: of the pods.
    """

    item: Item
    path: str
    labels: dict[str, str]
    spec: dict[str, Any]

    @property
    def namespace(self) -> str:
        """The workload's namespace."""
        return self.item.key.namespace

    def containers(self) -> Iterator[Container]:
        """Init containers, then containers."""
        for group in _CONTAINERS:
            for index, data in maps_at(self.spec, group):
                init = group == "initContainers" and data.get("restartPolicy") != "Always"
                yield Container(data, f"{self.path}.{group}[{index}]", init)

    def ports(self) -> Iterator[tuple[str, int, str]]:
        """Name, number and protocol of each container port."""
        for container in self.containers():
            for _, port in maps_at(container.data, "ports"):
                if isinstance(port.get("containerPort"), int):
                    yield text_at(port, "name"), port["containerPort"], text_at(port, "protocol") or "TCP"

    def has_port(self, port: object, protocol: str = "TCP") -> bool:
        """Whether a container has the port of that name or number."""
        return any(port in (name, number) and protocol == its for name, number, its in self.ports() if port != "")

    def found(self, rule: str, path: str, message: str) -> Finding:
        """A finding at ``path`` inside the pod's spec."""
        return found(rule, self.item, f"{self.path}.{path}" if path else self.path, message)


def pods(items: Iterable[Item]) -> tuple[Pod, ...]:
    """Every pod template of a rendering."""
    collected = []
    for item in items:
        where = TEMPLATES.get(item.key.kind)
        if where is not None:
            template = map_at(item.data, *where)
            path = ".".join((*where, "spec"))
            collected.append(Pod(item, path, labels_of(template, "metadata", "labels"), map_at(template, "spec")))
    return tuple(collected)


def matches(selector: Any, labels: dict[str, str]) -> bool:
    """Whether a LabelSelector (``matchLabels``, ``matchExpressions``) selects ``labels``; an empty one selects all."""
    if any(labels.get(key) != value for key, value in map_at(selector, "matchLabels").items()):
        return False
    for _, expression in maps_at(selector, "matchExpressions"):
        key, values = text_at(expression, "key"), expression.get("values")
        values = values if isinstance(values, list) else []
        held = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }.get(text_at(expression, "operator"), True)
        if not held:
            return False
    return True
