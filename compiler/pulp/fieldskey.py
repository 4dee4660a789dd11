"""The Job that encrypts the database's fields anew while their key is being replaced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compiler.k8s.objects import GeneratedConfigMap
from compiler.pulp.images import image
from compiler.pulp.jobs import one_shot
from compiler.pulp.pod import PULP_UID, Container, Pod
from compiler.pulp.process import environment, gate, manager_resources, scratch, settings_mounts
from compiler.pulp.site import Site

_DEADLINE = 7200
"""Seconds; every encrypted field of every row is read and written once."""


def fields_key_objects(site: Site, config_maps: Sequence[GeneratedConfigMap]) -> list[dict[str, Any]]:
    """``<name>-rotate-db-key-<hash>``, while the secrets room says that it is time; nothing otherwise.

    ``rotate-db-key`` reads with every key of the file and writes with the first (pulpcore's documentation, "Rotate the
    database encryption key"). Run twice it does no harm. It has the migration's label, and so its NetworkPolicy:
    both reach the database alone.
    """
    if site.name("db-fields-encryption") not in site.reencrypting:
        return []
    container = Container(
        name="rotate-db-key",
        image=image(site, "pulp"),
        command=["pulpcore-manager", "rotate-db-key"],
        mounts=(*settings_mounts(site), *scratch("1Gi")),
        resources=manager_resources(),
        env=environment(site),
    )
    pod = Pod(component="migration", account="jobs", uid=PULP_UID, containers=(container,), init=(gate(site),))
    return [one_shot(site, "rotate-db-key", pod, config_maps, backoff_limit=4, deadline=_DEADLINE)]
