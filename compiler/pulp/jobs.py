"""Jobs that run once for each state of what they do: named by a hash of everything that goes into them.

A Job's template is immutable, so a Job whose name does not change with its template cannot be applied again. They have
no time to live either: a GitOps controller would create a deleted one anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from compiler.k8s.objects import GeneratedConfigMap
from compiler.pulp.pod import Pod, pod_template
from compiler.pulp.provenance import bare
from compiler.pulp.site import Site, manifest


def one_shot(
    site: Site,
    part: str,
    pod: Pod,
    config_maps: Iterable[GeneratedConfigMap],
    *,
    backoff_limit: int,
    deadline: int,
) -> dict[str, Any]:
    """The Job ``<name>-<part>-<hash8>``.

    Args:
        site: the installation.
        part: what it does.
        pod: its pod.
        config_maps: every generated ConfigMap of the model; those that the pod mounts are hashed with it.
        backoff_limit: how often a failed pod is replaced.
        deadline: seconds after which it is given up.
    """
    fields = {"restartPolicy": "Never", **pod.fields}
    template = pod_template(
        site,
        Pod(pod.component, pod.account, pod.uid, pod.containers, pod.init, fields, pod.pod_labels, pod.pod_annotations),
    )
    body = {
        "activeDeadlineSeconds": deadline,
        "backoffLimit": backoff_limit,
        "completionMode": "NonIndexed",
        "template": template,
    }
    name = f"{site.name(part)}-{digest(bare(body), config_maps)}"
    return manifest(site, "batch/v1", "Job", name, pod.component, spec=body)


def digest(body: Mapping[str, Any], config_maps: Iterable[GeneratedConfigMap]) -> str:
    """Eight hexadecimal digits over a Job's spec and the content of the generated ConfigMaps that it mounts."""
    mounted = {volume["configMap"]["name"] for volume in body["template"]["spec"]["volumes"] if "configMap" in volume}
    contents = {made.name: dict(made.files) for made in config_maps if made.name in mounted}
    text = json.dumps([body, contents], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:8]
