"""A point of presence: the Job that registers the centre, and the CronJob that replicates from it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from compiler.errors import CompilerError
from compiler.k8s.objects import GeneratedConfigMap
from compiler.pulp.images import image
from compiler.pulp.jobs import one_shot
from compiler.pulp.plugins import enabled
from compiler.pulp.pod import (
    PULP_UID,
    Container,
    Mount,
    Pod,
    config_mount,
    pod_template,
    resources,
    scratch_mount,
    secret_mount,
    trust_mount,
)
from compiler.pulp.provenance import From
from compiler.pulp.scripts import text
from compiler.pulp.site import API_PORT, Site, labels, manifest
from compiler.spec.models import Replica

NAME = "centre"
"""Name of the UpstreamPulp; always the same, so that a centre that moves is changed and not doubled."""


def _replica(site: Site) -> Replica | None:
    replica = site.spec.replica
    return replica if replica and replica.upstream else None


def replica_config_maps(site: Site) -> list[GeneratedConfigMap]:
    """The script and what it is to do."""
    replica = _replica(site)
    if replica is None:
        return []
    wanted = json.dumps(settings(site, replica), indent=2, sort_keys=True) + "\n"
    files = {"replica.json": wanted, "replicate.py": text("replicate.py")}
    return [GeneratedConfigMap(site.name("replica"), files, labels(site))]


def settings(site: Site, replica: Replica) -> dict[str, Any]:
    """``replica.json``: public, so no credential is in it."""
    assert replica.upstream is not None  # noqa: S101 - the caller looked
    upstream = replica.upstream
    scheme = "https" if site.mutual else "http"
    return {
        "deadline": max(30, replica.deadline - 60),
        "download": replica.download,
        "local": {"api_root": site.api_root, "url": f"{scheme}://{site.service('api')}:{API_PORT}"},
        "poll": 5,
        "remotes": {
            name: {"distributions": facts.replicated.distributions, "remotes": facts.replicated.remotes}
            for name, facts in enabled(site).items()
            if facts.replicated
        },
        "upstream": {
            "api_root": upstream.api_root,
            "base_url": upstream.url.rstrip("/"),
            "ca_cert": upstream.ca.strip() if upstream.ca else None,
            "domain": upstream.domain,
            "name": NAME,
            "policy": replica.policy,
            "q_select": selection(replica.labels),
            "tls_validation": True,
        },
    }


def selection(wanted: dict[str, str]) -> str | None:
    """The filter of distributions by their labels (pulpcore's ``q`` grammar), or ``None`` for all of them.

    Raises:
        CompilerError: a label that the grammar could read as something else.
    """
    if not wanted:
        return None
    for key, value in wanted.items():
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", key) or not re.fullmatch(r"[A-Za-z0-9_.-]+", value):
            raise CompilerError(
                f"replica.labels: {key}={value} has characters that Pulp's label filter cannot hold",
                hint="use letters, digits, '_', '.' and '-'",
            )
    terms = ",".join(f"{key}={value}" for key, value in sorted(wanted.items()))
    return f'pulp_label_select="{terms}"'


def _mounts(site: Site) -> tuple[Mount, ...]:
    mounts = [
        config_mount(site, "replica", executable=True),
        secret_mount(site, "admin-password"),
        secret_mount(site, "replica-upstream"),
        scratch_mount("tmp", "/tmp", "64Mi"),  # noqa: S108
    ]
    if site.mutual:
        mounts += [secret_mount(site, "replica-client"), trust_mount(site)]
    return tuple(mounts)


def _container(site: Site, name: str, action: str, env: dict[str, str]) -> Container:
    return Container(
        name=name,
        image=image(site, "pulp"),
        command=["python3", "-I", "-B", "-u", "/etc/pulp/replica/replicate.py", action],
        mounts=_mounts(site),
        resources=resources("50m", "64Mi", "256Mi"),
        env=env,
    )


def replica_jobs(site: Site, config_maps: Sequence[GeneratedConfigMap]) -> list[dict[str, Any]]:
    """``<name>-replica-config-<hash>``."""
    if _replica(site) is None:
        return []
    generation = site.generations.get(site.name("replica-upstream"), 1)
    container = _container(site, "configure", "configure", {"CREDENTIALS_GENERATION": str(generation)})
    pod = Pod(component="replica-config", account="jobs", uid=PULP_UID, containers=(container,))
    return [one_shot(site, "replica-config", pod, config_maps, backoff_limit=6, deadline=3600)]


def replica_objects(site: Site) -> list[dict[str, Any]]:
    """The CronJob ``<name>-replicate``."""
    replica = _replica(site)
    if replica is None:
        return []
    template = pod_template(
        site,
        Pod(
            component="replicate",
            account="jobs",
            uid=PULP_UID,
            containers=(_container(site, "replicate", "run", {}),),
            fields={"restartPolicy": "Never"},
        ),
    )
    schedule = From("replica.schedule", replica.schedule) if replica.schedule else From("host", _hourly(site))
    body = {
        "schedule": schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 600,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {
            "spec": {
                "activeDeadlineSeconds": From("replica.deadline", replica.deadline),
                # The next run tries again; a retry at once would meet the same centre.
                "backoffLimit": 0,
                "template": template,
            }
        },
    }
    return [manifest(site, "batch/v1", "CronJob", site.name("replicate"), "replicate", spec=body)]


def _hourly(site: Site) -> str:
    """Every hour, at a minute that follows from the host, so that a fleet does not call its centre all at once."""
    seed = site.spec.host or site.spec.name
    return f"{int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], 'big') % 60} * * * *"
