"""Each object against the schema of its kind; kinds without one are counted, never passed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from compiler.check.finding import Finding, Item, format_path
from compiler.check.rules import found
from compiler.check.schema.tables import group_of
from compiler.check.schema.validator import Faults, Validator, nearest, validator
from compiler.k8s.objects import Object

_SECRET_KINDS = frozenset(["Secret", "SealedSecret"])


def check_schemas(items: Sequence[Item], kubernetes_version: str) -> tuple[list[Finding], dict[str, int]]:
    """Validate every object.

    Args:
        items: the rendering.
        kubernetes_version: a supported minor version, ``1.33``.

    Returns:
        The findings, and the kinds without a schema (``example.com/v1 Widget``) with their number of objects.

    Raises:
        CompilerError: there are no schemas for that version.
    """
    schemas = validator(kubernetes_version)
    findings: list[Finding] = []
    unvalidated: Counter[str] = Counter()
    for item in items:
        api_version, kind = item.data.get("apiVersion"), item.data.get("kind")
        if not isinstance(api_version, str) or not isinstance(kind, str) or not api_version or not kind:
            missing = "apiVersion" if not isinstance(api_version, str) or not api_version else "kind"
            findings.append(found("schema/required", item, missing, f"required field {missing} is missing"))
            continue
        faults = Faults(secret=kind in _SECRET_KINDS, sealed=is_sops(item.data))
        if schemas.check(f"{api_version}/{kind}", _without_sops(item.data), faults):
            findings += [found(rule, item, format_path(path), message) for rule, path, message in faults.found]
        elif group_of(f"{api_version}/{kind}") in schemas.tables.groups:
            findings.append(found("schema/unknown-kind", item, "apiVersion", _unknown_kind(schemas, api_version, kind)))
        else:
            unvalidated[f"{api_version} {kind}"] += 1
    return findings, dict(sorted(unvalidated.items()))


def is_sops(obj: Object) -> bool:
    """Whether sops sealed this object: its block has a MAC."""
    block = obj.get("sops")
    return isinstance(block, dict) and isinstance(block.get("mac"), str)


def _without_sops(obj: Object) -> Any:
    """The object as it will be when Flux has opened it: sops' own block is not Kubernetes'."""
    return {key: value for key, value in obj.items() if key != "sops"} if is_sops(obj) else obj


def _unknown_kind(schemas: Validator, api_version: str, kind: str) -> str:
    version = schemas.tables.version
    same = sorted(name for name in schemas.tables.kinds if name.rpartition("/")[2] == kind)
    if same:
        served = ", ".join(name.rpartition("/")[0] for name in same)
        return f"Kubernetes {version} has no {api_version} {kind}; it serves {kind} as {served}"
    meant = nearest(kind, tuple(name.rpartition("/")[2] for name in schemas.tables.kinds))
    return f"Kubernetes {version} has no {api_version} {kind}" + (f"; did you mean {meant}?" if meant else "")
