"""Which fields tell the items of a list apart, so that a list is compared item by item and not by position.

The API server's own merge keys are a part of it (``containers`` by name, ``volumeMounts`` by mountPath); a reviewer
needs more lists matched than a strategic merge does, and ``ports`` by name rather than by number.
"""

from __future__ import annotations

from typing import Any

from compiler.review.model import Match, Path

_NAME = ("name",)

# Field of the list -> sets of keys to try, in order: the first that every item has, and that are unique, counts.
LIST_KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "additionalPrinterColumns": (_NAME,),
    "age": (("recipient",),),
    "azure_kv": (("vault_url", "name", "version"),),
    "conditions": (("type",),),
    "containers": (_NAME,),
    "env": (_NAME,),
    "ephemeralContainers": (_NAME,),
    "gcp_kms": (("resource_id",),),
    "hc_vault": (("vault_address", "engine_path", "key_name"),),
    "hostAliases": (("ip",),),
    "httpHeaders": (_NAME,),
    "imagePullSecrets": (_NAME,),
    "initContainers": (_NAME,),
    "items": (("path",), ("key",)),
    "kms": (("arn",),),
    "matchExpressions": (("key", "operator"),),
    "metrics": (("type", "resource.name"), ("type",)),
    "ownerReferences": (("uid",),),
    "parentRefs": (("name", "namespace", "sectionName"), ("name", "sectionName"), ("name", "namespace"), _NAME),
    "paths": (("path", "pathType"), ("path",)),
    "pgp": (("fp",),),
    "ports": (_NAME, ("containerPort", "protocol"), ("containerPort",), ("port", "protocol"), ("port",)),
    "rules": (("host",),),
    "secrets": (_NAME,),
    "subjects": (("kind", "namespace", "name"), ("kind", "name")),
    "tls": (("secretName",),),
    "tolerations": (("key", "effect"), ("key", "operator"), ("key",)),
    "topologySpreadConstraints": (("topologyKey", "whenUnsatisfiable"), ("topologyKey",)),
    "volumeClaimTemplates": (("metadata.name",),),
    "volumeDevices": (("devicePath",),),
    "volumeMounts": (("mountPath",),),
    "volumes": (_NAME,),
    "webhooks": (_NAME,),
}


def match_items(path: Path, before: list[Any], after: list[Any]) -> tuple[list[Match], list[Match]] | None:
    """Name the items of a list on both sides.

    Args:
        path: the path of the list; its last map key chooses the keys to try. A list that the table does not know is
            matched by ``name`` where all its items have one.
        before: its items before.
        after: its items after.

    Returns:
        The names of the items of both sides, or ``None`` when the items have no keys in common or not unique ones.
    """
    field = next((step for step in reversed(path) if isinstance(step, str)), "")
    for keys in LIST_KEYS.get(field, (_NAME,)):
        left = _names(keys, before)
        right = _names(keys, after)
        if left is not None and right is not None:
            return left, right
    return None


def _names(keys: tuple[str, ...], items: list[Any]) -> list[Match] | None:
    names: list[Match] = []
    for item in items:
        pairs: list[tuple[str, str | int]] = []
        for key in keys:
            value = _nested(item, key)
            if type(value) is not str and type(value) is not int:
                return None
            pairs.append((key, value))
        names.append(Match(tuple(pairs)))
    return names if len(set(names)) == len(names) else None


def _nested(item: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(item, dict):
            return None
        item = item.get(part)
    return item
