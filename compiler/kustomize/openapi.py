"""``openapi:``: merge lists from a schema of one's own (kustomize.md, 16.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.reader import decode
from compiler.kustomize.schema import Table
from compiler.kustomize.yaml11 import read_yaml11

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
        KustomizeError: it is malformed or has no definitions.
    """
    data = read_yaml11(decode(content))[0]
    definitions = data.get("definitions") if isinstance(data, dict) else None
    if not isinstance(definitions, dict):
        raise KustomizeError("unable to parse OpenAPI schema: no definitions", hint="it needs a map 'definitions'")
    return _Reader(definitions).table()


class _Reader:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self.definitions = definitions
        self.defs: dict[str, dict[str, Any]] = {}

    def table(self) -> Table:
        gvks: dict[str, str] = {}
        for name, schema in self.definitions.items():
            if not isinstance(schema, dict):
                continue
            self.define(name, schema)
            for gvk in schema.get("x-kubernetes-group-version-kind") or ():
                if isinstance(gvk, dict):
                    group, version = gvk.get("group") or "", gvk.get("version") or ""
                    gvks[f"{group}/{version}/{gvk.get('kind')}".removeprefix("/")] = name
        return {"defs": self.defs, "gvk": gvks, "scope": {}}

    def define(self, name: str, schema: Mapping[str, Any]) -> None:
        fields: dict[str, Any] = {}
        self.defs[name] = fields
        for field, below in (schema.get("properties") or {}).items():
            if isinstance(below, dict):
                spec = self.spec(f"{name}.{field}", below)
                if spec is not None:
                    fields[field] = spec

    def spec(self, name: str, schema: Mapping[str, Any]) -> dict[str, Any] | None:
        if "$ref" in schema:
            return {"ref": _target(schema["$ref"])}
        strategy = schema.get("x-kubernetes-patch-strategy", "")
        items = schema.get("items")
        if schema.get("type") == "array" or strategy or isinstance(items, dict):
            keys = schema.get("x-kubernetes-list-map-keys")
            if not keys:
                key = schema.get("x-kubernetes-patch-merge-key")
                keys = [key] if key else []
            element = None
            if isinstance(items, dict):
                below = self.spec(f"{name}[]", items)
                element = below["ref"] if below is not None and "ref" in below else None
            merges = "merge" in str(strategy).split(",")
            return {"list": element, "strategy": "merge" if merges else "", "keys": keys}
        if isinstance(schema.get("properties"), dict):
            self.define(name, schema)
            return {"ref": name}
        return None


def _target(reference: Any) -> str:
    return str(reference).removeprefix("#/definitions/")
