"""The migration Job: brings the schema to what the image's code expects, before any pod of that image serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compiler.k8s.objects import GeneratedConfigMap
from compiler.pulp.images import image
from compiler.pulp.jobs import one_shot
from compiler.pulp.pod import PULP_UID, Container, Pod, config_mount
from compiler.pulp.process import GATE_SECONDS, environment, manager_resources, scratch, settings_mounts
from compiler.pulp.scripts import text
from compiler.pulp.site import Site, labels
from compiler.pulp.storage import media_mounts

_DEADLINE = 7200
"""Seconds; a large database's migrations take tens of minutes."""


def migration_objects(site: Site, config_maps: Sequence[GeneratedConfigMap]) -> list[dict[str, Any]]:
    """``<name>-migrate-<hash>``.

    The hash covers image, plugins, settings (storage backend, redirects and guarded distributions are copied into the
    database by migrations) and the database's address: whatever makes a migration necessary, and no replica count.
    """
    container = Container(
        name="migrate",
        image=image(site, "pulp"),
        command=["/bin/sh", "/etc/pulp/job-scripts/migrate.sh"],
        mounts=(
            *settings_mounts(site),
            config_mount(site, "job-scripts", executable=True),
            *media_mounts(site),
            *scratch("1Gi"),
        ),
        resources=manager_resources(),
        env={**environment(site), "GATE_SECONDS": str(GATE_SECONDS)},
    )
    pod = Pod(component="migration", account="jobs", uid=PULP_UID, containers=(container,))
    return [one_shot(site, "migrate", pod, config_maps, backoff_limit=4, deadline=_DEADLINE)]


def job_config_maps(site: Site) -> list[GeneratedConfigMap]:
    """The scripts of the migration and of the admin password."""
    return [
        GeneratedConfigMap(
            site.name("job-scripts"),
            {name: text(name) for name in ("admin.py", "migrate.sh", "schema.py")},
            labels(site),
        )
    ]
