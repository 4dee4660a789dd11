"""The command as a person runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from compiler.cli.main import run
from tests.explain.folders import DEPLOYMENT

CANARY = "canary-7f3a9"
SITE = {
    ".compiler.yaml": "version: 0.1.0\n",
    "base/kustomization.yaml": "resources: [web.yaml]\n",
    "base/web.yaml": DEPLOYMENT,
    "app/kustomization.yaml": "namespace: shop\nresources: [../base, secret.yaml, sealed.yaml]\n"
    f"secretGenerator:\n- name: made\n  literals: [password={CANARY}]\n"
    f"patches:\n- path: web.yaml\n- target: {{kind: Secret, name: plain}}\n  patch: |-\n"
    f"    - {{op: replace, path: /stringData/token, value: {CANARY}-2}}\n",
    "app/web.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 3\n"
    "  template:\n    spec:\n      containers:\n      - name: web\n        env:\n"
    f"        - {{name: DB_PASSWORD, value: {CANARY}}}\n",
    "app/secret.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: plain}}\nstringData:\n  token: {CANARY}\n",
    "app/sealed.yaml": "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\n"
    f"spec:\n  encryptedData:\n    token: {CANARY}\n",
}


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in SITE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_field_is_told_as_value_and_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "app", "deployment/web", "spec.replicas"]) == 0
    assert capsys.readouterr().out == (
        "Deployment/web spec.replicas: 3\n"
        "  1      base/web.yaml:6  from the file\n"
        "  1 → 3  app/web.yaml:5   by patches[0] of app/kustomization.yaml:7\n"
    )


def test_an_object_is_blamed_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "app", "Deployment/web", "metadata"]) == 0
    assert capsys.readouterr().out == (
        "Deployment/web in shop\n"
        "  base/web.yaml:4           metadata.name: web\n"
        "  app/kustomization.yaml:1  metadata.namespace: shop\n"
    )
    assert run(["explain", "app", "Deployment/web"]) == 0
    assert "  app/web.yaml:5            spec.replicas: 3\n" in capsys.readouterr().out


def test_without_a_target_the_objects_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "app"]) == 0
    listed = capsys.readouterr().out
    assert "base/web.yaml:1           Deployment/web in shop\n" in listed
    assert "app/kustomization.yaml:4  Secret/made-" in listed


def test_json_has_the_steps_with_their_places(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "app", "Deployment/web", "spec.replicas", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "path": "app",
        "fields": [
            {
                "object": {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web"},
                "field": "spec.replicas",
                "value": 3,
                "masked": False,
                "steps": [
                    {
                        "change": "made",
                        "by": "File",
                        "at": {"file": "base/web.yaml", "line": 6},
                        "entry": None,
                        "before": None,
                        "after": 1,
                    },
                    {
                        "change": "changed",
                        "by": "PatchTransformer",
                        "at": {"file": "app/web.yaml", "line": 5},
                        "entry": {"file": "app/kustomization.yaml", "line": 7, "field": "patches[0]"},
                        "before": 1,
                        "after": 3,
                    },
                ],
                "spec": None,
            }
        ],
    }


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["*/*"], "***"),
        (["Secret/made", "data.password"], "***"),
        (["Secret/plain", "stringData.token"], "*** (before)"),
        (["SealedSecret/s", "spec.encryptedData.token"], "***"),
        (["Deployment/web", "spec.template.spec.containers[name=web].env[name=DB_PASSWORD].value"], "***"),
        (["Secret/plain", "stringData.tokem"], "nearest: stringData.token"),
    ],
)
def test_no_secret_is_shown(capsys: pytest.CaptureFixture[str], arguments: list[str], shown: str, output: str) -> None:
    import base64

    run(["explain", "app", *arguments, "-o", output])
    said = capsys.readouterr()
    text = said.out + said.err
    assert CANARY not in text
    assert base64.b64encode(CANARY.encode()).decode() not in text
    assert shown in text


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["nowhere"], "nowhere is no folder", "name a folder"),
        (["app", "Deployment"], "'Deployment' is not KIND/NAME", "for example: Deployment/pulp-api"),
        (["app", "Deployment/wep"], "app renders no Deployment/wep", "did you mean Deployment/web"),
        (["app", "Deployment/web", "spec.replica"], "no field spec.replica in Deployment/web", "spec.replicas"),
        (
            ["app", "Deployment/web", "image"],
            "no field image",
            "spec.template.spec.containers[name=web].image",
        ),
        (["app", "Deployment/web", "spec."], "ends in a dot", "for example"),
        (["."], "unable to find one of 'kustomization.yaml'", "name a folder"),
    ],
)
def test_wrong_input_is_answered(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str, hint: str
) -> None:
    assert run(["explain", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err
    assert hint in said.err.partition("hint: ")[2]


def test_a_finding_of_check_in_a_patched_field_names_the_patch(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "app/web.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n\n  replicas: many\n"
    )
    assert run(["check", "app"]) == 1
    found = [one for one in capsys.readouterr().out.splitlines() if " spec.replicas: " in one]
    assert len(found) == 1
    assert found[0].startswith("app/web.yaml:6: error: Deployment shop/web: spec.replicas: ")


def test_a_finding_about_a_missing_field_names_the_nearest_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "app"]) == 1
    found = [one for one in capsys.readouterr().out.splitlines() if "spec.containers[1].resources" in one]
    assert found
    assert all(one.startswith("base/web.yaml:22: ") for one in found)


def test_the_example_of_the_documentation_is_what_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs" / "explain.md").read_text()
    shown = page.partition("```console\n$ compiler ")[2].partition("```")[0]
    command, _, wanted = shown.partition("\n")
    monkeypatch.chdir(root)
    assert run(command.split()) == 0
    lines = re.compile(r":\d+| +")  # lines move, and columns with them
    assert lines.sub(" ", capsys.readouterr().out) == lines.sub(" ", wanted)
