"""The task workers: a Deployment without a Service."""

from __future__ import annotations

from typing import Any

from compiler.pulp.deployment import resources_of, role_deployment
from compiler.pulp.images import image
from compiler.pulp.pod import PULP_UID, Container, resources
from compiler.pulp.process import custom_environment, environment, gate, scratch, scripts, settings_mounts, started
from compiler.pulp.provenance import From
from compiler.pulp.signing import keyring, signing_environment, signing_mounts
from compiler.pulp.site import Site
from compiler.pulp.storage import media_mounts


def worker_objects(site: Site) -> list[dict[str, Any]]:
    """``<name>-worker``.

    It has no probes: nobody connects to it, and it ends by itself when it cannot write its heartbeat. On SIGTERM it
    finishes its task, so its grace period is long and there is no preStop.
    """
    container = Container(
        name="worker",
        image=image(site, "pulp"),
        command=started("pulpcore-worker"),
        mounts=(
            *settings_mounts(site),
            scripts(site),
            *media_mounts(site),
            *signing_mounts(site),
            *scratch(From("worker.scratch", site.spec.worker.scratch)),
        ),
        resources=resources_of(site, "worker", resources("500m", "768Mi", "3Gi")),
        env={**custom_environment(site, "worker"), **environment(site), **signing_environment(site)},
    )
    init = (gate(site), *keyring(site))
    return [role_deployment(site, "worker", PULP_UID, (container,), init, max_unavailable="25%", min_ready=15)]
