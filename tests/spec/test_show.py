"""The effective spec as a person, a machine and an editor see it; and the reference page."""

from __future__ import annotations

import json
from pathlib import Path

from compiler.spec import load
from compiler.spec.environments import DEFAULTS
from compiler.spec.keys import keys_of, walk
from compiler.spec.models import Spec
from compiler.spec.node import plain, render
from compiler.spec.reader import read_layer
from compiler.spec.reference import reference
from compiler.spec.show import as_json, as_text, as_yaml, values
from tests.spec.trees import DEMO, PROD, load_one, repo, tree

ROOT = Path(__file__).resolve().parents[2]


def test_text_has_a_line_for_each_value_with_its_source() -> None:
    lines = as_text(load_one(PROD + "labels: {example.com/team: content}\n")).splitlines()
    table = dict(line.split("  # ") for line in lines)
    stripped = {left.strip(): source for left, source in table.items()}
    assert stripped['pulp.version: "3.85"'] == "base/pulp/pulp.yaml:3"
    assert stripped["content.replicas: 3"] == "environment production"
    assert stripped["storage.s3.bucket: pulp-prod"] == "overlays/one/pulp.yaml:10"
    assert stripped["storage.s3.redirect: true"] == "default"
    assert stripped['labels["example.com/team"]: content'] == "overlays/one/pulp.yaml:11"


def test_yaml_is_a_layer_that_means_the_same() -> None:
    effective = load_one(PROD + "pulp: {settings: {A: [1, null, {b: 'yes'}], B: '1e3'}}\n")
    alone = load(tree({"x/pulp.yaml": as_yaml(effective)}), "x")
    assert alone.spec == effective.spec


def test_json_holds_the_spec_and_where_each_value_comes_from() -> None:
    document = json.loads(as_json(load_one(DEMO)))
    assert document["layers"] == ["base/pulp/pulp.yaml", "overlays/one/pulp.yaml"]
    assert document["parent"] == "base/pulp"
    assert document["spec"]["storage"]["volume"]["size"] == "10Gi"
    found = {one["path"]: (one["value"], one["source"]) for one in document["values"]}
    assert found["storage.volume.size"] == ("10Gi", "environment demo")
    assert found["pulp.plugins"] == (["file", "rpm"], "base/pulp/pulp.yaml:4")


def test_every_set_value_is_shown_once() -> None:
    effective = load(repo(one=PROD), "overlays/one")
    paths = [one.path for one in values(effective)]
    assert len(paths) == len(set(paths))
    assert ("database", "external", "host") in paths


def test_environment_defaults_are_keys_of_the_spec() -> None:
    for data in DEFAULTS.values():
        Spec.model_validate({"pulp": {"version": "3.85"}, **data})


def test_the_reference_names_every_key() -> None:
    page = reference()
    for path, key in walk():
        if key.section is not None:
            assert f"### `{render(path)}`\n" in page
        if key.members is not None:
            assert f"### `{render((*path, 'NAME'))}`\n" in page
            assert all(f"| `{name}` |" in page for name in keys_of(key.members))
        assert f"| `{path[-1]}` |" in page


def test_the_reference_in_docs_is_up_to_date() -> None:
    """Run `compiler spec reference > docs/spec.md` when this fails."""
    assert (ROOT / "docs" / "spec.md").read_text() == reference()


def test_examples_in_the_reference_are_yaml() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("| `") and line.count(" | ") >= 4]
    examples = [row.split(" | ")[3].strip("`") for row in rows]
    assert len(examples) > 100
    for example in examples:
        if not example.startswith("["):
            assert "key" in plain(read_layer(f"key: {example}\n".encode(), "x"))
