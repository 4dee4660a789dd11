"""The Job that sets the password of ``admin``, once for each generation of its Secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compiler.k8s.objects import GeneratedConfigMap
from compiler.pulp.images import image
from compiler.pulp.jobs import one_shot
from compiler.pulp.pod import PULP_UID, Container, Pod, config_mount, secret_mount
from compiler.pulp.process import environment, gate, manager_resources, scratch, settings_mounts
from compiler.pulp.site import Site


def admin_objects(site: Site, config_maps: Sequence[GeneratedConfigMap]) -> list[dict[str, Any]]:
    """``<name>-admin-password-<hash>``; the password is read from a mounted file and is never an argument."""
    container = Container(
        name="admin-password",
        image=image(site, "pulp"),
        command=["pulpcore-manager", "shell", "-c", "exec(open('/etc/pulp/job-scripts/admin.py').read())"],
        mounts=(
            *settings_mounts(site),
            secret_mount(site, "admin-password"),
            config_mount(site, "job-scripts", executable=True),
            *scratch("1Gi"),
        ),
        resources=manager_resources(),
        env=environment(site),
    )
    pod = Pod(component="admin-password", account="jobs", uid=PULP_UID, containers=(container,), init=(gate(site),))
    return [one_shot(site, "admin-password", pod, config_maps, backoff_limit=6, deadline=3600)]
