"""What an overlay may do to a sealed object, and one diagnostic for each thing that it may not (threat 12)."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.check import check_rendering
from compiler.cli.main import run
from compiler.errors import CompilerError
from compiler.kustomize import MemoryTree, build
from compiler.workspace.seals import items_of, refuse_broken_seals, sealed_items
from tests.secrets.support import World, admin_password, api_tls, small

TOP = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../../secrets/demo]\n"
_ID, _KEY = "QUJD" * 120, "REVG" * 120
SEALED = f"""\
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {{name: pulp-s3, namespace: pulp}}
spec:
  encryptedData: {{id: "{_ID}", key: "{_KEY}"}}
  template: {{metadata: {{name: pulp-s3, namespace: pulp}}, type: Opaque}}
"""

PATCH = "patches: [{target: {kind: %s, name: %s}, patch: '%s'}]\n"
TO_SOPS = PATCH % ("Secret", "pulp-admin-password", "[%s]")
TO_TLS = PATCH % ("Secret", "pulp-api-tls", "[%s]")
TO_SEALED = PATCH % ("SealedSecret", "pulp-s3", "[%s]")
COPY = """\
resources: [../../secrets/demo, plain.yaml]
replacements:
  - source: {kind: Secret, name: pulp-admin-password, fieldPath: data.password}
    targets: [{select: {kind: ConfigMap, name: plain}, fieldPaths: [data.copied]}]
"""
OWN = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain, namespace: pulp}\ndata: {copied: x}\n"

ALLOWED = {
    "nothing": "",
    "labels": "labels: [{pairs: {team: content}, includeTemplates: true}]\n",
    "annotations": "commonAnnotations: {note: x}\n",
    "a label by a patch": TO_SOPS % '{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}',
    "the namespace that it has": "namespace: pulp\n",
}
REFUSED = {
    "a prefix": ("namePrefix: x-\n", {"sealed/name"}),
    "a suffix": ("nameSuffix: -x\n", {"sealed/name"}),
    "another namespace": ("namespace: other\n", {"sealed/namespace"}),
    "a key removed": (TO_TLS % '{"op": "remove", "path": "/data/tls.key"}', {"sealed/key-removed"}),
    "a key moved": (
        TO_TLS % '{"op": "move", "from": "/data/tls.key", "path": "/data/other.key"}',
        {"sealed/key-moved"},
    ),
    "a plain key added": (TO_SOPS % '{"op": "add", "path": "/data/more", "value": "cGxhaW4="}', {"sealed/key-added"}),
    "a plain stringData added": (
        TO_SOPS % '{"op": "add", "path": "/stringData", "value": {"more": "plain"}}',
        {"sealed/key-added"},
    ),
    "a generator merged onto it": (
        "secretGenerator: [{name: pulp-admin-password, namespace: pulp, behavior: merge, literals: [a=b]}]\n",
        {"sealed/unsealed", "sealed/key-added"},
    ),
    "its ciphertext copied": (COPY, {"sealed/copied"}),
    "a value put over it": (
        TO_SOPS % '{"op": "replace", "path": "/data/password", "value": "cGxhaW4="}',
        {"sealed/changed"},
    ),
    "its type changed": (TO_SOPS % '{"op": "replace", "path": "/type", "value": "example.com/x"}', {"sealed/changed"}),
    "a recipient added": (
        TO_SOPS % '{"op": "add", "path": "/sops/age/-", "value": {"recipient": "age1x", "enc": "x"}}',
        {"sealed/changed"},
    ),
    "Flux told not to open it": (
        TO_SOPS
        % '{"op": "add", "path": "/metadata/annotations/kustomize.toolkit.fluxcd.io~1decrypt", "value": "no"}',
        {"sealed/scope"},
    ),
    "dropped": (
        "patches: [{patch: '{$patch: delete, apiVersion: v1, kind: Secret, metadata: {name: pulp-admin-password,"
        " namespace: pulp}}'}]\n",
        {"sealed/missing"},
    ),
    "a scope annotation added": (
        TO_SEALED
        % '{"op": "add", "path": "/metadata/annotations", "value": {"sealedsecrets.bitnami.com/cluster-wide": "y"}}',
        {"sealed/scope"},
    ),
    "a scope annotation in the template": (
        TO_SEALED
        % (
            '{"op": "add", "path": "/spec/template/metadata/annotations",'
            ' "value": {"sealedsecrets.bitnami.com/namespace-wide": "true"}}'
        ),
        {"sealed/scope"},
    ),
    "template data": (
        TO_SEALED % '{"op": "add", "path": "/spec/template/data", "value": {"more": "plain"}}',
        {"sealed/changed"},
    ),
    "a SealedSecret's key moved": (
        TO_SEALED % '{"op": "move", "from": "/spec/encryptedData/key", "path": "/spec/encryptedData/other"}',
        {"sealed/key-moved"},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    made = small(admin_password(), api_tls())
    made.ensure(made.admin)
    listing = made.tree.files["secrets/demo/kustomization.yaml"]
    made.tree.files["secrets/demo/kustomization.yaml"] = listing + b'- "pulp-s3.sealed.yaml"\n'
    made.tree.files["secrets/demo/pulp-s3.sealed.yaml"] = SEALED.encode()
    return made


def rules(world: World, custom: str) -> set[str]:
    top = TOP.replace("resources: [../../secrets/demo]\n", "") if "resources:" in custom else TOP
    over = {"overlays/demo/kustomization.yaml": (top + custom).encode(), "overlays/demo/plain.yaml": OWN.encode()}
    tree = MemoryTree({**world.tree.files, **over})
    rendering = build(tree, "overlays/demo")
    sealed = sealed_items(tree, "overlays/demo")
    assert len(sealed) == 3
    report = check_rendering(
        "overlays/demo", items_of(rendering), kubernetes_version="1.33", sealed=sealed, abstract=True
    )
    found = {one.rule for one in report.findings if one.rule.startswith("sealed/")}
    if found:
        with pytest.raises(CompilerError):
            refuse_broken_seals(tree, "overlays/demo", rendering)
    else:
        refuse_broken_seals(tree, "overlays/demo", rendering)
    return found


@pytest.mark.parametrize("custom", ALLOWED)
def test_labels_and_annotations_may_be_added(world: World, custom: str) -> None:
    assert rules(world, ALLOWED[custom]) == set()


@pytest.mark.parametrize("custom", REFUSED)
def test_what_breaks_or_exposes_a_sealed_object_has_its_own_diagnostic(world: World, custom: str) -> None:
    change, wanted = REFUSED[custom]
    assert rules(world, change) >= wanted


def test_every_rule_about_sealed_objects_has_a_case() -> None:
    from compiler.check.rules import RULES

    covered = {rule for _, wanted in REFUSED.values() for rule in wanted}
    assert covered == {rule for rule in RULES if rule.startswith("sealed/")}


def test_generate_refuses_a_component_of_a_person_that_renames_a_sealed_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    root = Path(__file__).resolve().parents[2]
    for name in ("base/pulp", "overlays/demo", "secrets/demo"):
        shutil.copytree(root / name, tmp_path / name)
    for name in (".compiler.yaml", "secrets/seals.lock.json", "secrets/inventory.yaml"):
        shutil.copy(root / name, tmp_path / name)
    custom = tmp_path / "overlays/demo/custom"
    custom.mkdir()
    (custom / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -x\n"
    )
    monkeypatch.chdir(tmp_path)
    assert run(["generate", "overlays/demo"]) == 2
    said = capsys.readouterr().err
    assert "overlays/demo/custom" in said
    assert "under another name it does not open" in said
