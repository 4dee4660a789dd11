"""The cluster: the objects applied, the pods they mean, and the loop that brings the two together."""

from __future__ import annotations

import asyncio
import copy
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e.podrunner import dns, images, jobs, kernel, services, workloads
from tests.e2e.podrunner.environment import NotYet
from tests.e2e.podrunner.images import Image
from tests.e2e.podrunner.network import Network
from tests.e2e.podrunner.objects import MODELLED, Key, Object, RunnerError, field, quantity, refused_changes
from tests.e2e.podrunner.pod import Options, Pod, named_ports
from tests.e2e.podrunner.rules import Peer, ServicePort, ruleset
from tests.e2e.podrunner.standin import StandIn

_TICK = 0.25
_CLAIMS = "PersistentVolumeClaim"


class Cluster:
    """Everything that runs; single-threaded, in the runner's own namespaces.

    Args:
        folder: on a file system of the runner's own (it holds plaintext Secrets).
        options: timings.
        hosts: names outside of the cluster to addresses, for DNS.
        table: the image table.

    Attributes:
        loop: the task that reconciles; it ends only by a bug.
        rounds: how often everything was looked at.
    """

    def __init__(self, folder: Path, options: Options, hosts: Mapping[str, str], table: Mapping[str, Image]) -> None:
        self.folder, self.options, self.images = folder, options, table
        self.hosts = dict(hosts)
        self.network = Network()
        self.objects: dict[Key, Object] = {}
        self.pods: list[Pod] = []
        self.stand_ins: dict[str, StandIn] = {}
        self.jobs: dict[Key, jobs.JobState] = {}
        self.problems: dict[Key, str] = {}
        self._written: dict[Key, Object] = {}
        self._endpoints = services.Endpoints(options.endpoint_delay)
        self._names: dict[str, list[str]] = {}
        self._roots: dict[str, Path] = {}
        self._claims: dict[Key, Path] = {}
        self._runs = 0
        self.rounds = 0
        self._looked = time.monotonic()
        self._wake = asyncio.Event()
        self._dns = dns.Server(lambda: self._names)

    async def start(self) -> None:
        """Bring up the network and cluster DNS, and begin to reconcile."""
        self._dns_address = self.network.pod_address()
        self._dns_network = self.network.attach(self._dns_address)
        await self._dns.start(self._dns_network, self._dns_address)
        self._network()
        self.loop = asyncio.create_task(self._forever())

    async def stop(self, grace: float | None) -> None:
        """Delete everything, with the grace that each pod asks for or with ``grace``."""
        self.objects.clear()
        while self.pods:
            for pod in self.pods:
                pod.delete(grace)
            self._collect()
            await asyncio.sleep(0.05)
        self.loop.cancel()

    # What is wanted

    def apply(self, wanted: Mapping[Key, Object], *, prune: bool = True) -> dict[str, list[str]]:
        """Take over a rendering: create, update, and delete what an earlier one had and this one has not.

        Returns:
            names of the objects ``created``, ``updated``, ``pruned`` and ``not modelled``.

        Raises:
            RunnerError: an immutable field would change; nothing is taken over then.
        """
        refused = [
            f"{key}: {path} is immutable"
            for key, obj in wanted.items()
            if key in self._written
            for path in refused_changes(self._written[key], obj)
        ]
        if refused:
            raise RunnerError("refused, nothing was applied:\n" + "\n".join(refused))
        report: dict[str, list[str]] = {"created": [], "updated": [], "pruned": [], "not modelled": []}
        for key, obj in wanted.items():
            if key.kind not in MODELLED:
                report["not modelled"].append(str(key))
            if self._written.get(key) == obj:
                continue
            report["updated" if key in self._written else "created"].append(str(key))
            fresh = copy.deepcopy(obj)
            if key.kind == "Service":
                services.give_address(fresh, self.objects.get(key), self.network)
            self._written[key], self.objects[key] = obj, fresh
        for key in [key for key in self._written if key not in wanted] if prune else []:
            report["pruned"].append(str(key))
            del self._written[key], self.objects[key]
        self.changed()
        return report

    def trigger(self, namespace: str, name: str) -> str:
        """Run a CronJob now; the name of its Job.

        Raises:
            RunnerError: no such CronJob, or concurrencyPolicy Forbid and its last Job still runs.
        """
        cron_job = self.get(Key("CronJob", namespace, name))
        if cron_job is None:
            raise RunnerError(f"there is no CronJob {namespace}/{name}")
        running = [
            key for key, state in self.jobs.items() if key.name.startswith(f"{name}-manual-") and not state.condition
        ]
        if running and field(cron_job, "spec.concurrencyPolicy") == "Forbid":
            raise RunnerError(f"CronJob {name} forbids a second Job while {running[0].name} runs")
        self._runs += 1
        job = jobs.job_from(cron_job, self._runs)
        self.objects[Key("Job", namespace, job["metadata"]["name"])] = job
        self.changed()
        return str(job["metadata"]["name"])

    # What pods and controllers ask for

    def get(self, key: Key) -> Object | None:
        """The object as the API server would hold it."""
        return self.objects.get(key)

    def of_kind(self, kind: str, namespace: str | None = None) -> list[Object]:
        """Objects of a kind."""
        return [obj for key, obj in self.objects.items() if key.kind == kind and namespace in (None, key.namespace)]

    def owned(self, owner: Key) -> list[Pod]:
        """The pods that ``owner`` made and that are not gone."""
        return [pod for pod in self.pods if pod.owner == owner and not pod.gone]

    def create(self, template: Object, name: str, owner: Key, **extra: Any) -> Pod:
        """Make a pod."""
        pod = Pod(self, template, name, owner.namespace, owner, **extra)
        self.pods.append(pod)
        return pod

    def ensure_claim(self, template: Object, name: str, namespace: str) -> None:
        """The claim that a StatefulSet's template makes; it outlives the StatefulSet."""
        key = Key(_CLAIMS, namespace, name)
        self.objects.setdefault(key, {**template, "kind": _CLAIMS, "metadata": {"name": name, "namespace": namespace}})

    def claim(self, key: Key) -> Path:
        """The folder of a claim, a file system of the size that it asks for."""
        obj = self.get(key)
        if obj is None:
            raise NotYet(f"{key} is not there")
        if key not in self._claims:
            path = self.folder / "claims" / key.namespace / key.name
            path.mkdir(parents=True)
            size = quantity(field(obj, "spec.resources.requests.storage", "1Gi"))
            kernel.mount("tmpfs", str(path), "tmpfs", data=f"size={size},mode=777")
            self._claims[key] = path
        return self._claims[key]

    def image_root(self, image: Image) -> Path:
        """The root content of an image, written once."""
        if image.name not in self._roots:
            path = self.folder / "images" / image.name.replace("/", "_")
            path.mkdir(parents=True)
            images.build_root(image, path)
            self._roots[image.name] = path
        return self._roots[image.name]

    def changed(self) -> None:
        """Look again soon."""
        self._wake.set()

    def replicas(self, deployment: Object) -> int:
        """The replicas of a Deployment: at least an autoscaler's least, where one has it (nothing is scaled up)."""
        replicas = int(field(deployment, "spec.replicas", 1))
        metadata = deployment["metadata"]
        for scaler in self.of_kind("HorizontalPodAutoscaler", metadata.get("namespace") or "default"):
            target = field(scaler, "spec.scaleTargetRef", {})
            if (target.get("kind"), target.get("name")) == ("Deployment", metadata["name"]):
                replicas = max(replicas, int(field(scaler, "spec.minReplicas", 1)))
        return replicas

    def add_stand_in(self, stand_in: StandIn) -> None:
        """Let policies and DNS know a host that is no pod."""
        self.stand_ins[stand_in.name] = stand_in
        self.changed()

    # The loop

    async def _forever(self) -> None:
        while True:
            self._wake.clear()
            self._reconcile()
            try:
                await asyncio.wait_for(self._wake.wait(), _TICK)
            except TimeoutError:
                continue
            await asyncio.sleep(0.01)  # changes come in groups

    def _reconcile(self) -> None:
        self._collect()
        for key, obj in list(self.objects.items()):
            try:
                self._reconcile_one(key, obj)
                self.problems.pop(key, None)
            except RunnerError as error:
                self.problems[key] = str(error)
        for pod in self.pods:
            pod.refresh()
        if time.monotonic() - self._looked >= self.options.eviction:
            self._looked = time.monotonic()
            for pod in self.pods:
                pod.evict_if_full()
        self._network()
        self.rounds += 1

    def _reconcile_one(self, key: Key, obj: Object) -> None:
        if key.kind == "Deployment":
            workloads.reconcile_deployment(self, obj, self.replicas(obj))
        elif key.kind == "StatefulSet":
            workloads.reconcile_stateful_set(self, obj)
        elif key.kind == "Job":
            state = self.jobs.setdefault(key, jobs.JobState())
            jobs.reconcile_job(self, obj, state, self.options.backoff)
            if jobs.expired(obj, state):
                del self.objects[key]
        elif key.kind == "Pod" and not self.owned(key):
            self.create(obj, key.name, key)

    def _collect(self) -> None:
        """Garbage: pods without their owner, claims without their object, what is gone."""
        for pod in self.pods:
            if pod.owner not in self.objects:
                pod.delete()
        self.pods = [pod for pod in self.pods if not pod.gone]
        for key in [key for key in self.jobs if key not in self.objects]:
            del self.jobs[key]
        for key in [key for key in self._claims if key not in self.objects]:
            if not any(_uses(pod, key) for pod in self.pods):
                path = self._claims.pop(key)
                kernel.umount(str(path))
                shutil.rmtree(path)

    def _network(self) -> None:
        self._endpoints.update(self.pods)
        all_services = [(service, self._endpoints.of(service, self.pods)) for service in self.of_kind("Service")]
        hosts = {**self.hosts, **{name: item.address for item in self.stand_ins.values() for name in item.names}}
        self._names = services.names(all_services, hosts)
        ports = [port for service, pods in all_services for port in services.service_ports(service, pods)]
        for protocol in ("udp", "tcp"):
            ports.append(ServicePort(dns.SERVICE, 53, protocol, ((self._dns_address, 53),)))
        peers = [
            Peer(
                self._dns_address, "kube-system", {"k8s-app": "kube-dns"}, (("dns", "UDP", 53), ("dns-tcp", "TCP", 53))
            ),
            *(Peer(pod.address, pod.namespace, pod.labels, named_ports(pod)) for pod in self.pods if not pod.gone),
            *(Peer(item.address, item.namespace, item.labels) for item in self.stand_ins.values()),
        ]
        self.network.apply(ruleset(ports, peers, self.of_kind("NetworkPolicy"), self._namespaces()))

    def _namespaces(self) -> dict[str, dict[str, str]]:
        used = {key.namespace for key in self.objects} | {"kube-system"}
        used |= {item.namespace for item in self.stand_ins.values() if item.namespace}
        found = {name: {"kubernetes.io/metadata.name": name} for name in used if name}
        for obj in self.of_kind("Namespace"):
            name = obj["metadata"]["name"]
            found[name] = {**(field(obj, "metadata.labels", {})), "kubernetes.io/metadata.name": name}
        for item in self.stand_ins.values():
            if item.namespace and item.namespace_labels:
                found[item.namespace] |= item.namespace_labels
        return found


def _uses(pod: Pod, claim: Key) -> bool:
    return pod.namespace == claim.namespace and any(
        field(volume, "persistentVolumeClaim.claimName") == claim.name for volume in pod.spec.get("volumes") or ()
    )
