"""The content app, which serves repositories to clients: Deployment and Service."""

from __future__ import annotations

from typing import Any

from compiler.pulp import gunicorn
from compiler.pulp.deployment import cluster_service, resources_of, role_deployment
from compiler.pulp.images import image
from compiler.pulp.pod import PULP_UID, Container
from compiler.pulp.process import custom_environment, environment, gate, scratch, settings_mounts, started
from compiler.pulp.provenance import From
from compiler.pulp.site import CONTENT_PORT, Site
from compiler.pulp.storage import media_mounts


def content_objects(site: Site) -> list[dict[str, Any]]:
    """``<name>-content`` and ``<name>-content-svc``."""
    container = Container(
        name="content",
        image=image(site, "pulp"),
        command=started("pulpcore-content", *gunicorn.options(site, "content")),
        mounts=(
            *settings_mounts(site),
            *gunicorn.mounts(site, "content"),
            *media_mounts(site),
            # Artifacts fetched on demand are first written here.
            *scratch("20Gi"),
        ),
        resources=resources_of(site, "content", From("content.workers", gunicorn.default_resources(site, "content"))),
        env={**custom_environment(site, "content"), **environment(site), **gunicorn.environment(site, "content")},
        fields=gunicorn.fields(site, "content", _probes(site)),
    )
    return [
        role_deployment(site, "content", PULP_UID, (container,), (gate(site),)),
        cluster_service(site, "content", CONTENT_PORT),
    ]


def _probes(site: Site) -> dict[str, Any]:
    domains = site.spec.pulp.settings.get("DOMAIN_ENABLED") is True
    ready = gunicorn.get_probe(site, "content", site.content_prefix + ("default/" if domains else ""))
    return {
        "startupProbe": {**ready, "periodSeconds": 5, "failureThreshold": 60},
        "readinessProbe": {**ready, "periodSeconds": 10, "failureThreshold": 3},
        # The listing asks the database; a lost database must not restart the pods that serve from the cache.
        "livenessProbe": {
            "tcpSocket": {"port": "content"},
            "timeoutSeconds": 5,
            "periodSeconds": 20,
            "failureThreshold": 6,
        },
    }
