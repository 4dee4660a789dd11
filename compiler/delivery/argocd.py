"""Argo CD: an AppProject that allows what this overlay needs and nothing else, and its Application.

Sources: Argo CD's documentation of projects (``clusterResourceWhitelist``, ``namespaceResourceWhitelist``), of sync
options and of diffing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from compiler.delivery.names import delivery_name, group_of, kinds_beside, namespaced_kinds
from compiler.k8s.objects import Object
from compiler.spec.models import Spec
from compiler.spec.models.site import Argocd

_API = "argoproj.io/v1alpha1"


def argocd_objects(
    spec: Spec,
    argocd: Argocd,
    objects: Sequence[Object],
    path: str,
    backends: Collection[str],
    ksops: str | None = None,
) -> list[Object]:
    """The AppProject and the Application of an overlay; arguments as for :func:`compiler.delivery.delivery_files`."""
    name = delivery_name(spec, path)
    namespace = spec.namespace.name if spec.namespace else ""
    destination = {"server": argocd.cluster, "namespace": namespace}
    project = {
        "apiVersion": _API,
        "kind": "AppProject",
        "metadata": {"name": name, "namespace": argocd.namespace},
        "spec": {
            "description": f"{spec.name} in namespace {namespace}: the kinds of {path} and no others",
            "sourceRepos": [argocd.repo],
            "destinations": [destination],
            "clusterResourceWhitelist": _kinds(
                {("", "Namespace")} if spec.namespace and spec.namespace.create else set()
            ),
            "namespaceResourceWhitelist": _kinds(_used(objects, backends)),
        },
    }
    application = {
        "apiVersion": _API,
        "kind": "Application",
        # No resources-finalizer: deleting the Application leaves Pulp and its volumes alone.
        "metadata": {"name": name, "namespace": argocd.namespace},
        "spec": {
            "project": name,
            **_sources(argocd, [path] if ksops is None else [path, ksops]),
            "destination": destination,
            **_differences(objects),
            "syncPolicy": {
                "automated": {"prune": argocd.prune, "selfHeal": argocd.self_heal},
                "retry": {"limit": 5, "backoff": {"duration": "30s", "factor": 2, "maxDuration": "10m"}},
                "syncOptions": [
                    "CreateNamespace=false",
                    "ServerSideApply=true",
                    "RespectIgnoreDifferences=true",
                    "PruneLast=true",
                ],
            },
        },
    }
    return [project, application]


def _used(objects: Sequence[Object], backends: Collection[str]) -> set[tuple[str, str]]:
    """Group and kind of everything applied in the namespace: the objects, the CA bundle, what is sealed beside them."""
    return namespaced_kinds(objects) | kinds_beside(backends)


def _sources(argocd: Argocd, paths: Sequence[str]) -> dict[str, Any]:
    sources = [{"repoURL": argocd.repo, "targetRevision": argocd.revision, "path": path} for path in paths]
    return {"source": sources[0]} if len(sources) == 1 else {"sources": sources}


def _kinds(kinds: set[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"group": group, "kind": kind} for group, kind in sorted(kinds)]


def _differences(objects: Sequence[Object]) -> dict[str, Any]:
    """Replicas that an autoscaler owns are no difference; self-healing would undo its work."""
    ignored = []
    for obj in objects:
        if obj["kind"] == "HorizontalPodAutoscaler":
            target = obj["spec"]["scaleTargetRef"]
            ignored.append(
                {
                    "group": group_of(target),
                    "kind": target["kind"],
                    "name": target["name"],
                    "jsonPointers": ["/spec/replicas"],
                }
            )
    ignored.sort(key=lambda entry: (entry["group"], entry["kind"], entry["name"]))
    return {"ignoreDifferences": ignored} if ignored else {}
