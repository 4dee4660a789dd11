"""The four roles of Pulp 3: api, content, worker and web."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from compiler.spec.models.common import K8sObject, Quantity, SecretName, Section


class Autoscale(Section):
    """A HorizontalPodAutoscaler; ``replicas`` of the role is then left to it."""

    min: Annotated[int, Field(ge=1, examples=[2])] = 2
    """Fewest replicas."""
    max: Annotated[int, Field(ge=1, examples=[12])]
    """Most replicas."""
    cpu: Annotated[int | None, Field(ge=1, le=100, examples=[70])] = None
    """Target CPU utilization in percent of the request. With neither target, 70."""
    memory: Annotated[int | None, Field(ge=1, le=100, examples=[80])] = None
    """Target memory utilization in percent of the request."""


class Workload(Section):
    """What every role has."""

    replicas: Annotated[int, Field(ge=0, examples=[3])] = 1
    """Pods of this role. Not used while ``autoscale`` is set."""
    autoscale: Autoscale | None = None
    """Scale between two bounds instead of a fixed number of replicas."""
    resources: Annotated[K8sObject | None, Field(examples=[{"requests": {"cpu": "250m", "memory": "512Mi"}}])] = None
    """Kubernetes ResourceRequirements of the role's container; replaces the default of the role."""
    affinity: Annotated[K8sObject | None, Field(examples=[{"nodeAffinity": {}}])] = None
    """Kubernetes Affinity of the pods."""
    node_selector: Annotated[dict[str, str], Field(examples=[{"kubernetes.io/arch": "amd64"}])] = {}
    """Node labels that the pods need."""
    tolerations: Annotated[list[K8sObject], Field(examples=[[{"key": "dedicated", "operator": "Exists"}]])] = []
    """Kubernetes Tolerations of the pods."""
    topology_spread: Annotated[str, Field(pattern="^(prefer|require|off)$", examples=["prefer"])] = "prefer"
    """How firmly pods are spread over zones and nodes: ``prefer``, ``require`` (per node), ``off``."""
    disruption_budget: Annotated[int, Field(ge=1, examples=[1])] | Literal["off"] = 1
    """``maxUnavailable`` of the PodDisruptionBudget, made when there is more than one replica; ``off`` for none
    (``null``, as everywhere, means the default)."""
    env: Annotated[dict[str, str], Field(examples=[{"HTTPS_PROXY": "http://proxy.example.com:3128"}])] = {}
    """Extra environment variables (no secrets: they would stand in Git)."""
    pod_annotations: Annotated[dict[str, str], Field(examples=[{"example.com/scrape": "true"}])] = {}
    """Extra annotations on the pods."""
    pod_labels: Annotated[dict[str, str], Field(examples=[{"team": "content"}])] = {}
    """Extra labels on the pods."""
    priority_class: Annotated[SecretName | None, Field(examples=["system-cluster-critical"])] = None
    """PriorityClass of the pods."""


class GunicornWorkload(Workload):
    """A role served by gunicorn."""

    workers: Annotated[int, Field(ge=1, examples=[4])] = 2
    """gunicorn worker processes in each pod."""
    timeout: Annotated[int, Field(ge=1, examples=[90])] = 90
    """Seconds before gunicorn gives up on a silent worker process."""
    grace_period: Annotated[int, Field(ge=1, examples=[60])] = 60
    """terminationGracePeriodSeconds."""


class Api(GunicornWorkload):
    """pulpcore-api: the REST API."""


class Content(GunicornWorkload):
    """pulpcore-content: serves repositories to clients."""

    grace_period: Annotated[int, Field(ge=1, examples=[300])] = 300
    """terminationGracePeriodSeconds: the longest download that a rolling update lets finish."""


class Worker(Workload):
    """pulpcore-worker: runs tasks."""

    grace_period: Annotated[int, Field(ge=1, examples=[3600])] = 3600
    """terminationGracePeriodSeconds: on SIGTERM a worker finishes its task, however long that takes."""
    scratch: Annotated[Quantity, Field(examples=["20Gi"])] = "20Gi"
    """sizeLimit of each worker's ``/var/lib/pulp/tmp``; more than ``SYNC_MAX_IN_FLIGHT_MB`` (5 GiB)."""


class Web(Workload):
    """nginx in front of api and content."""

    max_body_size: Annotated[str, Field(pattern=r"^[0-9]+[kmg]?$", examples=["0"])] = "0"
    """nginx ``client_max_body_size``; ``0`` is unlimited, as uploads and container pushes need."""
    grace_period: Annotated[int, Field(ge=1, examples=[300])] = 300
    """terminationGracePeriodSeconds: nginx finishes the downloads that go through it."""
