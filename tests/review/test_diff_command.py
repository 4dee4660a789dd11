"""``compiler diff`` as a person runs it, in a repository of their own."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from compiler.cli.main import run as run_command
from tests.review.repository import BASE, commit, create, git, write

SETTINGS = "base/app/settings.py"
BROKEN = "resources: [missing.yaml]\n"


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    def data(self) -> Any:
        return json.loads(self.out)


def diff(*arguments: str) -> Done:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run_command(["diff", *arguments])
    return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    folder = create(tmp_path / "site")
    monkeypatch.chdir(folder)
    return folder


def test_without_a_change_there_is_nothing_to_see(site: Path) -> None:
    assert diff() == Done(0, "No difference in 2 overlays\n", "")


def test_an_edit_in_the_working_tree_is_seen_in_every_overlay(site: Path) -> None:
    write(site, {SETTINGS: "A = 1\nB = 3\n"})
    done = diff("-o", "json")
    assert done.code == 1
    data = done.data()
    assert [(one["object"]["kind"], one["object"]["name"], one["change"]) for one in data["objects"]] == [
        ("ConfigMap", "settings", "renamed"),
        ("Deployment", "api", "changed"),
    ]
    assert [effect["message"] for effect in data["effects"]] == ["restarts: new content of ConfigMap settings"]
    assert data["effects"][0]["overlays"] == ["overlays/demo", "overlays/prod"]


def test_exit_zero_is_for_pipelines(site: Path) -> None:
    write(site, {SETTINGS: "A = 2\n"})
    assert diff("--exit-zero").code == 0


def test_one_overlay_alone(site: Path) -> None:
    write(site, {"overlays/prod/kustomization.yaml": BASE["overlays/prod/kustomization.yaml"] + "namePrefix: x-\n"})
    assert diff("overlays/demo").code == 0
    assert diff("HEAD", "overlays/prod").code == 1
    assert diff("./overlays").code == 1
    assert diff("-o", "json", "overlays/demo", "overlays/prod/").data()["overlays"] == [
        "overlays/demo",
        "overlays/prod",
    ]


def test_a_path_is_relative_to_where_one_stands(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(site, {SETTINGS: "A = 2\n"})
    monkeypatch.chdir(site / "overlays" / "prod")
    assert diff("-o", "json", ".").data()["overlays"] == ["overlays/prod"]
    assert diff("-o", "json", "kustomization.yaml").data()["overlays"] == ["overlays/prod"]


def test_two_revisions_are_compared_without_a_checkout(site: Path) -> None:
    commit(site, {SETTINGS: "A = 2\n"})
    write(site, {SETTINGS: "A = 3\n"})
    done = diff("HEAD~1..HEAD")
    assert done.code == 1
    assert "+ A = 2" in done.out
    assert "A = 3" not in done.out
    assert (site / SETTINGS).read_text() == "A = 3\n"
    assert diff("HEAD..HEAD").code == 0


def test_the_default_is_the_merge_base_with_main(site: Path) -> None:
    git(site, "checkout", "--quiet", "-b", "topic")
    commit(site, {SETTINGS: "A = 2\n"})
    git(site, "checkout", "--quiet", "main")
    commit(site, {"overlays/prod/kustomization.yaml": "namespace: other\nresources: [../../base/app]\n"})
    git(site, "checkout", "--quiet", "topic")
    done = diff()
    assert done.code == 1
    assert "A = 2" in done.out
    assert "other" not in done.out


def test_overlays_on_one_side_are_whole(site: Path) -> None:
    write(site, {"overlays/pop/kustomization.yaml": "namespace: pop\nresources: [../../base/app]\n"})
    write(site, {"overlays/demo/kustomization.yaml": None})
    data = diff("-o", "json").data()
    assert [one["overlay"] for one in data["added"]] == ["overlays/pop"]
    assert [one["overlay"] for one in data["removed"]] == ["overlays/demo"]
    assert data["objects"] == []


def test_an_overlay_that_does_not_build_any_more_is_an_error_and_no_deletion(site: Path) -> None:
    write(site, {"overlays/prod/kustomization.yaml": BROKEN, SETTINGS: "A = 2\n"})
    done = diff()
    assert done.code == 2
    assert "overlays/prod does not build in working tree" in done.out
    assert "A = 2" in done.out  # the other overlay is still compared
    assert "is removed" not in done.out
    assert "missing.yaml" in done.err
    assert "Traceback" not in done.err


def test_an_overlay_that_did_not_build_before_is_a_note(site: Path) -> None:
    good = BASE["overlays/prod/kustomization.yaml"]
    commit(site, {"overlays/prod/kustomization.yaml": BROKEN})
    write(site, {"overlays/prod/kustomization.yaml": good})
    done = diff("HEAD")
    assert (done.code, done.err) == (1, "")
    assert "overlays/prod does not build in HEAD; it is not compared" in done.out


def test_an_abstract_overlay_is_compared_and_restarts_nothing(site: Path) -> None:
    commit(site, {"overlays/prod/pulp.yaml": "abstract: true\n"})
    write(site, {SETTINGS: "A = 2\n"})
    data = diff("HEAD", "-o", "json").data()
    assert data["effects"][0]["overlays"] == ["overlays/demo"]
    assert data["objects"][0]["hunks"][0]["overlays"] == ["overlays/demo", "overlays/prod"]


def test_a_repository_below_the_top_of_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = create(tmp_path / "top", {f"sites/pulp/{path}": content for path, content in BASE.items()})
    write(top, {f"sites/pulp/{SETTINGS}": "A = 2\n"})
    monkeypatch.chdir(top / "sites" / "pulp")
    assert diff("-o", "json").data()["overlays"] == ["overlays/demo", "overlays/prod"]


def test_a_repository_that_was_not_there_before(site: Path) -> None:
    first = git(site, "rev-parse", "HEAD")
    git(site, "checkout", "--quiet", "--orphan", "empty")
    git(site, "rm", "--quiet", "-r", "--cached", ".")
    (site / "README").write_text("x")
    git(site, "add", "README")
    git(site, "commit", "--quiet", "--message", "empty")
    data = diff(f"HEAD..{first}", "-o", "json").data()
    assert [one["overlay"] for one in data["added"]] == ["overlays/demo", "overlays/prod"]


def test_markdown_is_a_comment(site: Path) -> None:
    write(site, {SETTINGS: "A = 2\n"})
    assert diff("-o", "markdown").out.startswith("<!-- compiler-diff -->\n")


@pytest.mark.parametrize(
    ("arguments", "environment", "colored"),
    [
        ([], {}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_is_for_terminals(
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: Sequence[str],
    environment: dict[str, str],
    colored: bool,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    write(site, {SETTINGS: "A = 2\n"})
    assert ("\x1b[" in diff(*arguments).out) == colored


def test_a_name_that_is_a_revision_and_a_path_is_not_guessed_at(site: Path) -> None:
    write(site, {"main": "x"})
    done = diff("main")
    assert done.code == 2
    assert "both a revision and a path" in done.err
    assert diff("refs/heads/main").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "neither a revision nor a path"),
        (["nothing..HEAD"], "neither a revision nor a path"),
        (["overlays/nothing"], "no overlay here on either side"),
        (["HEAD", "base"], "no overlay here on either side"),
        (["HEAD", "/tmp"], "outside the repository"),
        (["-o", "html"], "Invalid value"),
        (["--", "--output=x"], "neither a revision nor a path"),
    ],
)
def test_wrong_usage_is_said(site: Path, arguments: list[str], words: str) -> None:
    done = diff(*arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert "Traceback" not in done.err


def test_outside_of_git_there_is_nothing_to_compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {".compiler.yaml": "version: 0.1.0\n"})
    monkeypatch.chdir(tmp_path)
    done = diff()
    assert done.code == 2
    assert "no Git repository" in done.err
