"""The compact tables of Kubernetes' schemas: loading them, and finding a kind or a definition in them.

A field's type is a short text::

    s i l n b y t q I   string, int32, int64, number, boolean, base64, date-time, quantity, int-or-string
    o *                 any map, anything
    =A|B                one of these strings
    [keys]T             list of T, whose items differ in ``keys`` (``=``: in their value; empty: in nothing)
    {T                  map of T
    #name               the definition ``name``

A definition is a map of fields (``name!``: required) that admits no other field, or the type it is another word for.
Each definition has one variant for each set of Kubernetes versions that agree on it, as a bit mask of versions.
Source: Kubernetes' OpenAPI by way of kubernetes-validate, made compact by ``tests/tools/make_schemas.py``.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from compiler.check.schema.custom import DEFINITIONS, KINDS
from compiler.errors import CompilerError

Body = dict[str, str] | str


@dataclass(frozen=True)
class Tables:
    """The schemas of one Kubernetes version, and of the custom resources that the compiler emits.

    Args:
        version: ``1.33``.
        kinds: ``apps/v1/Deployment`` to the name of its definition.
        definitions: name to body.
        groups: API groups of which every kind is known, so that an unknown kind in them is a mistake.
    """

    version: str
    kinds: dict[str, str]
    definitions: dict[str, Body]
    groups: frozenset[str]


def supported_versions() -> tuple[str, ...]:
    """The Kubernetes minor versions with schemas, oldest first."""
    return tuple(_read()["versions"])


@lru_cache(maxsize=8)
def load_tables(version: str) -> Tables:
    """The tables of a Kubernetes minor version such as ``1.33``.

    Raises:
        CompilerError: there are no schemas for it.
    """
    data = _read()
    if version not in data["versions"]:
        raise CompilerError(
            f"no schemas for Kubernetes {version}",
            hint=f"kubernetes_version may be one of {', '.join(data['versions'])}",
        )
    bit = 1 << data["versions"].index(version)
    definitions: dict[str, Body] = dict(DEFINITIONS)
    for name, variants in data["definitions"].items():
        for mask, body in variants:
            if mask & bit:
                definitions[name] = body
    kinds = {kind: name for kind, name in data["kinds"].items() if name in definitions}
    groups = frozenset(group_of(kind) for kind in data["kinds"])
    return Tables(version, kinds | KINDS, definitions, groups)


def group_of(kind: str) -> str:
    """The API group of ``apps/v1/Deployment``; empty for ``v1/Secret``."""
    parts = kind.split("/")
    return parts[0] if len(parts) == 3 else ""


@lru_cache(maxsize=1)
def _read() -> Any:
    return json.loads(gzip.decompress(files("compiler.check.schema").joinpath("data/kubernetes.json.gz").read_bytes()))
