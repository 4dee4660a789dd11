"""The reverse proxy: nginx without root, with a configuration of our own."""

from __future__ import annotations

from typing import Any

from compiler.k8s.objects import GeneratedConfigMap
from compiler.pulp.deployment import resources_of, role_deployment
from compiler.pulp.images import image
from compiler.pulp.nginx import nginx_conf
from compiler.pulp.pod import (
    NGINX_UID,
    Container,
    Mount,
    config_mount,
    resources,
    scratch_mount,
    secret_mount,
    trust_mount,
)
from compiler.pulp.process import custom_environment
from compiler.pulp.site import Site, labels


def web_objects(site: Site) -> list[dict[str, Any]]:
    """``<name>-web``; its Service belongs to the exposure."""
    mounts: list[Mount] = [config_mount(site, "nginx"), scratch_mount("tmp", "/tmp", "2Gi")]  # noqa: S108
    if site.web_tls:
        mounts.append(secret_mount(site, "web-tls"))
    if site.mutual:
        mounts += [secret_mount(site, "web-client"), trust_mount(site)]
    container = Container(
        name="web",
        image=image(site, "web"),
        # -e: the log before the configuration is read would go to a file.
        command=["nginx", "-e", "stderr", "-c", "/etc/pulp/nginx/nginx.conf", "-g", "daemon off;"],
        mounts=mounts,
        resources=resources_of(site, "web", resources("100m", "64Mi", "256Mi")),
        env=custom_environment(site, "web"),
        fields={
            "ports": [{"name": "web", "containerPort": site.web_container_port, "protocol": "TCP"}],
            # Answered by nginx itself: when the API is down, content must stay reachable.
            "readinessProbe": {
                "httpGet": {"path": "/healthz", "port": "web", "scheme": "HTTPS" if site.web_tls else "HTTP"},
                "timeoutSeconds": 5,
                "periodSeconds": 10,
                "failureThreshold": 3,
            },
            "livenessProbe": {
                "tcpSocket": {"port": "web"},
                "timeoutSeconds": 5,
                "periodSeconds": 20,
                "failureThreshold": 6,
            },
            # SIGTERM is nginx's fast shutdown, which cuts downloads off; QUIT lets them end.
            "lifecycle": {"preStop": {"exec": {"command": ["/bin/sh", "-c", _STOP]}}},
        },
    )
    return [role_deployment(site, "web", NGINX_UID, (container,))]


_STOP = 'sleep 5; kill -QUIT "$(cat /tmp/nginx.pid)"; while [ -e /tmp/nginx.pid ]; do sleep 1; done'


def web_config_maps(site: Site) -> list[GeneratedConfigMap]:
    """nginx.conf."""
    return [GeneratedConfigMap(site.name("nginx"), {"nginx.conf": nginx_conf(site)}, labels(site, "web"))]
