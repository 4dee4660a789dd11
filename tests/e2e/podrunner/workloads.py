"""Deployments and StatefulSets: one reconcile function each, called until nothing is left to do."""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from typing import Any, Protocol

from tests.e2e.podrunner.objects import Key, Object, field, key_of
from tests.e2e.podrunner.pod import Pod

_HASH = "pod-template-hash"
_REVISION = "controller-revision-hash"


class Pods(Protocol):
    """What a controller may do."""

    def owned(self, owner: Key) -> list[Pod]: ...
    def create(self, template: Object, name: str, owner: Key, **extra: Any) -> Pod: ...
    def ensure_claim(self, template: Object, name: str, namespace: str) -> None: ...


def template_hash(template: Object) -> str:
    """Ten characters that tell two pod templates apart."""
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]


def share(value: Any, total: int, *, up: bool) -> int:
    """An int-or-percent of ``total``, a percentage rounded up or down."""
    if isinstance(value, str) and value.endswith("%"):
        exact = total * int(value[:-1]) / 100
        return math.ceil(exact) if up else math.floor(exact)
    return int(value)


def reconcile_deployment(pods: Pods, deployment: Object, wanted: int) -> None:
    """One step of a Deployment towards ``wanted`` pods of its template (deployment controller, rolling.go)."""
    key, spec = key_of(deployment), deployment["spec"]
    current = template_hash(spec["template"])
    every = pods.owned(key)
    for pod in every:
        if pod.finished:
            pod.delete()
    live = [pod for pod in every if pod.deleted is None]
    new = [pod for pod in live if pod.labels.get(_HASH) == current]
    old = [pod for pod in live if pod.labels.get(_HASH) != current]

    def create(count: int) -> None:
        for _ in range(count):
            name = f"{key.name}-{current}-{secrets.token_hex(3)[:5]}"
            pods.create(spec["template"], name, key, labels={_HASH: current})

    min_ready = float(spec.get("minReadySeconds") or 0)
    if field(spec, "strategy.type", "RollingUpdate") == "Recreate":
        for pod in old:
            pod.delete()
        if not any(pod.labels.get(_HASH) != current for pod in every):
            create(wanted - len(new))
        _shrink(new, wanted, min_ready)
        return
    surge, unavailable = _bounds(spec, wanted)
    create(max(0, min(wanted - len(new), wanted + surge - len(live))))
    _shrink(new, wanted, min_ready)
    least = wanted - unavailable
    spare = len(live) - least - sum(not pod.available(min_ready) for pod in new)
    broken = [pod for pod in old if not pod.available(min_ready)]
    for pod in broken[: max(0, spare)]:
        pod.delete()
    spare = sum(pod.available(min_ready) for pod in live) - least
    good = sorted((pod for pod in old if pod.available(min_ready)), key=lambda pod: pod.created)
    for pod in good[: max(0, spare)]:
        pod.delete()


def _bounds(spec: Object, wanted: int) -> tuple[int, int]:
    surge = share(field(spec, "strategy.rollingUpdate.maxSurge", "25%"), wanted, up=True)
    unavailable = share(field(spec, "strategy.rollingUpdate.maxUnavailable", "25%"), wanted, up=False)
    return surge, unavailable if surge or unavailable else 1


def _shrink(pods: list[Pod], wanted: int, min_ready: float) -> None:
    """Delete what is more than wanted: the unavailable first, then the youngest."""
    order = sorted(pods, key=lambda pod: (pod.available(min_ready), -pod.created))
    for pod in order[: max(0, len(pods) - wanted)]:
        pod.delete()


def deployment_status(pods: Pods, deployment: Object, wanted: int) -> Object:
    """Counts as ``kubectl rollout status`` looks at them; ``done`` when the rollout is over."""
    current = template_hash(deployment["spec"]["template"])
    every = pods.owned(key_of(deployment))
    min_ready = float(deployment["spec"].get("minReadySeconds") or 0)
    new = [pod for pod in every if pod.labels.get(_HASH) == current and pod.deleted is None]
    available = sum(pod.available(min_ready) for pod in new)
    return {
        "wanted": wanted,
        "updated": len(new),
        "available": available,
        "done": len(new) == available == wanted == len(every),
    }


def reconcile_stateful_set(pods: Pods, stateful_set: Object) -> None:
    """One step of a StatefulSet: pods by ordinal, in order unless podManagementPolicy is Parallel."""
    key, spec = key_of(stateful_set), stateful_set["spec"]
    revision = template_hash(spec["template"])
    by_name = {pod.name: pod for pod in pods.owned(key)}
    first, wanted = int(field(spec, "ordinals.start", 0)), int(spec.get("replicas", 1))
    names = [f"{key.name}-{number}" for number in range(first, first + wanted)]
    parallel = spec.get("podManagementPolicy") == "Parallel"
    min_ready = float(spec.get("minReadySeconds") or 0)
    for pod in by_name.values():
        if pod.finished:
            pod.delete()
    for name in names:
        if name not in by_name:
            _create_ordinal(pods, stateful_set, name, revision)
            if not parallel:
                return
        elif not parallel and not by_name[name].available(min_ready):
            if by_name[name].labels.get(_REVISION) != revision and by_name[name].deleted is None:
                break  # an update may be what makes it ready
            return
    surplus = [pod for name, pod in by_name.items() if name not in names]
    for pod in sorted(surplus, key=lambda pod: int(pod.name.rpartition("-")[2]), reverse=True):
        pod.delete()
        if not parallel:
            return
    _update(stateful_set, [by_name[name] for name in names if name in by_name], revision, min_ready)


def _update(stateful_set: Object, pods: list[Pod], revision: str, min_ready: float) -> None:
    strategy = field(stateful_set, "spec.updateStrategy", {})
    if strategy.get("type", "RollingUpdate") == "OnDelete":
        return
    partition = int(field(strategy, "rollingUpdate.partition", 0))
    for pod in sorted(pods, key=lambda pod: int(pod.name.rpartition("-")[2]), reverse=True):
        if int(pod.name.rpartition("-")[2]) < partition:
            return
        if pod.labels.get(_REVISION) != revision:
            pod.delete()
            return
        if not pod.available(min_ready):
            return


def _create_ordinal(pods: Pods, stateful_set: Object, name: str, revision: str) -> None:
    key, spec = key_of(stateful_set), stateful_set["spec"]
    volumes = list(field(spec, "template.spec.volumes", []))
    for claim in spec.get("volumeClaimTemplates") or ():
        claim_name = f"{claim['metadata']['name']}-{name}"
        pods.ensure_claim(claim, claim_name, key.namespace)
        volumes = [item for item in volumes if item["name"] != claim["metadata"]["name"]]
        volumes.append({"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim_name}})
    labels = {
        _REVISION: revision,
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": name.rpartition("-")[2],
    }
    pods.create(
        spec["template"],
        name,
        key,
        labels=labels,
        hostname=name,
        subdomain=spec.get("serviceName", ""),
        volumes=volumes,
    )


def stateful_set_status(pods: Pods, stateful_set: Object) -> Object:
    """Counts of a StatefulSet; ``done`` when every pod has the current revision and is available."""
    spec = stateful_set["spec"]
    revision, wanted = template_hash(spec["template"]), int(spec.get("replicas", 1))
    every = pods.owned(key_of(stateful_set))
    new = [pod for pod in every if pod.labels.get(_REVISION) == revision]
    available = sum(pod.available(float(spec.get("minReadySeconds") or 0)) for pod in new)
    return {
        "wanted": wanted,
        "updated": len(new),
        "available": available,
        "done": len(new) == available == wanted == len(every),
    }
