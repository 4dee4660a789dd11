"""NetworkPolicies: nothing passes, and then what must (``reference/pulp.md`` §7.8).

They select our own pods only, by the instance label, so that they never cut off somebody else's in the namespace.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from urllib.parse import urlsplit

from compiler.pulp.authentication import authentication_targets
from compiler.pulp.provenance import From
from compiler.pulp.site import API_PORT, CACHE_PORT, CONTENT_PORT, DATABASE_PORT, Site, manifest, selector

_ANYWHERE = ("0.0.0.0/0", "::/0")
_METADATA = "169.254.169.254/32"
"""Where clouds give out credentials to whoever asks from a pod; a remote's URL must not lead there."""

_REPLICA = ("replica-config", "replicate")


def policy_objects(site: Site) -> list[dict[str, Any]]:
    """Default deny, DNS, and one policy for each component; nothing when the spec switches them off."""
    if not site.spec.network_policies.enabled:
        return []
    found = [_default_deny(site), _dns(site)]
    for component in ("api", "content", "worker", "web"):
        found.append(_policy(site, component, _ingress(site, component), _egress(site, component)))
    spec = site.spec
    if spec.database and spec.database.embedded:
        clients = [_pods(site, name) for name in ("api", "content", "worker", *_jobs(site))]
        found.append(_policy(site, "database", [{"from": clients, "ports": _tcp(DATABASE_PORT)}], []))
    if spec.cache and spec.cache.embedded:
        clients = [_pods(site, name) for name in ("api", "content", "worker")]
        found.append(_policy(site, "cache", [{"from": clients, "ports": _tcp(CACHE_PORT)}], []))
    if spec.database:
        found += [_policy(site, name, [], _to_database(site)) for name in _jobs(site)]
    if spec.replica and spec.replica.upstream:
        to_api = {"to": [_pods(site, "api")], "ports": _tcp(API_PORT)}
        found.append(_policy(site, "replica-config", [], [to_api]))
        found.append(_policy(site, "replicate", [], [to_api, *_to_upstream(site)]))
    return found


def _jobs(site: Site) -> tuple[str, ...]:
    """The components of Jobs that need the database and nothing else."""
    return ("migration", "admin-password", *(("signing",) if site.spec.signing else ()))


def _ingress(site: Site, component: str) -> list[dict[str, Any]]:
    spec = site.spec
    monitoring = spec.network_policies.monitoring_namespace
    watcher = [From("network_policies.monitoring_namespace", _namespace(monitoring))] if monitoring is not None else []
    if component == "api":
        callers = ["web", *(_REPLICA if spec.replica and spec.replica.upstream else ())]
        return [{"from": [*(_pods(site, name) for name in callers), *watcher], "ports": _tcp(API_PORT)}]
    if component == "content":
        return [{"from": [_pods(site, "web"), *watcher], "ports": _tcp(CONTENT_PORT)}]
    if component == "web":
        ports = _tcp(site.web_container_port)
        if spec.exposure and spec.exposure.ingress:
            controller = _namespace(spec.exposure.ingress.controller_namespace)
            return [{"from": [From("exposure.ingress.controller_namespace", controller)], "ports": ports}]
        if spec.exposure and (spec.exposure.node_port or spec.exposure.load_balancer):
            # Clients come with addresses of their own, or with a node's.
            return [{"ports": From("exposure", ports)}]
    return []


def _egress(site: Site, component: str) -> list[dict[str, Any]]:
    if component == "web":
        return [
            {"to": [_pods(site, "api")], "ports": _tcp(API_PORT)},
            {"to": [_pods(site, "content")], "ports": _tcp(CONTENT_PORT)},
        ]
    rules = [*_to_database(site), *_to_cache(site), *_to_storage(site)]
    rules += _to_logins(site, component)
    if component in ("worker", "content"):
        # The worker synchronizes; content fetches what was left for the first client who asks.
        rules += _to_remotes(site)
    return rules


def _to_database(site: Site) -> list[dict[str, Any]]:
    database = site.spec.database
    if database and database.external:
        to = _blocks(site, database.external.cidrs, "database.external.cidrs")
        return [{"to": to, "ports": _tcp(database.external.port)}]
    if database and database.embedded:
        return [{"to": [_pods(site, "database")], "ports": _tcp(DATABASE_PORT)}]
    return []


def _to_cache(site: Site) -> list[dict[str, Any]]:
    cache = site.spec.cache
    if cache and cache.external:
        to = _blocks(site, cache.external.cidrs, "cache.external.cidrs")
        return [{"to": to, "ports": _tcp(cache.external.port)}]
    if cache and cache.embedded:
        return [{"to": [_pods(site, "cache")], "ports": _tcp(CACHE_PORT)}]
    return []


