"""The two roles that gunicorn serves, api and content: their arguments, TLS, probes and memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from compiler.pulp.pod import Mount, config_mount, prestop, resources, secret_mount, trust_mount
from compiler.pulp.provenance import From
from compiler.pulp.site import API_PORT, CONTENT_PORT, Site
from compiler.spec.models import GunicornWorkload

Server = Literal["api", "content"]

_PORTS: dict[Server, int] = {"api": API_PORT, "content": CONTENT_PORT}

# Resident memory of one worker process with all plugins, measured: api 200 MB, content 155 MB (+ 191 MB once).
_MEGABYTES: dict[Server, tuple[int, int]] = {"api": (96, 208), "content": (192, 160)}

_PRESTOP = 5
"""Seconds between the removal from the endpoints and SIGTERM."""


def workload(site: Site, server: Server) -> GunicornWorkload:
    """The spec's section."""
    return site.spec.api if server == "api" else site.spec.content


def options(site: Site, server: Server) -> list[Any]:
    """Options of ``pulpcore-api`` and ``pulpcore-content``.

    ``--bind`` is left out: the default listens on both address families where there are two.
    """
    role = workload(site, server)
    found: list[Any] = [
        "--workers",
        From(f"{server}.workers", str(role.workers)),
        "--timeout",
        From(f"{server}.timeout", str(role.timeout)),
        "--graceful-timeout",
        From(f"{server}.grace_period", str(max(1, role.grace_period - _PRESTOP - 5))),
        "--access-logfile",
        "-",
    ]
    # A socket for gunicorn's control interface, which nobody uses (option since pulpcore 3.109, and 3.105.6).
    if site.pulp_version >= (3, 109) or (3, 105, 6) <= site.pulp_version < (3, 106):
        found.append("--no-control-socket")
    return found


def environment(site: Site, server: Server) -> dict[str, Any]:
    """TLS of the server: the commands have no options for it, gunicorn reads them from this variable.

    gunicorn checks only that a client's certificate is of its CA, so that CA is for these clients alone.
    """
    if not site.mutual:
        return {}
    own = f"/etc/pulp/secrets/{server}-tls"
    arguments = [
        f"--certfile={own}/tls.crt",
        f"--keyfile={own}/tls.key",
        "--ca-certs=/etc/pulp/upstream-ca/ca.crt",
        "--cert-reqs=2",
    ]
    return {"GUNICORN_CMD_ARGS": From("tls.internal", " ".join(arguments))}


def mounts(site: Site, server: Server) -> tuple[Mount, ...]:
    """The scripts, and for TLS the server's certificate and the probes' client certificate."""
    if not site.mutual:
        return (config_mount(site, "scripts", executable=True),)
    return (
        secret_mount(site, f"{server}-tls"),
        secret_mount(site, "probe-client"),
        trust_mount(site, "upstream-ca"),
        config_mount(site, "scripts", executable=True),
    )


def get_probe(site: Site, server: Server, path: str) -> dict[str, Any]:
    """A probe that asks for ``path``: by kubelet, or with a client certificate from inside the pod."""
    name = site.service(server)
    if site.mutual:
        # -I and -S: without site-packages Python starts in a tenth of the time.
        command = ["python3", "-IS", "/etc/pulp/scripts/probe.py", name, str(_PORTS[server]), path]
        return {"exec": From("tls.internal", {"command": command}), "timeoutSeconds": 5}
    headers = [{"name": "Host", "value": name}]
    return {"httpGet": {"path": path, "port": server, "httpHeaders": headers}, "timeoutSeconds": 5}


def fields(site: Site, server: Server, probes: dict[str, Any]) -> dict[str, Any]:
    """Port, probes and graceful stop of the container."""
    ports: Sequence[dict[str, Any]] = [{"name": server, "containerPort": _PORTS[server], "protocol": "TCP"}]
    return {"ports": ports, **probes, "lifecycle": prestop(site, _PRESTOP)}


def default_resources(site: Site, server: Server) -> dict[str, Any]:
    """Requests for what the processes were seen to take, and twice that as the limit."""
    base, each = _MEGABYTES[server]
    needed = base + each * workload(site, server).workers
    return resources("250m", f"{needed}Mi", f"{2 * needed}Mi")
