"""The container beside PostgreSQL and Redis that has them read renewed certificates, so that no renewal restarts them.

There is one of each, so a restart is an outage. Both load certificates while they serve: PostgreSQL when it reloads its
configuration (manual, 19.9.5), Redis on ``CONFIG SET tls-cert-file``, even to the same path.
"""

from __future__ import annotations

from typing import Any, Literal

from compiler.pulp.images import image
from compiler.pulp.pod import Container, Mount, resources, secret_mount, trust_mount
from compiler.pulp.scripts import text
from compiler.pulp.site import Site

Server = Literal["postgres", "redis"]

_PARTS = {"postgres": ("database-tls", "database-scripts"), "redis": ("redis-tls", "redis-scripts")}


def certificate_mounts(site: Site, server: Server) -> tuple[Mount, ...]:
    """The server's certificate and the CA bundle; nothing without TLS."""
    return (secret_mount(site, _PARTS[server][0]), trust_mount(site)) if site.encrypted else ()


def reloaded(site: Site, server: Server) -> frozenset[str]:
    """The volumes whose changes the running server takes over."""
    return frozenset(mount.volume for mount in certificate_mounts(site, server))


def reload_script(site: Site) -> dict[str, str]:
    """The script, as a file of the server's scripts."""
    return {"reload.sh": text("reload.sh")} if site.encrypted else {}


def reload_containers(site: Site, server: Server, mounts: tuple[Mount, ...]) -> tuple[Container, ...]:
    """The container, if there is something to reload.

    Args:
        site: the installation.
        server: ``postgres`` or ``redis``, which is also the image.
        mounts: the scripts, and the folder with the server's socket.
    """
    own = certificate_mounts(site, server)
    if not own:
        return ()
    tls, scripts = _PARTS[server]
    folder = f"/etc/pulp/secrets/{tls}"
    files: list[Any] = [f"{folder}/tls.crt", f"{folder}/tls.key", "/etc/pulp/ca/ca.crt"]
    return (
        Container(
            name="reload",
            image=image(site, server),
            command=["/bin/sh", f"/etc/pulp/{scripts}/reload.sh", server, *files],
            mounts=(*mounts, *own),
            resources=resources("5m", "16Mi", "64Mi"),
        ),
    )
