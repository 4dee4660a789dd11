"""What runs and what is missing, as plain data."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.e2e.podrunner import jobs, workloads
from tests.e2e.podrunner.cluster import Cluster
from tests.e2e.podrunner.objects import MODELLED, Object
from tests.e2e.podrunner.pod import Pod, describe

_NOT_ENFORCED = (
    "CPU and memory limits and requests (no cgroup is made)",
    "seccomp and AppArmor profiles",
    "scheduling: affinity, topology spread, tolerations, priority",
    "PodDisruptionBudgets (nothing evicts)",
    "autoscaling beyond minReplicas",
)


def status(cluster: Cluster) -> Object:
    """Pods, workloads, Services and what of the rendering is not modelled."""
    return {
        "pods": [describe(pod) for pod in cluster.pods],
        "workloads": _workloads(cluster),
        "services": {
            f"{obj['metadata'].get('namespace', 'default')}/{obj['metadata']['name']}": obj["spec"].get("clusterIP")
            for obj in cluster.of_kind("Service")
        },
        "problems": {str(key): text for key, text in cluster.problems.items()},
        "not modelled": sorted({key.kind for key in cluster.objects} - MODELLED),
        "not enforced": list(_NOT_ENFORCED),
    }


def missing(cluster: Cluster) -> tuple[list[str], bool]:
    """What is not as the objects ask, in words; and whether waiting is of no use (a Job has failed)."""
    open_ends, hopeless = [], False
    for name, state in _workloads(cluster).items():
        if not state["done"]:
            numbers = ", ".join(
                f"{key} {value}" for key, value in state.items() if key != "done" and value not in ("", None)
            )
            open_ends.append(f"{name}: {numbers}")
            hopeless = hopeless or state.get("condition") == "Failed"
    for pod in cluster.pods:
        if pod.owner.kind == "Pod" and not pod.ready and pod.phase != "Succeeded":
            open_ends.append(f"{pod.owner}: {pod.phase}")
            hopeless = hopeless or pod.phase == "Failed"
    open_ends += [f"{key}: {text}" for key, text in cluster.problems.items()]
    if open_ends:
        open_ends += [line for pod in cluster.pods if not pod.ready and pod.phase != "Succeeded" for line in _why(pod)]
    return open_ends, hopeless or bool(cluster.problems)


async def settled(cluster: Cluster, timeout: float) -> list[str]:
    """Wait until nothing is missing; what still is after ``timeout`` seconds, or once waiting is of no use."""
    deadline = time.monotonic() + timeout
    await asyncio.sleep(0.5)
    while True:
        open_ends, hopeless = missing(cluster)
        if not open_ends:
            await seen(cluster)
            return []
        if hopeless or time.monotonic() > deadline:
            return open_ends
        await asyncio.sleep(0.1)


async def seen(cluster: Cluster) -> None:
    """Until everything was looked at again: Services, DNS and policies are up to date then."""
    now = cluster.rounds
    while cluster.rounds == now:
        cluster.changed()
        await asyncio.sleep(0.02)


def logs(cluster: Cluster, namespace: str, name: str, container: str | None) -> str:
    """The output of a container, also of a pod that is gone; without ``container`` that of all of them."""
    folder: Path = cluster.folder / "logs" / namespace / name
    paths = sorted(folder.glob(f"{container or '*'}.log"))
    return "".join(path.read_text(errors="replace") for path in paths)


def _workloads(cluster: Cluster) -> dict[str, Object]:
    found: dict[str, Object] = {}
    for key, obj in cluster.objects.items():
        if key.kind == "Deployment":
            found[str(key)] = workloads.deployment_status(cluster, obj, cluster.replicas(obj))
        elif key.kind == "StatefulSet":
            found[str(key)] = workloads.stateful_set_status(cluster, obj)
        elif key.kind == "Job" and not obj["spec"].get("suspend"):
            found[str(key)] = jobs.job_status(cluster.jobs.get(key) or jobs.JobState())
    return found


def _why(pod: Pod) -> list[str]:
    lines = [f"  pod {pod.name}: {pod.phase} {pod.reason}".rstrip()]
    for item in pod.containers:
        if item.state == "terminated" and item.exit_code == 0:
            continue
        lines.append(f"    {item.name}: {item.state}, {item.restarts} restarts, {item.reason or 'not ready'}")
        lines += [f"      | {line}" for line in item.log.text().splitlines()[-15:]]
    return lines
