"""Pods: the baseline that every container and every pod of ours has (``reference/pulp.md`` §7.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compiler.pulp.foreign import foreign
from compiler.pulp.material import TRUST, catalogue
from compiler.pulp.provenance import From, bare
from compiler.pulp.site import Site, selector

GENERATIONS = "pulp-compiler/secret-generations"
"""Pod-template annotation: ``name=N`` of every Secret (and the CA bundle) that the pod mounts, so that it restarts
when one of them changes. A counter, never a digest: a digest of a weak password in Git could be tried offline."""

PULP_UID = 700
NGINX_UID = 101
POSTGRES_UID = 999
REDIS_UID = 999

_SECRET_MODE = 0o440
_SCRIPT_MODE = 0o555
_FILE_MODE = 0o444


@dataclass(frozen=True)
class Mount:
    """A volume of the pod and the folder where a container sees it.

    Args:
        volume: name of the volume, unique within the pod.
        source: the volume source, e.g. ``{"emptyDir": {}}``.
        path: absolute folder in the container.
        read_only: whether the container may only read.
        sub_path: folder inside the volume.
    """

    volume: str
    source: Mapping[str, Any]
    path: str
    read_only: bool = True
    sub_path: str | None = None


def secret_mount(site: Site, part: str) -> Mount:
    """Our Secret ``<name>-<part>`` below ``/etc/pulp/secrets``, or what the spec names in its place: of that one only
    the keys that are ours, under our names."""
    source: dict[str, Any] = {"secretName": site.name(part), "defaultMode": _SECRET_MODE}
    theirs = foreign(site, part)
    if theirs is not None:
        source["secretName"] = From(theirs.spec_key, theirs.name)
        source["items"] = From(
            theirs.spec_key, [{"key": key, "path": path} for path, key in sorted(theirs.keys.items())]
        )
    return Mount(part, {"secret": source}, f"/etc/pulp/secrets/{part}")


def trust_mount(site: Site, part: str = "ca") -> Mount:
    """A CA bundle (a key of :data:`compiler.pulp.material.TRUST`) below ``/etc/pulp``, as ``ca.crt``."""
    return Mount(part, {"configMap": {"name": site.name(part), "defaultMode": _FILE_MODE}}, f"/etc/pulp/{part}")


def config_mount(site: Site, part: str, *, executable: bool = False) -> Mount:
    """A generated ConfigMap below ``/etc/pulp``."""
    mode = _SCRIPT_MODE if executable else _FILE_MODE
    return Mount(part, {"configMap": {"name": site.name(part), "defaultMode": mode}}, f"/etc/pulp/{part}")


def scratch_mount(volume: str, path: str, size: Any, *, memory: bool = False) -> Mount:
    """An emptyDir of limited size."""
    source = {"medium": "Memory" if memory else None, "sizeLimit": size}
    return Mount(volume, {"emptyDir": source}, path, read_only=False)


@dataclass(frozen=True)
class Container:
    """A container; everything that all of ours share is added by :func:`pod_template`.

    Args:
        name: within the pod.
        image: reference, possibly marked.
        command: the program and its arguments, never left to an image's entry point.
        mounts: what it sees.
        resources: Kubernetes ResourceRequirements.
        env: plain variables by name.
        fields: further fields of the container (ports, probes, lifecycle).
    """

    name: str
    image: From
    command: Sequence[Any]
    mounts: Sequence[Mount]
    resources: Any
    env: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)


# What a base never mounts, because it has no database, cache or storage.
_OF_AN_ENVIRONMENT = frozenset(
    [
        "cache-ca",
        "database-ca",
        "database-client",
        "file-storage",
        "gnupg",
        "ldap",
        "ldap-ca",
        "postgres-configuration",
        "redis-client",
        "redis-configuration",
        "s3",
        "s3-ca",
        "sso",
        "sso-ca",
    ]
)


def _rank(volume: str) -> int:
    """0 for what environments add, 1 for the rest: a strategic merge puts new members first, so that an overlay's
    patch holds what it adds and nothing to restore the order."""
    return 0 if volume in _OF_AN_ENVIRONMENT or volume.startswith("signing") else 1


def _container(container: Container) -> dict[str, Any]:
    return {
        "name": container.name,
        "image": container.image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(container.command),
        "env": [{"name": name, "value": value} for name, value in sorted(container.env.items())] or None,
        **container.fields,
        "resources": container.resources,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "privileged": False,
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [
            {
                "name": mount.volume,
                "mountPath": mount.path,
                "readOnly": True if mount.read_only else None,
                "subPath": mount.sub_path,
            }
            for mount in sorted(container.mounts, key=lambda mount: (_rank(mount.volume), mount.path))
        ],
    }


@dataclass(frozen=True)
class Pod:
    """A pod of one component.

    Args:
        component: the label that selects it.
        account: part of the name of its ServiceAccount.
        uid: user and group that it runs as, and the group of its files.
        containers: what runs.
        init: what runs before, in order.
        fields: further fields of the pod spec.
        pod_labels: extra labels.
        pod_annotations: extra annotations.
        reloaded: volumes whose changes the running pod takes over, so that they do not restart it.
    """

    component: str
    account: str
    uid: int
    containers: Sequence[Container]
    init: Sequence[Container] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    pod_labels: Mapping[str, Any] = field(default_factory=dict)
    pod_annotations: Mapping[str, Any] = field(default_factory=dict)
    reloaded: frozenset[str] = frozenset()


def pod_template(site: Site, pod: Pod) -> dict[str, Any]:
    """The template of a workload: ``metadata`` and ``spec`` with the whole baseline."""
    volumes: dict[str, dict[str, Any]] = {}
    for container in (*pod.init, *pod.containers):
        for mount in container.mounts:
            volumes[mount.volume] = {"name": mount.volume, **mount.source}
    ordered = [volumes[name] for name in sorted(volumes, key=lambda name: (_rank(name), name))]
    own = selector(site, pod.component)
    annotations: dict[str, Any] = {
        "kubectl.kubernetes.io/default-container": pod.containers[0].name,
        **pod.pod_annotations,
        GENERATIONS: secret_generations(site, [volume for volume in ordered if volume["name"] not in pod.reloaded]),
    }
    return {
        "metadata": {
            "labels": dict(sorted({**pod.pod_labels, **own, "app.kubernetes.io/part-of": "pulp"}.items())),
            "annotations": dict(sorted(annotations.items())),
        },
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "serviceAccountName": site.name(pod.account),
            "securityContext": {
                "fsGroup": pod.uid,
                "fsGroupChangePolicy": "OnRootMismatch",
                "runAsGroup": pod.uid,
                "runAsNonRoot": True,
                "runAsUser": pod.uid,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            **pod.fields,
            "initContainers": [_container(container) for container in pod.init] or None,
            "containers": [_container(container) for container in pod.containers],
            "volumes": ordered,
        },
    }


def secret_generations(site: Site, volumes: Sequence[Mapping[str, Any]]) -> str | None:
    """``name=N`` for each of our Secrets and the CA bundle among the volumes, sorted, joined by commas."""
    ours = catalogue(site).keys() | {site.name(part) for part in TRUST}
    names = {
        str(bare(source.get("secretName") or source.get("name")))
        for volume in volumes
        for source in (volume.get("secret"), volume.get("configMap"))
        if source
    }
    return ",".join(f"{name}={site.generations.get(name, 1)}" for name in sorted(names & ours)) or None


def resources(cpu: str, memory: str, limit: str) -> dict[str, Any]:
    """Requests, and a memory limit; no CPU limit, which only slows a pod down."""
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": limit}}


def placement(site: Site, component: str) -> dict[str, Any]:
    """What the spec says about where the pods of a role may run, and how they spread."""
    role = site.role(component)
    fields: dict[str, Any] = {
        "nodeSelector": From(f"{component}.node_selector", role.node_selector or None),
        "tolerations": From(f"{component}.tolerations", list(role.tolerations) or None),
        "priorityClassName": From(f"{component}.priority_class", role.priority_class),
        "affinity": _affinity(site, component),
    }
    if role.topology_spread != "off":
        firm = "DoNotSchedule" if role.topology_spread == "require" else "ScheduleAnyway"
        constraints = [("kubernetes.io/hostname", firm), ("topology.kubernetes.io/zone", "ScheduleAnyway")]
        fields["topologySpreadConstraints"] = From(
            f"{component}.topology_spread",
            [
                {
                    "maxSkew": 1,
                    "topologyKey": key,
                    "whenUnsatisfiable": when,
                    "labelSelector": {"matchLabels": selector(site, component)},
                    # Beta and on by default since 1.27: the pods of the old and the new version spread apart.
                    "matchLabelKeys": ["pod-template-hash"] if site.kubernetes_version >= (1, 27) else None,
                }
                for key, when in constraints
            ],
        )
    return fields


SHARES_VOLUME = "pulp-compiler/shares-volume"
"""Pod label of the pods that must share a node, because their volume can only be mounted by one."""


def _affinity(site: Site, component: str) -> Any:
    """The person's affinity; with a ReadWriteOnce volume, also to the node where its other users run.

    A pod that matches its own term may start on any node when no other does, so the first one is not stuck.
    """
    role = site.role(component)
    chosen = From(f"{component}.affinity", role.affinity)
    if not site.one_node or component == "web":
        return chosen if role.affinity else None
    term = {
        "labelSelector": {"matchLabels": {"app.kubernetes.io/instance": site.spec.name, SHARES_VOLUME: "artifacts"}},
        "topologyKey": "kubernetes.io/hostname",
    }
    affinity = dict(role.affinity or {})
    together = dict(affinity.get("podAffinity") or {})
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    together[required] = [*(together.get(required) or ()), From("storage", term)]
    return {**affinity, "podAffinity": together}


def shared_volume_label(site: Site) -> dict[str, Any]:
    """The label that goes with :func:`placement` on the pods that mount the artifacts."""
    return {SHARES_VOLUME: From("storage", "artifacts")} if site.one_node else {}


def prestop(site: Site, seconds: int) -> dict[str, Any]:
    """Sleep before SIGTERM, so that the endpoint is gone from every node's tables when the server stops listening.

    The native action needs Kubernetes 1.30 (KEP-3960); before, the image's ``sleep`` does it.
    """
    if site.kubernetes_version >= (1, 30):
        return {"preStop": From("kubernetes_version", {"sleep": {"seconds": seconds}})}
    return {"preStop": From("kubernetes_version", {"exec": {"command": ["sleep", str(seconds)]}})}
