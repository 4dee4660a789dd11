"""Stand-ins: hosts that are no pods (an external database, an ingress controller, a client on the internet)."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.e2e.podrunner import process
from tests.e2e.podrunner.images import PATH
from tests.e2e.podrunner.kernel import CAPABILITIES
from tests.e2e.podrunner.network import Network
from tests.e2e.podrunner.process import Log, Process
from tests.e2e.podrunner.sandbox import Command, Identity


@dataclass
class StandIn:
    """A network namespace with an address; programs in it see the machine's own files.

    Args:
        name: what the caller calls it.
        address: an IPv4 address outside of the pods' and Services' ranges, or one of the pods' range.
        network: file descriptor of its namespace.
        names: what DNS answers with its address.
        namespace: where policies take it to be (an ingress controller's), ``None`` for outside of the cluster.
        labels: of its pod, for policies.
        namespace_labels: of its namespace.
    """

    name: str
    address: str
    network: int
    names: tuple[str, ...] = ()
    namespace: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)

    @staticmethod
    def make(network: Network, name: str, address: str | None, **rest: object) -> StandIn:
        """Attach one to the network; without ``address`` it gets one of the pods'."""
        address = address or network.pod_address()
        return StandIn(name, address, network.attach(address), **rest)  # type: ignore[arg-type]

    def start(self, argv: list[str], env: Mapping[str, str], uid: int, gid: int, log: Log) -> Process:
        """Start a program in it, with the machine's root file system; it ends with the runner."""
        identity = Identity(uid, gid, (gid,), frozenset(CAPABILITIES))
        child = process.start_inside(
            {"net": self.network}, Command(tuple(argv), {"PATH": PATH, **env}, "/", identity), log.write
        )
        self.processes.append(child)
        return child

    async def stop(self, grace: float = 5) -> None:
        """End its programs."""
        for child in self.processes:
            child.signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(child.wait(), grace)
            except TimeoutError:
                child.signal(signal.SIGKILL)
        self.processes.clear()
