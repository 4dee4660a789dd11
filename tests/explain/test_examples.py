"""The stories of the overlays here, checked against the files that they name."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from compiler.errors import Origin
from compiler.kustomize import DirTree
from compiler.spec import load
from compiler.workspace.explain import Field, explain

ROOT = Path(__file__).parents[2]
OVERLAYS = sorted(str(path.parent.relative_to(ROOT)) for path in ROOT.glob("overlays/*/kustomization.yaml"))


def line(origin: Origin) -> str:
    assert origin.line is not None
    return (ROOT / origin.path).read_text().splitlines()[origin.line - 1]


def tell(folder: str, target: str, field: str) -> Field:
    [found] = explain(DirTree(ROOT), folder, target, field).fields
    return found


def test_the_replicas_of_a_point_of_presence_come_from_the_base_the_patch_of_pop_and_its_environment() -> None:
    field = tell("overlays/pop-ams", "Deployment/pulp-content", "spec.replicas")
    base, patch = field.steps
    assert base.origin.path == "base/pulp/resources/deployment-pulp-content.yaml"
    assert line(base.origin).strip() == f"replicas: {base.after}"
    assert patch.origin.path == "overlays/pop/patches/deployment-pulp-content.yaml"
    assert line(patch.origin).strip() == f"replicas: {field.value}"
    assert (patch.before, patch.after, patch.by) == (base.after, field.value, "PatchTransformer")
    assert patch.asked is not None
    assert line(patch.asked).strip() == "- path: patches/deployment-pulp-content.yaml"
    assert field.spec is not None
    assert (field.spec.key, field.spec.said) == ("content.replicas", "environment replica")
    assert field.spec.origin is not None
    assert line(field.spec.origin) == "environment: replica"


def test_a_value_that_a_layer_says_is_led_back_to_its_line() -> None:
    field = tell("overlays/pop-ams", "Ingress/pulp", "spec.rules[0].host")
    assert line(field.steps[-1].origin).strip().endswith(f"host: {field.value}")
    assert field.spec is not None
    assert field.spec.origin is not None
    assert field.spec.origin.path == "overlays/pop-ams/pulp.yaml"
    assert line(field.spec.origin) == f"host: {field.value}"
    assert field.spec.key == "host"


def test_a_namespace_is_the_kustomizations_and_the_specs() -> None:
    field = tell("overlays/pop-ams", "Deployment/pulp-content", "metadata.namespace")
    [step] = field.steps
    assert line(step.origin) == f"namespace: {field.value}"
    assert step.origin.path == "overlays/pop-ams/kustomization.yaml"


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_line_of_every_field_holds_its_key_or_its_value(folder: str) -> None:
    for field in explain(DirTree(ROOT), folder, "*/*").fields:
        step = field.blamed
        if not step.origin.path.endswith(".yaml") or field.masked:
            continue
        if step.by.endswith("Generator") and field.path in ("apiVersion", "kind"):
            continue  # the generator's field says so
        said = line(step.origin)
        value = step.after if isinstance(step.after, str) else yaml.safe_dump(step.after).split("\n")[0]
        key = field.path.replace("\\.", "\0").rpartition(".")[2].replace("\0", ".")
        assert str(value) in said or f"{key}:" in said, (field.path, said)


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_spec_behind_a_value_is_a_key_of_the_effective_spec(folder: str) -> None:
    effective = load(DirTree(ROOT), folder)
    sources = {field.spec for field in explain(DirTree(ROOT), folder, "*/*").fields if field.spec is not None}
    assert len(sources) > 5
    for source in sources:
        if source.said and source.said != "default":
            assert effective.value_source(source.key) == source.said
        if source.origin is not None:
            assert source.origin.path in effective.layers
