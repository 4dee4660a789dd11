"""What the Pulp model emits for the example's specs has no finding, for every supported Kubernetes version."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.check import Item, Report, check_rendering
from compiler.k8s.objects import Object
from compiler.k8s.versions import SUPPORTED_KUBERNETES
from compiler.pulp.model import Compiled, build_model
from compiler.spec import load
from compiler.spec.models import Spec
from compiler.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = ("base/pulp", "overlays/demo", "overlays/prod", "overlays/pop", "overlays/pop-ams", "overlays/pop-sin")


def objects_of(compiled: Compiled) -> list[Object]:
    """The objects, with the generated ConfigMaps as Kustomize will make them but for the hash."""
    namespace = {"namespace": compiled.model.namespace} if compiled.model.namespace else {}
    return [
        *compiled.model.objects,
        *(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": one.name, **namespace},
                "data": dict(one.files),
            }
            for one in compiled.model.config_maps
        ),
    ]


def check(spec: Spec, version: str, without: str = "") -> Report:
    compiled = build_model(spec)
    required = compiled.requirements
    declared = {("Secret", one.name): one.keys() for one in required.secrets if one.name != without}
    bundles = {("ConfigMap", one.name): tuple(one.keys) for one in required.trust}
    return check_rendering(
        "overlay",
        [Item(one) for one in objects_of(compiled)],
        kubernetes_version=version,
        declared={**declared, **bundles},
        abstract=spec.abstract or spec.namespace is None,
    )


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_examples_have_no_finding_and_every_kind_has_a_schema(folder: str) -> None:
    spec = load(Workspace(ROOT).tree, folder).spec
    for version in SUPPORTED_KUBERNETES:
        compatible = spec.model_copy(update={"kubernetes_version": version})
        report = check(compatible, version)
        assert report.findings == ()
        assert report.unvalidated == {}
        assert report.objects > 10


@pytest.mark.parametrize("folder", ["overlays/demo", "overlays/prod", "overlays/pop-ams"])
def test_every_secret_that_is_required_is_missed_when_it_is_not_there(folder: str) -> None:
    spec = load(Workspace(ROOT).tree, folder).spec
    for secret in build_model(spec).requirements.secrets:
        findings = check(spec, spec.kubernetes_version, without=secret.name).findings
        assert {finding.rule for finding in findings} == {"reference/secret"}, secret.name
