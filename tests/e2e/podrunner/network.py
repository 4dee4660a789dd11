"""The runner's network: a namespace per pod, each on a veth of its own routed by the runner's namespace ("the node").

Every packet between two pods passes the node's forward hook, where Services are translated and policies enforced.
"""

from __future__ import annotations

import ipaddress
import os
import subprocess

from tests.e2e.podrunner import kernel
from tests.e2e.podrunner.objects import RunnerError
from tests.e2e.podrunner.rules import NODE, POD_CIDR, SERVICE_CIDR

_SYSCTL = {
    "net/ipv4/ip_forward": "1",
    # A NodePort is reached on the node's loopback, as kube-proxy allows it.
    "net/ipv4/conf/all/route_localnet": "1",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
}


class Network:
    """Addresses and namespaces; belongs in the runner's own network namespace."""

    def __init__(self) -> None:
        self._free = (str(address) for address in list(ipaddress.ip_network(POD_CIDR).hosts())[9:])
        self._services = (str(address) for address in list(ipaddress.ip_network(SERVICE_CIDR).hosts())[99:])
        self._node_ports = iter(range(30900, 32768))
        self._number = 0
        self._rules = ""
        for name, value in _SYSCTL.items():
            with open(f"/proc/sys/{name}", "w") as file:
                file.write(value)
        _ip(
            "link set lo up\n"
            "link add node type bridge\n"
            "link set node up\n"
            f"addr add {NODE}/32 dev node\n"
            # So that a packet to a Service without an endpoint comes as far as the rule that refuses it.
            f"route add {SERVICE_CIDR} dev node\n"
        )

    def pod_address(self) -> str:
        """An address that no pod had before (conntrack remembers the old ones)."""
        return next(self._free)

    def service_address(self) -> str:
        """A virtual address that no Service had before."""
        return next(self._services)

    def node_port(self) -> int:
        """A node port for a Service that names none; manifests that name one take lower ones, so it is free."""
        return next(self._node_ports)

    def attach(self, address: str) -> int:
        """A new network namespace that has ``address``; its file descriptor is the only thing that keeps it."""
        self._number += 1
        name = f"pod{self._number}"
        fd = _new_namespace()
        place = f"/proc/{os.getpid()}/fd/{fd}"
        _ip(
            f"link add {name} type veth peer name eth0 netns {place}\n"
            f"link set {name} up\n"
            f"route add {address}/32 dev {name} src {NODE}\n"
        )
        with open(f"/proc/sys/net/ipv4/conf/{name}/proxy_arp", "w") as file:
            file.write("1")
        _ip(
            "link set lo up\n"
            f"addr add {address}/32 dev eth0\n"
            "link set eth0 up\n"
            f"route add {NODE} dev eth0 scope link\n"
            f"route add default via {NODE} dev eth0\n",
            namespace=place,
        )
        return fd

    def apply(self, rules: str) -> None:
        """Replace the ruleset at once; nothing when it is the one in force."""
        if rules == self._rules:
            return
        done = subprocess.run(["nft", "-f", "-"], input=rules, text=True, capture_output=True, check=False)
        if done.returncode:
            raise RunnerError(f"nft: {done.stderr}\n{rules}")
        self._rules = rules


def inside(fd: int) -> _Inside:
    """A context in which sockets are made in the network namespace ``fd``; single-threaded use only."""
    return _Inside(fd)


class _Inside:
    def __init__(self, fd: int) -> None:
        self._fd = fd

    def __enter__(self) -> None:
        self._own = os.open("/proc/self/ns/net", os.O_RDONLY)
        kernel.setns(self._fd, kernel.CLONE_NEWNET)

    def __exit__(self, *_: object) -> None:
        kernel.setns(self._own, kernel.CLONE_NEWNET)
        os.close(self._own)


def _new_namespace() -> int:
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        kernel.unshare(kernel.CLONE_NEWNET)
        return os.open("/proc/self/ns/net", os.O_RDONLY)
    finally:
        kernel.setns(own, kernel.CLONE_NEWNET)
        os.close(own)


def _ip(batch: str, namespace: str = "") -> None:
    command = ["nsenter", f"--net={namespace}"] if namespace else []
    done = subprocess.run([*command, "ip", "-batch", "-"], input=batch, text=True, capture_output=True, check=False)
    if done.returncode:
        raise RunnerError(f"ip: {done.stderr.strip()}\n{batch}")
