"""``compiler spec``: what stands on stdout, and how failures look."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compiler.cli.main import run
from compiler.spec.reference import reference
from compiler.spec.schema import layer_schema
from tests.spec.trees import BASE, PROD


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a base and one overlay."""
    (tmp_path / ".compiler.yaml").write_text("version: 0.1.0\n")
    for folder, text in (("base/pulp", BASE), ("overlays/prod", PROD)):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "pulp.yaml").write_text(text)
    return tmp_path


def test_schema_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["spec", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == layer_schema()


def test_reference_is_printed_as_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["spec", "reference"]) == 0
    assert capsys.readouterr().out == reference()


@pytest.mark.parametrize("path", ["overlays/prod", "overlays/prod/", "overlays/prod/pulp.yaml"])
def test_show_names_the_layer_of_each_value(
    root: Path, path: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    assert run(["spec", "show", path]) == 0
    out = capsys.readouterr().out
    assert "# overlays/prod/pulp.yaml:4\n" in out
    assert "# environment production\n" in out


def test_show_finds_the_repository_from_elsewhere(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["spec", "show", str(root / "overlays" / "prod"), "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["folder"] == "overlays/prod"


def test_every_error_is_told_on_stderr_with_exit_code_2(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "overlays" / "prod" / "pulp.yaml").write_text(PROD + "api: {replica: 1}\nhots: x\n")
    assert run(["spec", "show", str(root / "overlays" / "prod")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "error: overlays/prod/pulp.yaml:11:7: api.replica: unknown key\n"
        '  hint: did you mean "replicas"?\n'
        "error: overlays/prod/pulp.yaml:12:1: hots: unknown key\n"
        '  hint: did you mean "host"?\n'
    )


def test_a_folder_without_a_spec_is_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["spec", "show", str(root / "overlays")]) == 2
    assert "overlays/pulp.yaml: there is no such file" in capsys.readouterr().err
