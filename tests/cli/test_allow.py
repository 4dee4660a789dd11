"""Commands that render may be allowed to run git and helm, and do not without."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.oracle import helm

CM = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\n"


def git(folder: Path, *arguments: str) -> None:
    """Run git in a repository."""
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


def repository(folder: Path, files: dict[str, str]) -> Path:
    """A repository with one commit."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")
    return folder


@pytest.fixture
def overlay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose overlay has a remote base and a chart."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    base = {"base/kustomization.yaml": "resources: [r.yaml]\nconfigMapGenerator: [{name: g, files: [../base/f]}]\n"}
    repository(tmp_path / "remote", {**base, "base/r.yaml": CM.format("a"), "base/f": "text\n"})
    root = repository(
        tmp_path / "here",
        {
            ".compiler.yaml": "",
            "overlays/x/kustomization.yaml": f"resources: ['file://{tmp_path}/remote//base']\nnamePrefix: p-\n"
            "helmCharts: [{name: app, releaseName: r}]\n",
            "overlays/x/charts/app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\n",
            "overlays/x/charts/app/values.yaml": "a: 1\n",
            "overlays/x/charts/app/templates/a.yaml": CM.format("chart") + "data: {a: {{ .Values.a | quote }}}\n",
        },
    )
    monkeypatch.chdir(root)
    return root


def run(arguments: Sequence[str], *, allowed: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command, with leave or without."""
    leave = ["--allow-remote", "--enable-helm", "--helm-command", str(helm())] if allowed else []
    command = [sys.executable, "-m", "compiler", *arguments, *leave]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("command", [["explain", "overlays/x"], ["diff", "HEAD"], ["check", "overlays/x"]])
def test_without_leave_an_overlay_is_refused_by_name(command: list[str], overlay: Path) -> None:
    refused = run(command, allowed=False)
    assert refused.returncode == 2
    assert "remote resources are not fetched" in refused.stderr


def test_explain_names_the_lines_in_the_remote_repository(overlay: Path) -> None:
    told = run(["explain", "overlays/x"])
    assert f"file://{overlay.parent}/remote@HEAD//base/r.yaml:1" in told.stdout
    assert "ConfigMap/p-chart" in told.stdout
    assert "pins it" in told.stderr
    data = run(["explain", "overlays/x", "ConfigMap/p-g*", "data.f", "-o", "json"])
    (field,) = json.loads(data.stdout)["fields"]
    assert field["steps"][0]["at"] == {"file": f"file://{overlay.parent}/remote@HEAD//base/f", "line": 1}


def test_diff_and_check_render_what_they_may(overlay: Path) -> None:
    (overlay / "overlays/x/charts/app/values.yaml").write_text("a: 2\n")
    told = run(["diff", "HEAD"])
    assert told.returncode == 1, told.stderr
    assert "p-chart" in told.stdout
    checked = run(["check", "overlays/x"])
    assert checked.returncode == 0, checked.stderr
    assert "pins it" in checked.stderr


def test_explain_takes_a_url_as_build_does(overlay: Path) -> None:
    url = f"file://{overlay.parent}/remote//base"
    told = run(["explain", url])
    assert told.returncode == 0, told.stderr
    assert f"{overlay.parent}/remote@HEAD//base/r.yaml:1" in told.stdout
    refused = run(["explain", url], allowed=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "remote resources are not fetched" in refused.stderr
