"""Whether the ``namespace`` of a kustomization can say where the objects are, and nothing else by the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from compiler.k8s.objects import Model, Object
from compiler.overlay.identity import cluster_scoped

_BINDINGS = ("RoleBinding", "ClusterRoleBinding")
_CALLERS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "APIService", "CustomResourceDefinition")


def shared_namespace(wanted: Model) -> str | None:
    """The namespace that all namespaced objects of the model share, if Kustomize's ``namespace`` changes nothing else.

    It also renames the Namespace object, moves the subjects of role bindings and the services that webhooks call, and
    sets a namespace on every kind that it does not know; where that is not what is wanted the answer is None.
    """
    spaces = {str(obj["metadata"].get("namespace") or "") for obj in wanted.objects if not cluster_scoped(obj)}
    if wanted.config_maps:
        spaces.add(wanted.namespace or "")
    namespace = next(iter(spaces)) if len(spaces) == 1 else (wanted.namespace or "") if not spaces else ""
    if not namespace:
        return None
    accounts = {str(obj["metadata"]["name"]) for obj in wanted.objects if obj.get("kind") == "ServiceAccount"}
    return namespace if all(_unharmed(obj, namespace, accounts) for obj in wanted.objects) else None


def _unharmed(obj: Object, namespace: str, accounts: set[str]) -> bool:
    kind = obj.get("kind")
    if kind == "Namespace" and obj.get("apiVersion") == "v1":
        return bool(obj["metadata"]["name"] == namespace)
    if kind in _BINDINGS:
        return all(_subject_stays(subject, namespace, accounts) for subject in obj.get("subjects") or [])
    if kind in _CALLERS:
        return all(service.get("namespace") == namespace for service in _services(obj))
    return True


def _subject_stays(subject: Any, namespace: str, accounts: set[str]) -> bool:
    """``default`` is moved whatever its kind; a name that is also a ServiceAccount's is taken for it."""
    if not isinstance(subject, dict):
        return False
    followed = subject.get("name") == "default" or subject.get("name") in accounts
    return not followed or subject.get("namespace") == namespace


def _services(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        for key, below in value.items():
            if key == "service" and isinstance(below, dict):
                yield below
            yield from _services(below)
    elif isinstance(value, list):
        for below in value:
            yield from _services(below)