def _to_storage(site: Site) -> list[dict[str, Any]]:
    s3 = site.spec.storage.s3 if site.spec.storage else None
    if s3 is None:
        return []
    port = _port_of(s3.endpoint) if s3.endpoint else 443
    return [{"to": _blocks(site, s3.cidrs, "storage.s3.cidrs"), "ports": _tcp(port)}]


def _to_logins(site: Site, component: str) -> list[dict[str, Any]]:
    """The API asks whoever knows the users; content asks LDAP too, for guarded content."""
    return [
        {"to": _blocks(site, service.cidrs, f"{key}.cidrs"), "ports": _tcp(port)}
        for key, (service, port) in authentication_targets(site).items()
        if component == "api" or (component == "content" and key == "authentication.ldap")
    ]


def _to_remotes(site: Site) -> list[dict[str, Any]]:
    if site.spec.replica and site.spec.replica.upstream:
        return _to_upstream(site)
    cidrs = site.spec.network_policies.sync_cidrs
    if not cidrs:
        return []
    return [{"to": _blocks(site, cidrs, "network_policies.sync_cidrs"), "ports": _tcp(80, 443)}]


def _to_upstream(site: Site) -> list[dict[str, Any]]:
    upstream = site.spec.replica.upstream if site.spec.replica else None
    if upstream is None:
        return []
    to = _blocks(site, upstream.cidrs, "replica.upstream.cidrs")
    return [{"to": to, "ports": _tcp(_port_of(upstream.url))}]


def _port_of(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (80 if parts.scheme == "http" else 443)


def _blocks(site: Site, cidrs: Sequence[str], key: str) -> list[Any]:
    """Address blocks, anywhere when the spec names none; without the ranges inside them that the spec leaves out.

    A cloud's metadata service is always left out of "anywhere", unless it is needed.
    """
    s3 = site.spec.storage.s3 if site.spec.storage else None
    needs_metadata = bool(s3 and s3.credentials == "workload-identity")
    excepted = site.spec.network_policies.except_cidrs
    blocks: list[Any] = []
    for cidr in cidrs or _ANYWHERE:
        inside: list[Any] = [From("network_policies.except_cidrs", one) for one in excepted if _within(one, cidr)]
        if cidr == "0.0.0.0/0" and not needs_metadata:
            inside.insert(0, _METADATA)
        block = {"cidr": cidr, "except": inside} if inside else {"cidr": cidr}
        blocks.append(From(key, {"ipBlock": block}))
    return blocks


def _within(small: str, large: str) -> bool:
    """Whether a block lies in another and is not all of it, which is what Kubernetes wants of ``except``."""
    inner, outer = ip_network(small), ip_network(large)
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner != outer and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner != outer and inner.subnet_of(outer)


def _pods(site: Site, component: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": selector(site, component)}}


def _namespace(name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _tcp(*ports: int) -> list[dict[str, Any]]:
    return [{"port": port, "protocol": "TCP"} for port in ports]


def _policy(site: Site, component: str, ingress: list[dict[str, Any]], egress: list[dict[str, Any]]) -> dict[str, Any]:
    body = {
        "podSelector": {"matchLabels": selector(site, component)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": ingress or None,
        "egress": egress or None,
    }
    name = site.name("redis" if component == "cache" else component)
    return manifest(site, "networking.k8s.io/v1", "NetworkPolicy", name, component, spec=body)


def _every_pod(site: Site) -> dict[str, Any]:
    own = selector(site, "")
    del own["app.kubernetes.io/component"]
    return {"matchLabels": own}


def _default_deny(site: Site) -> dict[str, Any]:
    body = {"podSelector": _every_pod(site), "policyTypes": ["Ingress", "Egress"]}
    return manifest(site, "networking.k8s.io/v1", "NetworkPolicy", site.name("default-deny"), spec=body)


def _dns(site: Site) -> dict[str, Any]:
    ports = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    # The cluster's DNS pods, and the node-local cache where a cluster has one.
    to = [_namespace("kube-system"), {"ipBlock": {"cidr": "169.254.20.10/32"}}]
    body = {"podSelector": _every_pod(site), "policyTypes": ["Egress"], "egress": [{"to": to, "ports": ports}]}
    return manifest(site, "networking.k8s.io/v1", "NetworkPolicy", site.name("dns"), spec=body)
