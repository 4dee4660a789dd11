"""The JSON Schema of a layer: it takes what the loader takes, and describes every key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compiler.spec.keys import walk
from compiler.spec.node import Path as Keys
from compiler.spec.node import plain, render
from compiler.spec.reader import read_layer
from compiler.spec.reference import example_of
from compiler.spec.schema import layer_schema
from tests.spec.jsonschema import valid
from tests.spec.trees import BASE, DEMO, PROD

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = layer_schema()


def accepts(text: str) -> bool:
    return valid(SCHEMA, json.loads(json.dumps(plain(read_layer(text.encode(), "x")))), SCHEMA)


def nested(path: Keys, value: Any) -> Any:
    for step in reversed(path):
        value = {step: value}
    return value


@pytest.mark.parametrize("text", [BASE, PROD, DEMO, "", "namespace: {name: a, create: true}\n"])
def test_it_takes_layers(text: str) -> None:
    assert accepts(text)


def test_it_takes_every_spec_of_this_repository() -> None:
    specs = sorted([*ROOT.glob("base/*/pulp.yaml"), *ROOT.glob("overlays/*/pulp.yaml")])
    assert len(specs) >= 6
    for spec in specs:
        assert accepts(spec.read_text()), spec


@pytest.mark.parametrize(
    "text",
    [
        "nmae: x\n", "api: {replica: 1}\n", "api: {replicas: '1'}\n", "pulp: {version: 3.85}\n", "extends: 1\n",
        "database: {embedded: {}, external: {host: x}}\n", "cache: {disabled: false}\n", "namespace: Pulp\n",
        "storage: {volume: {size: 1Gi}, claim: {name: x}}\n", "delivery: {argocd: {repo: x}, flux: {repo: x}}\n",
        "environment: prod\n", "api: {disruption_budget: 0}\n", "exposure: {node_port: {port: 80}}\n",
    ],
)  # fmt: skip
def test_it_refuses_what_the_loader_refuses(text: str) -> None:
    assert not accepts(text)


def test_null_is_taken_everywhere_but_does_not_count_as_a_choice() -> None:
    for path, _ in walk():
        assert valid(SCHEMA, nested(path, None), SCHEMA), path
    assert valid(SCHEMA, {"database": {"embedded": None, "external": {"host": "db"}}}, SCHEMA)


@pytest.mark.parametrize(("path", "key"), [pytest.param(path, key, id=render(path)) for path, key in walk()])
def test_every_key_has_a_description_and_an_example_that_it_takes(path: Keys, key: Any) -> None:
    holder = SCHEMA
    for step in path[:-1]:
        reference = next(part["$ref"] for part in holder["properties"][step]["anyOf"] if "$ref" in part)
        holder = SCHEMA["$defs"][reference.rpartition("/")[2]]
    item = holder["properties"][path[-1]]
    assert item["description"]
    assert {"type": "null"} in item["anyOf"]
    if key.section is None:
        example = example_of(key)
        assert example is not None
        assert valid(SCHEMA, nested(path, example), SCHEMA)


def test_defaults_by_environment_are_told() -> None:
    replicas = SCHEMA["$defs"]["Content"]["properties"]["replicas"]["description"]
    assert replicas.endswith("Default by environment: demo: 1, production: 3, replica: 2.")
    api = SCHEMA["$defs"]["Exposure"]["properties"]["api"]["description"]
    assert api.endswith("Default by environment: replica: false.")


def test_it_names_its_dialect_and_is_the_same_each_time() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.dumps(layer_schema()) == json.dumps(SCHEMA)
