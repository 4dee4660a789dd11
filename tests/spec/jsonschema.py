"""As much of JSON Schema 2020-12 as the schema of a layer uses, so that tests can ask it."""

from __future__ import annotations

import re
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float),
    "boolean": (bool,), "null": (type(None),),
}  # fmt: skip
_KNOWN = {
    "$schema", "$defs", "$ref", "title", "description", "default", "examples", "type", "enum", "const", "anyOf",
    "allOf", "not", "required", "properties", "additionalProperties", "items", "pattern", "minimum", "maximum",
    "minLength", "maxLength", "minItems",
}  # fmt: skip


def valid(schema: dict[str, Any] | bool, value: Any, root: dict[str, Any]) -> bool:
    """Whether ``value`` satisfies ``schema``."""
    if isinstance(schema, bool):
        return schema
    assert set(schema) <= _KNOWN, set(schema) - _KNOWN
    if "$ref" in schema and not valid(root["$defs"][schema["$ref"].rpartition("/")[2]], value, root):
        return False
    if "type" in schema:
        kinds = _TYPES[schema["type"]]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            return False
    return (
        ("enum" not in schema or value in schema["enum"])
        and ("const" not in schema or value == schema["const"])
        and ("anyOf" not in schema or any(valid(part, value, root) for part in schema["anyOf"]))
        and all(valid(part, value, root) for part in schema.get("allOf", ()))
        and ("not" not in schema or not valid(schema["not"], value, root))
        and (not isinstance(value, str) or _string(schema, value))
        and (not isinstance(value, int) or schema.get("minimum", value) <= value <= schema.get("maximum", value))
        and (not isinstance(value, list) or _array(schema, value, root))
        and (not isinstance(value, dict) or _object(schema, value, root))
    )


def _string(schema: dict[str, Any], value: str) -> bool:
    return (
        ("pattern" not in schema or re.search(schema["pattern"], value) is not None)
        and schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
    )  # fmt: skip


def _array(schema: dict[str, Any], value: list[Any], root: dict[str, Any]) -> bool:
    return len(value) >= schema.get("minItems", 0) and all(valid(schema.get("items", True), one, root) for one in value)


def _object(schema: dict[str, Any], value: dict[str, Any], root: dict[str, Any]) -> bool:
    properties = schema.get("properties", {})
    return all(name in value for name in schema.get("required", ())) and all(
        valid(properties.get(name, schema.get("additionalProperties", True)), child, root)
        for name, child in value.items()
    )
