"""The JSON Schema of a layer: editors complete and check from it.

Every key is optional in a layer, since the others may say it, and every key may be null, which removes.
"""

from __future__ import annotations

import copy
from typing import Any

from compiler.spec.environments import DEFAULTS, ENVIRONMENTS
from compiler.spec.groups import GROUPS
from compiler.spec.keys import Key, walk
from compiler.spec.models import Spec
from compiler.spec.node import Path

DIALECT = "https://json-schema.org/draft/2020-12/schema"

EXTENDS = {
    "type": "string",
    "minLength": 1,
    "description": "Folder of the layer that this one builds on, relative to its own folder.",
    "examples": ["../../base/pulp"],
}


def layer_schema() -> dict[str, Any]:
    """The schema, draft 2020-12."""
    source = Spec.model_json_schema(by_alias=True)
    definitions = source.pop("$defs")
    schema: dict[str, Any] = {
        "$schema": DIALECT,
        "title": "pulp.yaml",
        "description": "A layer of a Pulp spec: what a person wants.",
        "type": "object",
        "properties": source["properties"],
        "additionalProperties": False,
        "$defs": {},
    }
    namespace = definitions["Namespace"]["properties"]["name"]
    short = {name: namespace[name] for name in ("type", "pattern", "maxLength")}
    _clean(schema["properties"])
    schema["properties"] = {"extends": copy.deepcopy(EXTENDS), **schema["properties"]}
    for name, definition in definitions.items():
        definition.pop("required", None)
        _clean(definition.get("properties", {}))
        schema["$defs"][name] = definition
    schema["properties"]["namespace"]["anyOf"].insert(0, short)
    for path, members in GROUPS.items():
        _at_most_one(schema, path, members)
    for path, key in walk():
        _describe(_holder(schema, path)["properties"], path, key)
    return schema


def _describe(properties: dict[str, Any], path: Path, key: Key) -> None:
    """The description of a key, with the defaults of the environments."""
    item = properties[key.name] = dict(properties[key.name])
    item.setdefault("description", tidy(key.info.description or ""))
    said = ", ".join(f"{name}: {value}" for name, value in environment_defaults(path).items())
    if said:
        item["description"] += f" Default by environment: {said}."


def environment_defaults(path: Path) -> dict[str, str]:
    """The default at ``path`` of each environment that has one, as it would be written.

    Whole sections are left out.
    """
    found: dict[str, str] = {}
    for name in ENVIRONMENTS:
        value = _at(DEFAULTS[name], path)
        if isinstance(value, int | str):
            found[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return found


def tidy(text: str) -> str:
    """A docstring on one line, with Markdown's code marks."""
    return " ".join(text.replace("``", "`").split())


def _clean(properties: dict[str, Any]) -> None:
    """Titles repeat the key; a default that is a whole section, or null, says nothing; null is allowed everywhere."""
    for name, item in properties.items():
        item.pop("title", None)
        if item.get("default") is None or item.get("default") == {}:
            item.pop("default", None)
        if "description" in item:
            item["description"] = tidy(item["description"])
        if isinstance(item.get("default"), dict) and "$ref" in item:
            item.pop("default")
        if any(part == {"type": "null"} for part in item.get("anyOf", ())):
            continue
        outer = {key: item.pop(key) for key in ("default", "description", "examples") if key in item}
        choices = item.pop("anyOf") if "anyOf" in item else [item]
        properties[name] = {"anyOf": [*choices, {"type": "null"}], **outer}


def _holder(schema: dict[str, Any], path: Path) -> dict[str, Any]:
    """The object schema that has the last key of ``path``."""
    holder = schema
    for step in path[:-1]:
        reference = next(part["$ref"] for part in holder["properties"][step]["anyOf"] if "$ref" in part)
        holder = schema["$defs"][reference.rpartition("/")[2]]
    return holder


def _at_most_one(schema: dict[str, Any], path: Path, members: tuple[str, ...]) -> None:
    """Forbid two members that are not null; null beside a choice is allowed."""
    holder = _holder(schema, (*path, members[0]))
    chosen = [{"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in members]
    pairs = [(one, other) for index, one in enumerate(chosen) for other in chosen[index + 1 :]]
    holder["not"] = {"anyOf": [{"allOf": list(pair)} for pair in pairs]}


def _at(data: Any, path: Path) -> Any:
    for step in path:
        if not isinstance(data, dict) or step not in data:
            return None
        data = data[step]
    return data
