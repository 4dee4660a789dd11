"""The cache: an embedded Redis, or none of our objects for one that exists."""

from __future__ import annotations

import re
from typing import Any

from compiler.k8s.objects import GeneratedConfigMap
from compiler.pulp.images import image
from compiler.pulp.pod import (
    REDIS_UID,
    Container,
    Pod,
    config_mount,
    pod_template,
    scratch_mount,
    secret_mount,
)
from compiler.pulp.provenance import From
from compiler.pulp.reload import certificate_mounts, reload_containers, reload_script, reloaded
from compiler.pulp.scripts import text
from compiler.pulp.site import CACHE_PORT, Site, labels, manifest, selector

_SOCKET = "/run/redis/redis.sock"


def cache_user(site: Site) -> str | None:
    """The ACL user that Pulp logs in as; the default user (``None``) only where an external Redis has no other."""
    cache = site.spec.cache
    if cache and cache.external:
        return cache.external.user
    return "pulp"


def cache_objects(site: Site) -> list[dict[str, Any]]:
    """Deployment and Service of the embedded Redis."""
    if not (site.spec.cache and site.spec.cache.embedded):
        return []
    return [_deployment(site), _service(site)]


def cache_config_maps(site: Site) -> list[GeneratedConfigMap]:
    """The scripts that write Redis' access list and watch its certificate."""
    if not (site.spec.cache and site.spec.cache.embedded):
        return []
    files = {"acl.sh": text("acl.sh"), **reload_script(site)}
    return [GeneratedConfigMap(site.name("redis-scripts"), files, labels(site, "cache"))]


def _arguments(site: Site, memory: str) -> list[Any]:
    arguments: list[Any] = ["redis-server"]
    if site.encrypted:
        arguments += ["--port", "0", "--tls-port", str(CACHE_PORT)]
        arguments += ["--tls-cert-file", "/etc/pulp/secrets/redis-tls/tls.crt"]
        arguments += ["--tls-key-file", "/etc/pulp/secrets/redis-tls/tls.key"]
        arguments += ["--tls-ca-cert-file", "/etc/pulp/ca/ca.crt"]
        arguments += ["--tls-auth-clients", "yes" if site.mutual else "no"]
        arguments += ["--tls-protocols", "TLSv1.2 TLSv1.3"]
    else:
        arguments += ["--port", str(CACHE_PORT)]
    # Only a cache: nothing is written to disk, and the oldest entries make room.
    arguments += ["--aclfile", "/run/redis/users.acl", "--unixsocket", _SOCKET, "--dir", "/run/redis"]
    arguments += ["--save", "", "--appendonly", "no", "--maxmemory-policy", "allkeys-lru"]
    arguments += ["--maxmemory", From("cache.embedded.memory", str(three_quarters(memory)))]
    return arguments


def _deployment(site: Site) -> dict[str, Any]:
    embedded = site.spec.cache.embedded if site.spec.cache else None
    assert embedded is not None  # noqa: S101 - the caller looked
    implied = {"requests": {"cpu": "50m", "memory": embedded.memory}, "limits": {"memory": embedded.memory}}
    run = scratch_mount("run", "/run/redis", "16Mi", memory=True)
    scripts = config_mount(site, "redis-scripts", executable=True)
    ping = ["redis-cli", "-s", _SOCKET, "--user", "probe", "--pass", "probe", "--no-auth-warning", "ping"]
    probe = {"exec": {"command": ["/bin/sh", "-c", f'test "$({" ".join(ping)})" = PONG']}, "timeoutSeconds": 5}
    acl = Container(
        name="acl",
        image=image(site, "redis"),
        command=["/bin/sh", "/etc/pulp/redis-scripts/acl.sh"],
        mounts=(run, secret_mount(site, "redis-configuration"), scripts),
        resources={"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
    )
    redis = Container(
        name="redis",
        image=image(site, "redis"),
        command=_arguments(site, embedded.memory),
        mounts=(run, *certificate_mounts(site, "redis")),
        resources=From("cache.embedded.resources", embedded.resources)
        if embedded.resources
        else From("cache.embedded.memory", implied),
        fields={
            "ports": [{"name": "redis", "containerPort": CACHE_PORT, "protocol": "TCP"}],
            "readinessProbe": {**probe, "periodSeconds": 10, "failureThreshold": 3},
            "livenessProbe": {**probe, "periodSeconds": 20, "failureThreshold": 6},
        },
    )
    template = pod_template(
        site,
        Pod(
            component="cache",
            account="redis",
            uid=REDIS_UID,
            init=(acl,),
            containers=(redis, *reload_containers(site, "redis", (run, scripts))),
            fields={"terminationGracePeriodSeconds": 30},
            reloaded=reloaded(site, "redis"),
        ),
    )
    body = {
        "replicas": 1,
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": selector(site, "cache")},
        "strategy": {"type": "Recreate"},
        "template": template,
    }
    return manifest(site, "apps/v1", "Deployment", site.name("redis"), "cache", spec=body)


def _service(site: Site) -> dict[str, Any]:
    port = {"name": f"redis-{CACHE_PORT}", "port": CACHE_PORT, "protocol": "TCP", "targetPort": "redis"}
    body = {"type": "ClusterIP", "selector": selector(site, "cache"), "ports": [port]}
    return manifest(site, "v1", "Service", site.service("redis"), "cache", spec=body)


_UNITS = {
    "": 1,
    **{unit: 1000**power for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": 1024**power for power, unit in enumerate("KMGTPE", start=1)},
}


def three_quarters(quantity: str) -> int:
    """Three quarters of a memory quantity, in bytes: Redis' own needs and fragmentation take the rest."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)", quantity)
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"not a memory quantity: {quantity!r}")
    return int(float(match[1]) * _UNITS[match[2]]) * 3 // 4
