"""``openapi:``: merge lists from a schema of one's own (kustomize.md, 16.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.reader import decode
from compiler.kustomize.schema import Table, data
from compiler.kustomize.yaml11 import read_yaml11

if TYPE_CHECKING:
    from compiler.kustomize.accumulator import Accumulator

BUILTIN_VERSION = "v1.21.2"


def check_version(version: str) -> None:
    """Refuse a built-in version that is not there.

    Raises:
        KustomizeError: only v1.21.2 is built in.
    """
    if version and version != BUILTIN_VERSION:
        raise KustomizeError(
            "the specified OpenAPI version is not built in", hint=f"use {BUILTIN_VERSION}, or openapi.path"
        )


def read_schema(content: bytes) -> Table:
    """The merge tables of an OpenAPI document (JSON or YAML).

    Raises:
        KustomizeError: it is malformed: no map, or its definitions or paths are none.
    """
    data = read_yaml11(decode(content))[0] if content.strip() else ""
    data = {} if data is None else data
    if not isinstance(data, dict):
        raise KustomizeError("invalid schema file: it is not a map", hint="it needs a map 'definitions'")
    for field in ("definitions", "paths"):
        if data.get(field) is not None and not isinstance(data[field], dict):
            raise KustomizeError(
                f"invalid schema file: '{field}' is not a map", hint=f"write a map, or leave {field} out"
            )
    return {**_Reader(data.get("definitions") or {}).table(), "scope": _scopes(data.get("paths"))}


def beside_built_in(table: Table) -> Table:
    """The built-in tables with those of a schema put over them."""
    built_in = data()
    return {
        "defs": {**built_in["defs"], **table["defs"]},
        "gvk": {**built_in["gvk"], **table["gvk"]},
        "scope": table["scope"],
    }


def reads_built_in(gathered: Iterable[Accumulator]) -> bool:
    """Whether the real tool has read the built-in schema by the time it has gathered this.

    It reads it for the first strategic merge, and for the first object of a kind whose scope it does not know by heart;
    what it has read then stays, beside the schema of an ``openapi.path`` that comes later.
    """
    known = data()["scope"]
    return any(
        made.resources.merged or any(f"{one.api_version}/{one.kind}" not in known for one in made.resources)
        for made in gathered
    )


def cluster_scoped(table: Table) -> list[str]:
    """The kinds (``apiVersion kind``) that the paths of a schema show to be cluster-scoped."""
    return [name for name, namespaced in table["scope"].items() if not namespaced]


def _scopes(paths: Any) -> dict[str, bool]:
    """Whether each kind that can be got is namespaced: whether one of its paths names a namespace."""
    found: dict[str, bool] = {}
    for path, operations in paths.items() if isinstance(paths, dict) else ():
        get = operations.get("get") if isinstance(operations, dict) else None
        gvk = get.get("x-kubernetes-group-version-kind") if isinstance(get, dict) else None
        if isinstance(gvk, dict):
            name = f"{_api_version(gvk)} {gvk.get('kind')}"
            found[name] = found.get(name, False) or "namespaces/{namespace}" in path
    return found


def _api_version(gvk: Mapping[str, Any]) -> str:
    return f"{gvk.get('group') or ''}/{gvk.get('version') or ''}".removeprefix("/")


class _Reader:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self.definitions = definitions
        self.defs: dict[str, dict[str, Any]] = {}

    def table(self) -> dict[str, Any]:
        gvks: dict[str, str] = {}
        for name, schema in self.definitions.items():
            if not isinstance(schema, dict):
                continue
            self.define(name, schema)
            kinds = schema.get("x-kubernetes-group-version-kind")
            for kind in kinds if isinstance(kinds, list) else ():
                if isinstance(kind, dict):
                    gvks[f"{_api_version(kind)}/{kind.get('kind')}"] = name
        return {"defs": self.defs, "gvk": gvks}

    def define(self, name: str, schema: Mapping[str, Any]) -> None:
        fields: dict[str, Any] = {}
        self.defs[name] = fields
        below = [*(schema.get("properties") or {}).items(), ("", schema.get("additionalProperties"))]
        for field, one in below:
            spec = self.spec(f"{name}.{field}", one) if isinstance(one, dict) else None
            if spec is not None:
                fields[field] = spec

    def spec(self, name: str, schema: Mapping[str, Any]) -> dict[str, Any] | None:
        seen: set[str] = set()
        while isinstance(schema.get("$ref"), str):
            name = schema["$ref"].removeprefix("#/definitions/").replace("~1", "/").replace("~0", "~")
            if name in seen or not isinstance(self.definitions.get(name), dict):
                return None
            seen.add(name)
            schema = self.definitions[name]
        strategy, items = schema.get("x-kubernetes-patch-strategy", ""), schema.get("items")
        if schema.get("type") == "array" or strategy or isinstance(items, dict):
            keys = schema.get("x-kubernetes-list-map-keys")
            if not keys:
                key = schema.get("x-kubernetes-patch-merge-key")
                keys = [key] if key else []
            below = self.spec(f"{name}[]", items) if isinstance(items, dict) else None
            merges = "merge" in str(strategy).split(",")
            return {"list": (below or {}).get("ref"), "strategy": "merge" if merges else "", "keys": keys}
        if name in self.definitions:
            return {"ref": name}
        if isinstance(schema.get("properties"), dict) or isinstance(schema.get("additionalProperties"), dict):
            self.define(name, schema)
            return {"ref": name}
        return None
