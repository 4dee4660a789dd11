"""A pod: its address, volumes and containers, from init containers to graceful stop."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.e2e.podrunner import dns
from tests.e2e.podrunner.container import Container, Role
from tests.e2e.podrunner.environment import NotYet, service_links
from tests.e2e.podrunner.images import Image
from tests.e2e.podrunner.network import Network
from tests.e2e.podrunner.objects import Key, Object, RunnerError
from tests.e2e.podrunner.rules import NODE
from tests.e2e.podrunner.volumes import Volumes

_REFUSED = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace")


@dataclass(frozen=True)
class Options:
    """Timings that a cluster fixes and a test may shorten, in seconds.

    Args:
        backoff: first delay of CrashLoopBackOff and of a Job's next pod.
        endpoint_delay: until a pod that ends or is no longer ready gets no new connections.
        eviction: between two looks for pods that have filled an emptyDir.
    """

    backoff: float = 10.0
    endpoint_delay: float = 1.0
    eviction: float = 10.0


class World(Protocol):
    """What a pod needs of the cluster."""

    folder: Path
    options: Options
    images: Mapping[str, Image]
    network: Network

    def get(self, key: Key) -> Object | None: ...
    def of_kind(self, kind: str, namespace: str | None = None) -> list[Object]: ...
    def image_root(self, image: Image) -> Path: ...
    def claim(self, key: Key) -> Path: ...
    def changed(self) -> None: ...


class Pod:
    """A pod made from a template.

    Attributes:
        owner: the object that made it.
        phase: ``Pending``, ``Running``, ``Succeeded`` or ``Failed``.
        deleted: when its end was asked for (monotonic seconds), ``None`` before.
        gone: nothing of it is left.
    """

    def __init__(self, world: World, template: Object, name: str, namespace: str, owner: Key, **extra: Any) -> None:
        metadata = dict(template.get("metadata") or {})
        self.world, self.name, self.namespace, self.owner = world, name, namespace, owner
        self.labels: dict[str, str] = {**(metadata.get("labels") or {}), **extra.pop("labels", {})}
        self.spec: Object = {**template["spec"], **extra}
        for name_ in _REFUSED:
            if self.spec.get(name_):
                raise RunnerError(f"pod {name}: the runner does not do {name_}")
        self.uid = str(uuid.uuid4())
        self.hostname: str = self.spec.get("hostname") or name
        self.address = world.network.pod_address()
        self.network = world.network.attach(self.address)
        self.object: Object = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**metadata, "name": name, "namespace": namespace, "labels": self.labels, "uid": self.uid},
            "spec": {"serviceAccountName": "default", "nodeName": "podrunner", **self.spec},
            "status": {"podIP": self.address, "hostIP": NODE},
        }
        self.folder = world.folder / "pods" / self.uid
        self.folder.mkdir(parents=True)
        self.phase, self.reason = "Pending", ""
        self.created = time.monotonic()
        self.ready_since: float | None = None
        self.deleted: float | None = None
        self.gone = False
        self.volumes = Volumes(self.folder, self.object, world.get, world.claim, token=self._token())
        self.init = [Container(self, spec, _role(spec)) for spec in self.spec.get("initContainers") or ()]
        self.main = [Container(self, spec, "main") for spec in self.spec["containers"]]
        self._tasks: dict[str, asyncio.Task[int]] = {}
        self._write_etc()
        self._life = asyncio.create_task(self._live())

    @property
    def containers(self) -> list[Container]:
        """All containers, init containers first."""
        return [*self.init, *self.main]

    @property
    def ready(self) -> bool:
        """Whether Services send connections to it (but for the delay)."""
        lasting = [*(item for item in self.init if item.role == "sidecar"), *self.main]
        return self.deleted is None and self.phase == "Running" and all(item.ready for item in lasting)

    @property
    def finished(self) -> bool:
        """Whether it ended by itself."""
        return self.phase in ("Succeeded", "Failed")

    def available(self, min_ready: float) -> bool:
        """Ready for at least ``min_ready`` seconds."""
        return self.ready_since is not None and self.ready and time.monotonic() - self.ready_since >= min_ready

    def links(self) -> dict[str, str]:
        """The variables that Services add to the environment."""
        if self.spec.get("enableServiceLinks", True) is False:
            return {}
        return service_links(self.world.of_kind("Service", self.namespace))

    def container(self, name: str | None) -> Container:
        """The named container, or the first main one."""
        for item in self.containers:
            if item.name == (name or self.main[0].name):
                return item
        raise RunnerError(f"pod {self.name} has no container {name!r}")

    def changed(self) -> None:
        """Something of it changed."""
        if not self.ready:
            self.ready_since = None
        elif self.ready_since is None:
            self.ready_since = time.monotonic()
        self.world.changed()

    def refresh(self) -> list[str]:
        """Bring mounted ConfigMaps and Secrets up to date; the volumes that changed."""
        return [] if self.gone or self.deleted else self.volumes.refresh()

    def evict_if_full(self) -> None:
        """End it, as kubelet's eviction manager does, when an emptyDir has come up to its limit."""
        if not self.gone and self.deleted is None and not self.finished and (full := self.volumes.full()):
            self.reason = f"Evicted: emptyDir {', '.join(full)} is full"
            self.delete(1)  # immediateEvictionGracePeriodSeconds

    def delete(self, grace: float | None = None) -> None:
        """Ask for its end; returns at once, ``gone`` tells when it is over."""
        if self.deleted is None:
            self.deleted = time.monotonic()
            if grace is None:
                grace = float(self.spec.get("terminationGracePeriodSeconds", 30))
            self._end = asyncio.create_task(self._stop(grace))
            self.changed()

    async def _live(self) -> None:
        try:
            await self._volumes()
            for item in self.init:
                if item.role == "sidecar":
                    self._begin(item)
                    while not item.started:
                        await asyncio.sleep(0.05)
                elif await item.run() != 0:
                    return self._finish("Failed", f"init container {item.name}: {item.reason}")
            self.phase = "Running"
            codes = await asyncio.gather(*(self._begin(item) for item in self.main))
            bad = [item for item, code in zip(self.main, codes, strict=True) if code]
            await self._stop_sidecars(float(self.spec.get("terminationGracePeriodSeconds", 30)))
            self._finish("Failed" if bad else "Succeeded", "; ".join(f"{item.name}: {item.reason}" for item in bad))
        except (RunnerError, OSError) as error:
            self._finish("Failed", str(error))

    async def _volumes(self) -> None:
        while True:
            try:
                return self.volumes.set_up()
            except NotYet as error:
                self.reason = f"FailedMount: {error}"
                self.changed()
                await asyncio.sleep(0.5)

    def _begin(self, item: Container) -> asyncio.Task[int]:
        task = self._tasks[item.name] = asyncio.create_task(item.run())
        return task

    def _finish(self, phase: str, reason: str) -> None:
        if self.deleted is None:
            self.phase, self.reason = phase, reason
            self.changed()

    async def _stop(self, grace: float) -> None:
        deadline = time.monotonic() + grace
        if not any(item.name in self._tasks for item in self.main):
            self._life.cancel()
        await asyncio.gather(*(item.stop(grace) for item in self.containers if item.role != "sidecar"))
        await self._stop_sidecars(max(0.0, deadline - time.monotonic()))
        self._life.cancel()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(self._life, *self._tasks.values(), return_exceptions=True)
        self.volumes.tear_down()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.network)
        self.gone = True
        self.world.changed()

    async def _stop_sidecars(self, grace: float) -> None:
        for item in reversed([item for item in self.init if item.role == "sidecar"]):
            await item.stop(grace)

    def _token(self) -> bool:
        name = self.spec.get("serviceAccountName", "default")
        account = self.world.get(Key("ServiceAccount", self.namespace, name)) or {}
        own = self.spec.get("automountServiceAccountToken")
        return bool(account.get("automountServiceAccountToken", True) if own is None else own)

    def _write_etc(self) -> None:
        domain = self.spec.get("subdomain")
        full = f"{self.hostname}.{domain}.{self.namespace}.svc.{dns.DOMAIN}\t" if domain else ""
        hosts = ["127.0.0.1\tlocalhost", f"{self.address}\t{full}{self.hostname}"]
        for alias in self.spec.get("hostAliases") or ():
            hosts.append(f"{alias['ip']}\t" + "\t".join(alias.get("hostnames") or ()))
        policy = self.spec.get("dnsPolicy", "ClusterFirst")
        if policy != "ClusterFirst" or self.spec.get("dnsConfig"):
            raise RunnerError(f"pod {self.name}: the runner does only dnsPolicy ClusterFirst")
        for name, text in (
            ("hosts", "\n".join(hosts) + "\n"),
            ("resolv.conf", dns.resolv_conf(self.namespace)),
            ("hostname", self.hostname + "\n"),
        ):
            path = self.folder / name
            path.write_text(text)
            path.chmod(0o644)


