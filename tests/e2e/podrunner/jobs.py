"""Jobs: completion, backoff and deadline. CronJobs run when told to, never by the clock."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.podrunner.objects import Object, RunnerError, key_of
from tests.e2e.podrunner.pod import Pod
from tests.e2e.podrunner.workloads import Pods

_BACKOFF_MAX = 360.0  # the job controller's, from 10 s doubling


@dataclass
class JobState:
    """What a Job remembers.

    Attributes:
        failed: uids of its failed pods.
        condition: ``Complete`` or ``Failed``, empty while it runs.
        reason: of the failure, in Kubernetes' words.
        began: when its first pod was made, monotonic seconds.
    """

    failed: set[str] = field(default_factory=set)
    condition: str = ""
    reason: str = ""
    began: float | None = None
    ended: float | None = None
    next_at: float = 0.0


def reconcile_job(pods: Pods, job: Object, state: JobState, backoff: float) -> None:
    """One step of a Job.

    Raises:
        RunnerError: completions or parallelism above 1, which the runner does not model.
    """
    spec, key = job["spec"], key_of(job)
    if int(spec.get("completions") or 1) > 1 or int(spec.get("parallelism") or 1) > 1:
        raise RunnerError(f"{key}: the runner does only one completion")
    if state.condition or spec.get("suspend"):
        return None
    now = time.monotonic()
    every = pods.owned(key)
    if any(pod.phase == "Succeeded" for pod in every):
        return _end(state, every, "Complete", "")
    limit = spec.get("activeDeadlineSeconds")
    if limit is not None and state.began is not None and now - state.began >= float(limit):
        return _end(state, every, "Failed", "DeadlineExceeded")
    for pod in every:
        if pod.uid not in state.failed and (pod.phase == "Failed" or pod.deleted is not None):
            state.failed.add(pod.uid)
            state.next_at = now + min(backoff * 2 ** (len(state.failed) - 1), _BACKOFF_MAX)
    restarts = sum(item.restarts for pod in every for item in pod.containers if item.role != "sidecar")
    if len(state.failed) + restarts > int(spec.get("backoffLimit", 6)):
        return _end(state, every, "Failed", "BackoffLimitExceeded")
    active = [pod for pod in every if not pod.finished]
    if not active and now >= state.next_at:
        state.began = state.began or now
        labels = {"job-name": key.name, "batch.kubernetes.io/job-name": key.name}
        pods.create(spec["template"], f"{key.name}-{secrets.token_hex(3)[:5]}", key, labels=labels)
    return None


def _end(state: JobState, pods: list[Pod], condition: str, reason: str) -> None:
    state.condition, state.reason, state.ended = condition, reason, time.monotonic()
    for pod in pods:
        if not pod.finished:
            pod.delete()


def expired(job: Object, state: JobState) -> bool:
    """Whether ttlSecondsAfterFinished is over."""
    ttl = job["spec"].get("ttlSecondsAfterFinished")
    return ttl is not None and state.ended is not None and time.monotonic() - state.ended >= float(ttl)


def job_from(cron_job: Object, number: int) -> Object:
    """The Job that a CronJob makes, named as its ``number``-th run by hand."""
    key = key_of(cron_job)
    template: dict[str, Any] = cron_job["spec"]["jobTemplate"]
    metadata = {**(template.get("metadata") or {}), "name": f"{key.name}-manual-{number}", "namespace": key.namespace}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]}


def job_status(state: JobState) -> Object:
    """A Job's status as plain data."""
    taken = None if state.began is None else (state.ended or time.monotonic()) - state.began
    return {
        "done": state.condition == "Complete",
        "condition": state.condition,
        "reason": state.reason,
        "failed": len(state.failed),
        "seconds": None if taken is None else round(taken, 1),
    }
