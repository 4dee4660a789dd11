"""The order of the output (kustomize.md, 17.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, cmp_to_key
from operator import itemgetter
from typing import Any, TypeAlias

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.identity import group_version
from compiler.kustomize.resource import Resource

FIRST = (
    *("Namespace", "ResourceQuota", "StorageClass", "CustomResourceDefinition", "ServiceAccount"),
    *("PodSecurityPolicy", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"),
    *("ConfigMap", "Secret", "Endpoints", "Service", "LimitRange"),
    *("PriorityClass", "PersistentVolume", "PersistentVolumeClaim", "Deployment", "StatefulSet"),
    *("CronJob", "PodDisruptionBudget"),
)
LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


def _ranks(first: Sequence[str], last: Sequence[str]) -> dict[str, int]:
    ranks = {kind: i - len(first) for i, kind in enumerate(first)}
    ranks.update({kind: i + 1 for i, kind in enumerate(last)})
    return ranks


_DEFAULT = _ranks(FIRST, LAST)


def kind_rank(kind: str) -> int:
    """The place of a kind in the default order; 0 for kinds that are not listed."""
    return _DEFAULT.get(kind, 0)


def check_order(options: Mapping[str, Any] | None) -> None:
    """Refuse ``sortOptions`` that the real tool refuses.

    Raises:
        KustomizeError: an unknown order, or legacy options with another order.
    """
    if options is None:
        return
    order = options.get("order", "")
    if order not in ("fifo", "legacy"):
        raise KustomizeError("the field 'sortOptions.order' must be one of [fifo, legacy]", hint="set order")
    if order != "legacy" and options.get("legacySortOptions") is not None:
        raise KustomizeError(
            "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'"
        )


def ordered(resources: Sequence[Resource], options: Mapping[str, Any] | None) -> list[Resource]:
    """The resources in the order of the output."""
    if options is not None and options.get("order") == "fifo":
        return list(resources)
    ranks = _DEFAULT
    legacy = (options or {}).get("legacySortOptions")
    if legacy is not None:
        ranks = _ranks(legacy.get("orderFirst", ()), legacy.get("orderLast", ()))
    keyed = [(_key(resource, ranks), resource) for resource in resources]
    rank = ranks.get("Namespace", 0)
    if sum(resource.kind == "Namespace" for key, resource in keyed if key[0] == rank) > 1:
        keyed.sort(key=cmp_to_key(_compare))
    else:
        keyed.sort(key=itemgetter(0))
    return [entry[1] for entry in keyed]


_Key: TypeAlias = "tuple[int, str, str]"
"""The rank of a kind, what is compared next, and the last: texts compare as their UTF-8 does."""


def _key(resource: Resource, ranks: Mapping[str, int]) -> _Key:
    api_version, kind, name, namespace = resource.header()
    gvk, start = _of_kind(api_version, kind)
    return ranks.get(kind, 0), gvk, f"{start}|{namespace or '~X'}|{name or '~N'}"


@cache
def _of_kind(api_version: str, kind: str) -> tuple[str, str]:
    group, version = group_version(api_version)
    return gvk_text(group, version, kind), f"{kind or '[noKind]'}.{version or '[noVer]'}.{group or '[noGrp]'}"


def gvk_text(group: str, version: str, kind: str) -> str:
    """Group, version and kind as the real tool sorts by them."""
    return f"{group or '~G'}_{version or '~V'}_{kind or '~K'}"


def _compare(one: tuple[_Key, Resource], other: tuple[_Key, Resource]) -> int:
    a, b = one[0], other[0]
    if a[0] != b[0]:
        return a[0] - b[0]
    if a[1] != b[1]:
        less = -1 if a[1] < b[1] else 1
        if one[1].kind == other[1].kind == "Namespace" and "~G_" in (a[1][:3], b[1][:3]):
            return -less
        return less
    return (a[2] > b[2]) - (a[2] < b[2])