def _role(spec: Object) -> Role:
    return "sidecar" if spec.get("restartPolicy") == "Always" else "init"


def named_ports(pod: Pod) -> tuple[tuple[str, str, int], ...]:
    """The named container ports of a pod, as (name, protocol, number)."""
    return tuple(
        (port["name"], port.get("protocol", "TCP"), int(port["containerPort"]))
        for item in [*pod.spec["containers"], *(pod.spec.get("initContainers") or ())]
        for port in item.get("ports") or ()
        if port.get("name")
    )


def describe(pod: Pod) -> Object:
    """A pod's status as plain data."""
    state = "Terminating" if pod.deleted is not None else pod.phase
    return {
        "name": pod.name,
        "namespace": pod.namespace,
        "owner": str(pod.owner),
        "phase": state,
        "reason": pod.reason if not pod.ready else "",
        "ready": pod.ready,
        "address": pod.address,
        "age": round(time.monotonic() - pod.created, 1),
        "labels": pod.labels,
        "containers": [
            {
                "name": item.name,
                "role": item.role,
                "state": item.state,
                "reason": item.reason,
                "ready": item.ready,
                "restarts": item.restarts,
                "exit_code": item.exit_code,
                "pid": item.process.pid if item.process and item.process.exit_code is None else None,
            }
            for item in pod.containers
        ],
    }
