"""Small correct objects for the tests of checks: each test breaks one thing in them."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from compiler.check.finding import Finding, Item
from compiler.errors import Origin

Obj = dict[str, Any]

CONTAINER_SECURITY: Obj = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}


def container(**extra: Any) -> Obj:
    """A container without a fault, with what the test adds."""
    return {
        "name": "app",
        "image": "registry.example.com/app:1.2",
        "securityContext": deepcopy(CONTAINER_SECURITY),
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        **extra,
    }


def pod_spec(*containers: Obj, **extra: Any) -> Obj:
    """A pod that keeps the restricted standard."""
    return {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": list(containers) or [container()],
        **extra,
    }


def deployment(name: str = "web", pod: Obj | None = None, **spec: Any) -> Obj:
    """A Deployment whose pods are labelled ``app: NAME``."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "ns"},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod or pod_spec()},
            **spec,
        },
    }


def obj(api_version: str, kind: str, name: str, **rest: Any) -> Obj:
    """Any object of the namespace ``ns``."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "ns"}, **rest}


def items(*objects: Obj) -> list[Item]:
    """Objects as a rendering, each with an origin."""
    return [Item(one, Origin(f"resources/{index}.yaml", 1)) for index, one in enumerate(objects)]


def rules(findings: Sequence[Finding]) -> list[str]:
    """The ids of what was found, in order."""
    return [finding.rule for finding in findings]


def places(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """Rule and field of what was found."""
    return [(finding.rule, finding.field) for finding in findings]
