"""The replica count transformer (kustomize.md, 8.5)."""

from __future__ import annotations

from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.fieldspec import Specs, apply_spec, made_scalar
from compiler.kustomize.identity import group_version
from compiler.kustomize.resource import Resources
from compiler.kustomize.scalars import Scalar
from compiler.kustomize.setter import put, set_style


def set_replicas(resources: Resources, name: str, count: int, specs: Specs) -> None:
    """Set the replica count of the workloads that have or had a name.

    Raises:
        KustomizeError: no workload of that name.
    """

    def write(container: Any, key: Any) -> None:
        if isinstance(container[key], dict | list):
            raise KustomizeError("wrong node kind: expected ScalarNode", hint="replicas is a number")
        put(container, key, set_style(container[key], Scalar(str(count), "int")))

    found = False
    for spec in specs.specs:
        for resource in resources.named(name):
            ids = [identity for identity in resource.all_ids() if identity.name == name]
            if any(spec.matches(*group_version(identity.api_version), identity.kind) for identity in ids):
                found = True
                if spec.matches(*group_version(resource.api_version), resource.kind):
                    apply_spec(resource, spec, write, made_scalar)
    if not found:
        kinds = " ".join(
            f"{spec.kind or '[noKind]'}.{spec.version or '[noVer]'}.{spec.group or '[noGrp]'}" for spec in specs.specs
        )
        raise KustomizeError(
            f"resource with name {name} does not match a config with the following GVK [{kinds}]",
            hint=_nearest(resources, name),
        )


def _nearest(resources: Resources, name: str) -> str | None:
    same = next((resource for resource in resources.named(name)), None)
    if same is not None:
        return f"replicas are set in these kinds only, and it is a {same.kind}: `configurations` can add a field of it"
    from difflib import get_close_matches

    near = get_close_matches(name, [resource.name for resource in resources], 1, 0.6)
    return f"did you mean {near[0]}?" if near else None
