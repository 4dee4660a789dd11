"""The nftables ruleset: Services as kube-proxy has them, NetworkPolicies as a network plugin has them. Pure text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.e2e.podrunner.objects import Object, field, matches

POD_CIDR = "10.244.0.0/16"
SERVICE_CIDR = "10.96.0.0/16"
NODE = "10.244.0.1"


@dataclass(frozen=True)
class Peer:
    """An address that policies know by labels.

    Args:
        namespace: its namespace; ``None`` for a host outside of the cluster, which only ipBlock can name.
        ports: named container ports, as (name, protocol, number).
    """

    address: str
    namespace: str | None = None
    labels: Mapping[str, str] | None = None
    ports: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True)
class ServicePort:
    """One port of a Service with the backends that serve it now, as (address, port)."""

    address: str
    port: int
    protocol: str
    backends: tuple[tuple[str, int], ...]
    node_port: int | None = None


def ruleset(
    ports: Iterable[ServicePort],
    peers: Sequence[Peer],
    policies: Iterable[Object],
    namespaces: Mapping[str, Mapping[str, str]],
) -> str:
    """A script for ``nft -f``: it replaces the table as one transaction.

    Args:
        ports: of every Service.
        peers: every pod and stand-in.
        policies: every NetworkPolicy.
        namespaces: labels by name.
    """
    lines = ["table inet podrunner", "delete table inet podrunner", "table inet podrunner {"]
    lines += _nat(list(ports), peers)
    lines += _filter(peers, list(policies), namespaces)
    return "\n".join([*lines, "}", ""])


def _nat(ports: list[ServicePort], peers: Sequence[Peer]) -> list[str]:
    rules = []
    for port in ports:
        if port.backends:
            target = _balance(port.backends)
            rules.append(f"ip daddr {port.address} {port.protocol} dport {port.port} {target}")
            if port.node_port:
                rules.append(f"ip daddr {{ 127.0.0.1, {NODE} }} {port.protocol} dport {port.node_port} {target}")
    hairpin = ", ".join(f"{peer.address} . {peer.address}" for peer in peers)
    masquerade = [
        f"ip saddr . ip daddr {{ {hairpin} }} masquerade" if hairpin else "",
        f"ip saddr 127.0.0.1 ip daddr {POD_CIDR} masquerade",
    ]
    return [
        "chain services {",
        *rules,
        "}",
        "chain prerouting { type nat hook prerouting priority -100; jump services; }",
        "chain output { type nat hook output priority -100; jump services; }",
        "chain postrouting { type nat hook postrouting priority 100;",
        *filter(None, masquerade),
        "}",
    ]


def _balance(backends: tuple[tuple[str, int], ...]) -> str:
    pairs = ", ".join(f"{number} : {address} . {port}" for number, (address, port) in enumerate(backends))
    return f"dnat ip addr . port to numgen random mod {len(backends)} map {{ {pairs} }}"


def _filter(peers: Sequence[Peer], policies: list[Object], namespaces: Mapping[str, Mapping[str, str]]) -> list[str]:
    chains: list[str] = []
    jumps: list[str] = []
    for number, peer in enumerate(peers):
        if peer.namespace is None:
            continue
        for direction in ("egress", "ingress"):
            selecting = [policy for policy in policies if _selects(policy, peer, direction)]
            if not selecting:
                continue
            chain, side = f"{direction}_{number}", "saddr" if direction == "egress" else "daddr"
            allowed = [rule for policy in selecting for rule in _allowed(policy, direction, peer, peers, namespaces)]
            chains += [f"chain {chain} {{", *dict.fromkeys(allowed), "counter drop", "}"]
            jumps.append(f"ip {side} {peer.address} jump {chain}")
    return [
        *chains,
        "chain forward { type filter hook forward priority 0; policy accept;",
        "ct state established,related accept",
        f"ip daddr {SERVICE_CIDR} reject",  # no endpoint, no such port: kube-proxy refuses
        *jumps,
        "}",
        # Nothing listens on the node for pods; the node itself (kubelet's probes) may reach them.
        "chain input { type filter hook input priority 0; policy drop;",
        "ct state established,related accept",
        'iifname "lo" accept',
        "ip protocol icmp accept",
        "}",
        "chain local { type filter hook output priority 0; policy accept;",
        f"ip daddr {SERVICE_CIDR} reject",
        "}",
    ]


def _selects(policy: Object, peer: Peer, direction: str) -> bool:
    spec = policy["spec"]
    types = [
        name.lower() for name in spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    ]
    inside = field(policy, "metadata.namespace", "default") == peer.namespace
    return direction in types and inside and matches(spec.get("podSelector"), peer.labels or {})


def _allowed(
    policy: Object, direction: str, own: Peer, peers: Sequence[Peer], namespaces: Mapping[str, Mapping[str, str]]
) -> Iterable[str]:
    home = field(policy, "metadata.namespace", "default")
    for rule in policy["spec"].get(direction) or ():
        others = rule.get("from" if direction == "ingress" else "to") or []
        side = "saddr" if direction == "ingress" else "daddr"
        addresses: list[tuple[str, Peer | None]] = [] if others else [("", None)]
        for other in others:
            if block := other.get("ipBlock"):
                family = "ip6" if ":" in block["cidr"] else "ip"
                outside = "".join(f" {family} {side} != {cidr}" for cidr in block.get("except") or ())
                addresses.append((f"{family} {side} {block['cidr']}{outside}", None))
            else:
                found = [peer for peer in peers if _is_named(other, peer, home, namespaces)]
                addresses += [(f"ip {side} {peer.address}", peer) for peer in found]
        for match, peer in addresses:
            for port in _ports(rule.get("ports"), own if direction == "ingress" else peer, peers):
                # Not "accept", which would end the hook before the other side's policies had their say.
                yield f"{match} {port} return".strip()


def _is_named(other: Mapping[str, Any], peer: Peer, home: str, namespaces: Mapping[str, Mapping[str, str]]) -> bool:
    if peer.namespace is None:
        return False
    if "namespaceSelector" in other:
        if not matches(other["namespaceSelector"], namespaces.get(peer.namespace, {})):
            return False
    elif peer.namespace != home:
        return False
    return matches(other.get("podSelector"), peer.labels or {})


def _ports(ports: list[Object] | None, target: Peer | None, peers: Sequence[Peer]) -> Iterable[str]:
    """The port matches of a rule; a named port is the target's, or (any target) that of each pod that has it."""
    if not ports:
        yield ""
        return
    for port in ports:
        protocol = str(port.get("protocol", "TCP")).lower()
        number = port.get("port")
        if number is None:
            yield f"meta l4proto {protocol}"
        elif isinstance(number, int):
            last = f"-{port['endPort']}" if port.get("endPort") else ""
            yield f"{protocol} dport {number}{last}"
        else:
            for peer in [target] if target else peers:
                for name, kind, value in peer.ports:
                    if name == number and kind.lower() == protocol:
                        yield f"ip daddr {peer.address} {protocol} dport {value}"
