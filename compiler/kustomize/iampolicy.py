"""IAMPolicyGenerator: the ServiceAccount that stands for one of the cloud (kustomize.md, 16.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.generators import Generated
from compiler.kustomize.identity import Origin
from compiler.kustomize.reader import read_documents
from compiler.kustomize.resfile import make_resources
from compiler.kustomize.resource import Resource


def service_account(config: Mapping[str, Any], origin: Origin) -> Resource:
    """The ServiceAccount of a configuration, bound to a Google service account by annotation.

    Args:
        config: ``cloud`` (only ``gke``), ``kubernetesService{name, namespace}``, ``serviceAccount{name, projectId}``.
        origin: where its configuration stands.

    Raises:
        KustomizeError: another cloud, or names that make no YAML (the real tool fills in a template without quoting).
    """
    cloud = config.get("cloud", "")
    if cloud != "gke":
        raise KustomizeError(f"cloud provider {cloud} not supported yet", hint="the only one is gke")
    local, remote = config.get("kubernetesService", {}), config.get("serviceAccount", {})
    account = f"{remote.get('name', '')}@{remote.get('projectId', '')}.iam.gserviceaccount.com"
    text = (
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  annotations:\n"
        f"    iam.gke.io/gcp-service-account: {account}\n  name: {local.get('name', '')}\n"
    )
    if local.get("namespace"):
        text += f"  namespace: {local['namespace']}\n"
    try:
        made = make_resources(read_documents(text.encode()), origin.path)
    except KustomizeError as error:
        error.line = error.column = None
        if not (local.get("name") and remote.get("name") and remote.get("projectId")):
            error.hint = "give kubernetesService.name, serviceAccount.name and serviceAccount.projectId"
        raise
    resource = made[0]
    resource.origin = origin
    resource.generator = Generated("unspecified", False)
    return resource
