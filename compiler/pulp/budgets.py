"""PodDisruptionBudgets and HorizontalPodAutoscalers of the roles."""

from __future__ import annotations

from typing import Any

from compiler.pulp.provenance import From
from compiler.pulp.site import Site, manifest, selector

ROLES = ("api", "content", "worker", "web")


def budget_objects(site: Site) -> list[dict[str, Any]]:
    """A budget for each role that may have more than one pod; one for a single pod would block every drain."""
    found: list[dict[str, Any]] = []
    for component in ROLES:
        role = site.role(component)
        most = role.autoscale.max if role.autoscale else role.replicas
        if role.disruption_budget == "off" or most < 2:
            continue
        body = {
            "maxUnavailable": From(f"{component}.disruption_budget", role.disruption_budget),
            "selector": {"matchLabels": selector(site, component)},
            # A pod that is not ready protects nobody, and must not hold up a drain.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        }
        found.append(manifest(site, "policy/v1", "PodDisruptionBudget", site.name(component), component, spec=body))
    return found


def autoscaler_objects(site: Site) -> list[dict[str, Any]]:
    """An autoscaler for each role that has ``autoscale``."""
    return [_autoscaler(site, component) for component in ROLES if site.role(component).autoscale]


def _autoscaler(site: Site, component: str) -> dict[str, Any]:
    scale = site.role(component).autoscale
    assert scale is not None  # noqa: S101 - the caller looked
    key = f"{component}.autoscale"
    cpu = scale.cpu if scale.cpu is not None or scale.memory is not None else 70
    metrics = [
        {
            "type": "Resource",
            "resource": {
                "name": name,
                "target": {"type": "Utilization", "averageUtilization": From(f"{key}.{name}", target)},
            },
        }
        for name, target in (("cpu", cpu), ("memory", scale.memory))
        if target is not None
    ]
    body = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": site.name(component)},
        "minReplicas": From(f"{key}.min", scale.min),
        "maxReplicas": From(f"{key}.max", scale.max),
        "metrics": metrics,
        # Down slowly: a pod that goes ends its downloads or tasks first.
        "behavior": {
            "scaleDown": {
                "stabilizationWindowSeconds": 300,
                "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}],
            }
        },
    }
    return manifest(site, "autoscaling/v2", "HorizontalPodAutoscaler", site.name(component), component, spec=body)
