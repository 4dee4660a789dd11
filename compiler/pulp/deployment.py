"""Deployments and Services of the roles: replicas, rolling updates, and what the spec adds to a role's pods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compiler.pulp.pod import Container, Pod, placement, pod_template, shared_volume_label
from compiler.pulp.provenance import From
from compiler.pulp.site import Site, manifest, selector


def role_deployment(
    site: Site,
    component: str,
    uid: int,
    containers: Sequence[Container],
    init: Sequence[Container] = (),
    *,
    max_unavailable: int | str = 0,
    min_ready: int | None = None,
) -> dict[str, Any]:
    """The Deployment ``<name>-<component>`` of a role in the spec.

    Args:
        site: the installation.
        component: ``api``, ``content``, ``worker`` or ``web``.
        uid: user of the pods.
        containers: what runs.
        init: what runs before.
        max_unavailable: of the rolling update.
        min_ready: seconds that a new pod must live before the next one is replaced, for roles without probes.
    """
    role = site.role(component)
    shares = shared_volume_label(site) if component != "web" else {}
    template = pod_template(
        site,
        Pod(
            component=component,
            account=component,
            uid=uid,
            containers=containers,
            init=init,
            fields={
                "terminationGracePeriodSeconds": From(f"{component}.grace_period", getattr(role, "grace_period", None)),
                **placement(site, component),
            },
            pod_labels={
                **{key: From(f"{component}.pod_labels", value) for key, value in role.pod_labels.items()},
                **shares,
            },
            pod_annotations={
                key: From(f"{component}.pod_annotations", value) for key, value in role.pod_annotations.items()
            },
        ),
    )
    strategy: dict[str, Any] = {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": max_unavailable},
    }
    if shares:
        # A surge pod on another node could not mount the volume, and one on the same node may not fit.
        strategy = {"type": From("storage", "Recreate")}
    body = {
        "replicas": None if role.autoscale else From(f"{component}.replicas", role.replicas),
        "minReadySeconds": min_ready,
        # The gate may wait for a long migration; that is no failed roll-out.
        "progressDeadlineSeconds": 1800 if init else None,
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": selector(site, component)},
        "strategy": strategy,
        "template": template,
    }
    return manifest(site, "apps/v1", "Deployment", site.name(component), component, spec=body)


def cluster_service(site: Site, component: str, port: int) -> dict[str, Any]:
    """The ClusterIP Service ``<name>-<component>-svc``; address families are the cluster's."""
    ports = [{"name": f"{component}-{port}", "port": port, "protocol": "TCP", "targetPort": component}]
    body = {"type": "ClusterIP", "selector": selector(site, component), "ports": ports}
    return manifest(site, "v1", "Service", site.service(component), component, spec=body)


def resources_of(site: Site, component: str, default: Any) -> Any:
    """The role's resources: the spec's, or the default of the role."""
    chosen = site.role(component).resources
    return From(f"{component}.resources", chosen) if chosen is not None else default
