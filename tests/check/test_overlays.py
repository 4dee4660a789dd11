"""`compiler check` on repositories as they are on a person's disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compiler.cli.main import run
from compiler.workspace import Workspace
from compiler.workspace.check import check_folders, declared, folders_to_check

SITE = {
    ".compiler.yaml": "version: 0.1.0\n",
    "base/app/kustomization.yaml": "resources: [deployment.yaml, service.yaml]\n",
    "base/app/deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: web
          image: registry.example.com/web:1.2
          ports:
            - {name: http, containerPort: 8080}
          resources:
            requests: {cpu: 100m, memory: 64Mi}
            limits: {memory: 64Mi}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
""",
    "base/app/service.yaml": """\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
    - {port: 80, targetPort: http}
""",
    "overlays/site/kustomization.yaml": "namespace: ns\nresources: [../../base/app]\ncomponents: [custom]\n",
    "overlays/site/custom/kustomization.yaml": """\
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
labels:
  - pairs: {team: content}
""",
}
BREAKS = """\
patches:
  - target: {kind: Deployment, name: web}
    patch: |-
      - op: replace
        path: /spec/template/spec/containers/0/ports/0/name
        value: web
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in SITE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def break_reference(site: Path) -> None:
    with (site / "overlays/site/custom/kustomization.yaml").open("a") as file:
        file.write(BREAKS)


def test_a_sound_overlay_has_no_finding(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "overlays/site"]) == 0
    assert capsys.readouterr().out == "overlays/site: 2 objects, no findings\n"


def test_a_custom_component_that_breaks_a_reference_is_found_where_the_object_is_from(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    break_reference(site)
    assert run(["check", "overlays/site"]) == 1
    first, summary = capsys.readouterr().out.splitlines()
    assert first == (
        "base/app/service.yaml:8: error: Service ns/web: spec.ports[0].targetPort: "
        "no selected pod has the TCP port http; they have: web (8080) [reference/service-port]"
    )
    assert summary == "overlays/site: 2 objects, 1 error, 0 warnings"


def test_warnings_count_only_when_asked(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deployment = site / "base/app/deployment.yaml"
    deployment.write_text(deployment.read_text().replace("web:1.2", "web:latest"))
    assert run(["check", "overlays/site"]) == 0
    assert "warning: Deployment ns/web" in capsys.readouterr().out
    assert run(["check", "overlays/site", "--strict"]) == 1


@pytest.mark.parametrize("output", ["json", "sarif"])
def test_machine_formats_are_whole_documents_on_stdout(
    site: Path, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    break_reference(site)
    assert run(["check", "overlays/site", "-o", output]) == 1
    document = json.loads(capsys.readouterr().out)
    assert "reference/service-port" in json.dumps(document)


def test_a_folder_that_does_not_render_is_bad_input(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "base/app/service.yaml").unlink()
    assert run(["check", "overlays/site"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "service.yaml" in captured.err


def test_a_path_without_anything_to_check_is_bad_input(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "empty").mkdir()
    assert run(["check", "empty"]) == 2
    assert "empty" in capsys.readouterr().err


SPEC = """\
environment: production
namespace: pulp
host: pulp.example.com
pulp: {version: "3.85"}
database:
  external: {host: db.example.com, secret: outer-db}
cache:
  external: {host: redis.example.com}
storage:
  claim: {name: artifacts}
exposure:
  ingress: {tls: {secret: site-tls}}
"""


def test_what_the_spec_names_and_somebody_else_makes_is_declared(site: Path) -> None:
    from compiler.spec import load

    (site / "overlays/site/pulp.yaml").write_text(SPEC)
    workspace = Workspace.find(site)
    found = declared(workspace.tree, load(workspace.tree, "overlays/site"))
    assert found["Secret", "outer-db"] == ("password",)
    assert found["Secret", "site-tls"] == ("tls.crt", "tls.key")
    assert found["PersistentVolumeClaim", "artifacts"] is None


def test_every_deployed_overlay_is_checked_by_default_and_layers_only_when_named(site: Path) -> None:
    (site / "overlays/site/pulp.yaml").write_text(SPEC)
    (site / "overlays/layer").mkdir()
    (site / "overlays/layer/pulp.yaml").write_text('abstract: true\npulp: {version: "3.85"}\n')
    workspace = Workspace.find(site)
    assert folders_to_check(workspace, (), site) == ("overlays/site",)
    assert folders_to_check(workspace, (Path("overlays"),), site) == ("overlays/layer", "overlays/site")


def test_an_overlay_that_was_never_generated_says_so(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "overlays/new").mkdir()
    (site / "overlays/new/pulp.yaml").write_text(SPEC)
    assert run(["check", "overlays/new"]) == 2
    assert "compiler generate" in capsys.readouterr().err


def test_all_folders_that_do_not_render_are_reported_together(site: Path) -> None:
    from compiler.errors import ErrorGroup

    for name in ("a", "b"):
        (site / name).mkdir()
        (site / name / "kustomization.yaml").write_text("resources: [gone.yaml]\n")
    with pytest.raises(ErrorGroup) as caught:
        check_folders(Workspace.find(site), ["a", "b"])
    assert len(caught.value.errors) == 2
