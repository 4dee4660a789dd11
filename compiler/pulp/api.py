"""The REST API: Deployment and Service."""

from __future__ import annotations

from typing import Any

from compiler.pulp import gunicorn
from compiler.pulp.deployment import cluster_service, resources_of, role_deployment
from compiler.pulp.images import image
from compiler.pulp.pod import PULP_UID, Container, secret_mount
from compiler.pulp.process import custom_environment, environment, gate, scratch, settings_mounts
from compiler.pulp.provenance import From
from compiler.pulp.site import API_PORT, Site
from compiler.pulp.storage import media_mounts

# %-style atoms of gunicorn; given because some versions print the default as a Python tuple.
_LOG_FORMAT = 'pulp [%({correlation-id}o)s]: %(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'


def api_objects(site: Site) -> list[dict[str, Any]]:
    """``<name>-api`` and ``<name>-api-svc``."""
    tokens = (secret_mount(site, "container-auth"),) if site.plugin("container") else ()
    container = Container(
        name="api",
        image=image(site, "pulp"),
        command=["pulpcore-api", *gunicorn.options(site, "api"), "--access-logformat", _LOG_FORMAT],
        mounts=(
            *settings_mounts(site),
            *tokens,
            *gunicorn.mounts(site, "api"),
            *media_mounts(site),
            *scratch("10Gi"),
        ),
        resources=resources_of(site, "api", From("api.workers", gunicorn.default_resources(site, "api"))),
        env={**custom_environment(site, "api"), **environment(site), **gunicorn.environment(site, "api")},
        fields=gunicorn.fields(site, "api", _probes(site)),
    )
    return [
        role_deployment(site, "api", PULP_UID, (container,), (gate(site),)),
        cluster_service(site, "api", API_PORT),
    ]


def _probes(site: Site) -> dict[str, Any]:
    status = f"{site.api_root}api/v3/status/"
    # livez came with pulpcore 3.52. Status asks the database, so it may never decide whether a pod lives.
    modern = site.pulp_version >= (3, 52)
    alive = gunicorn.get_probe(site, "api", f"{site.api_root}api/v3/livez/" if modern else status)
    return {
        "startupProbe": {**alive, "periodSeconds": 5, "failureThreshold": 60},
        "readinessProbe": {**gunicorn.get_probe(site, "api", status), "periodSeconds": 10, "failureThreshold": 3},
        "livenessProbe": {**alive, "periodSeconds": 20, "failureThreshold": 6 if modern else 30},
    }
