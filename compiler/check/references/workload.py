"""Budgets, autoscalers and StatefulSets to what they are about."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.check.finding import Finding, Item
from compiler.check.pods import pods
from compiler.check.rendering import Rendering
from compiler.check.rules import found
from compiler.check.shape import at, map_at, maps_at, text_at


def check_budgets(rendering: Rendering) -> Iterator[Finding]:
    """A PodDisruptionBudget selects pods of the rendering."""
    for item in rendering.of_kind("PodDisruptionBudget"):
        if not rendering.selected(at(item.data, "spec", "selector"), item.key.namespace):
            yield found("reference/budget-pods", item, "spec.selector", "selects no pod of the rendering")


def check_autoscalers(rendering: Rendering) -> Iterator[Finding]:
    """An autoscaler's target exists, leaves its replicas to it, and requests what it is scaled by."""
    for item in rendering.of_kind("HorizontalPodAutoscaler"):
        kind, name = (text_at(item.data, "spec", "scaleTargetRef", field) for field in ("kind", "name"))
        target = rendering.get(kind, item.key.namespace, name)
        if target is None:
            if not rendering.exists(kind, item.key.namespace, name):
                text = f"{kind} {name} is not in the rendering"
                yield found("reference/autoscaler-target", item, "spec.scaleTargetRef", text)
            continue
        if at(target.data, "spec", "replicas") is not None:
            text = f"HorizontalPodAutoscaler {item.key.name} owns this field; every apply would undo its work"
            yield found("reference/autoscaler-replicas", target, "spec.replicas", text)
        yield from _requests(item, target)


def check_stateful_sets(rendering: Rendering) -> Iterator[Finding]:
    """A StatefulSet's governing Service exists."""
    for item in rendering.of_kind("StatefulSet"):
        name = text_at(item.data, "spec", "serviceName")
        if name and not rendering.exists("Service", item.key.namespace, name):
            text = f"Service {name} is not in the rendering"
            yield found("reference/stateful-set-service", item, "spec.serviceName", text)


def _requests(item: Item, target: Item) -> Iterator[Finding]:
    """Utilization is a share of the request: without one the autoscaler does nothing at all."""
    for index, metric in maps_at(item.data, "spec", "metrics"):
        resource = text_at(metric, "resource", "name")
        if text_at(metric, "resource", "target", "type") != "Utilization" or not resource:
            continue
        for pod in pods([target]):
            for container in pod.containers():
                wanted = map_at(container.data, "resources", "requests")
                limits = map_at(container.data, "resources", "limits")
                if not container.init and resource not in wanted and resource not in limits:
                    text = f"{target.key.kind} {target.key.name}: container {container.name} requests no {resource}"
                    yield found("reference/autoscaler-requests", item, f"spec.metrics[{index}].resource", text)
