"""Make ``compiler/check/schema/data/kubernetes.json.gz`` from kubernetes-validate's JSON schemas.

The source is a 108 MB package that ``tests/schemas.lock`` pins; it never becomes a dependency. By hand, when a
Kubernetes version is added::

    pip download --no-deps --require-hashes -d /tmp/schemas -r tests/schemas.lock
    python -m tests.tools.make_schemas /tmp/schemas/kubernetes_validate-*.whl

``--check`` compares instead of writing. The self-check against the source is ``tests/tools/compare_schemas.py``.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from compiler.k8s.versions import SUPPORTED_KUBERNETES
from tests.tools.schema_enums import ENUMS

TARGET = Path(__file__).resolve().parents[2] / "compiler" / "check" / "schema" / "data" / "kubernetes.json.gz"
MEMBER = "kubernetes_validate/kubernetes-json-schema/v{version}.0-local-strict/_definitions.json"
REFERENCE = "#/$defs/"
PREFIX = "io.k8s."

SCALARS = {
    ("string", None): "s",
    ("string", "byte"): "y",
    ("string", "date-time"): "t",
    ("integer", "int32"): "i",
    ("integer", "int64"): "l",
    ("integer", None): "l",
    ("number", "double"): "n",
    ("boolean", None): "b",
}
SPECIAL = {
    "apimachinery.pkg.api.resource.Quantity": "q",
    "apimachinery.pkg.util.intstr.IntOrString": "I",
}


def read_definitions(wheel: Path, version: str) -> dict[str, dict[str, Any]]:
    """The strict definitions of one Kubernetes minor version, by their full name."""
    with zipfile.ZipFile(wheel) as archive:
        definitions = json.loads(archive.read(MEMBER.format(version=version)))["$defs"]
    assert isinstance(definitions, dict)
    return definitions


def short(name: str) -> str:
    """A definition's name without the prefix that all of them share."""
    return name.removeprefix(PREFIX)


def type_of(schema: Mapping[str, Any], enum: tuple[str, ...] = ()) -> str:
    """The compact form of a field's schema (the grammar stands in ``compiler/check/schema/tables.py``)."""
    if "$ref" in schema:
        name = short(schema["$ref"].removeprefix(REFERENCE))
        return SPECIAL.get(name, f"#{name}")
    kind = schema.get("type")
    if isinstance(kind, list):
        (kind,) = [one for one in kind if one != "null"]
    if kind is None:
        return "*"
    if kind == "array":
        return list_keys(schema) + type_of(schema.get("items", {}), enum)
    if kind == "object":
        values = schema.get("additionalProperties")
        return "{" + type_of(values) if isinstance(values, Mapping) else "o"
    if enum:
        return "=" + "|".join(enum)
    return SCALARS[kind, schema.get("format")]


def list_keys(schema: Mapping[str, Any]) -> str:
    """``[`` and what tells a list's items apart, as server-side apply sees it."""
    match schema.get("x-kubernetes-list-type"):
        case "map":
            return f"[{','.join(schema['x-kubernetes-list-map-keys'])}]"
        case "set":
            return "[=]"
    return "[]"


def body_of(name: str, schema: Mapping[str, Any]) -> dict[str, str] | str:
    """A definition: its fields (``!`` marks a required one), or the type that it is another word for."""
    if name in SPECIAL:
        return SPECIAL[name]
    if "properties" not in schema:
        return type_of(schema)
    required = set(schema.get("required", ()))
    return {
        field + ("!" if field in required else ""): type_of(value, ENUMS.get((name, field), ()))
        for field, value in sorted(schema["properties"].items())
    }


def kinds_of(definitions: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """``apps/v1/Deployment`` and the definition that describes it, for each kind that is an object of its own."""
    for name, schema in definitions.items():
        kinds = schema.get("x-kubernetes-group-version-kind", ())
        if len(kinds) == 1 and "metadata" in schema.get("properties", {}):
            kind = kinds[0]
            version = f"{kind['group']}/{kind['version']}" if kind["group"] else kind["version"]
            yield f"{version}/{kind['kind']}", short(name)


def make(wheel: Path) -> bytes:
    """The table: every version's definitions, identical ones shared; the same bytes from the same wheel."""
    variants: dict[str, dict[str, int]] = {}
    kinds: dict[str, str] = {}
    used: set[tuple[str, str]] = set()
    for index, version in enumerate(SUPPORTED_KUBERNETES):
        definitions = read_definitions(wheel, version)
        kinds.update(kinds_of(definitions))
        for full, schema in definitions.items():
            name = short(full)
            text = json.dumps(body_of(name, schema))
            variants.setdefault(name, {}).setdefault(text, 0)
            variants[name][text] |= 1 << index
            used |= {(name, field) for field in schema.get("properties", {})}
    if missing := sorted(set(ENUMS) - used):
        raise SystemExit(f"schema_enums names fields that do not exist: {missing}")
    table = {
        "versions": list(SUPPORTED_KUBERNETES),
        "kinds": dict(sorted(kinds.items())),
        "definitions": {
            name: [[mask, json.loads(text)] for text, mask in sorted(found.items(), key=lambda item: item[1])]
            for name, found in sorted(variants.items())
        },
    }
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0, filename="") as stream:
        stream.write(json.dumps(table, separators=(",", ":")).encode())
    return buffer.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--check", action="store_true", help="compare with the committed table instead of writing it")
    arguments = parser.parse_args()
    data = make(arguments.wheel)
    if arguments.check:
        same = gzip.decompress(data) == gzip.decompress(TARGET.read_bytes())
        print("up to date" if same else "differs")
        return 0 if same else 1
    TARGET.write_bytes(data)
    print(f"{TARGET.name}: {len(data)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
