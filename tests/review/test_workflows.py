"""The workflows: little right, nothing a pull request's text can run, one comment that is updated."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.review import MARKER

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))


def load(path: Path) -> dict[Any, Any]:
    loaded = yaml.safe_load(path.read_text("utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def steps(workflow: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_careful(path: Path) -> None:
    workflow = load(path)
    triggers = workflow[True]  # YAML 1.1 reads `on` as true
    assert "pull_request_target" not in triggers
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 60
    for step in steps(workflow):
        assert "${{" not in step.get("run", ""), "what a pull request says must come through the environment"
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@(v\d+|[0-9a-f]{40})", step["uses"])
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


def test_the_job_that_may_write_runs_no_code_of_the_pull_request() -> None:
    jobs = load(ROOT / ".github/workflows/review.yaml")["jobs"]
    writers = {name for name, job in jobs.items() if job.get("permissions")}
    assert writers == {"comment"}
    assert not [step for step in jobs["comment"]["steps"] if "checkout" in step.get("uses", "")]
    assert "head.repo.full_name == github.repository" in jobs["comment"]["if"]


def run_comment(folder: Path, *, known: str, status: str, body: str) -> list[str]:
    """Run the posting step with a ``gh`` that lists ``known`` and records what it is asked to do."""
    (step,) = [
        one
        for one in load(ROOT / ".github/workflows/review.yaml")["jobs"]["comment"]["steps"]
        if "GH_TOKEN" in str(one)
    ]
    report = folder / "report"
    report.mkdir()
    (report / "comment.md").write_text(body, "utf-8")
    (report / "status").write_text(f"{status}\n", "utf-8")
    fake = folder / "gh"
    fake.write_text(
        '#!/bin/sh\ncase "$*" in *--method*) echo "$*" >> calls ;; *) printf "%s" "$KNOWN" ;; esac\n', "utf-8"
    )
    fake.chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    environment = {"PATH": path, "KNOWN": known, "REPOSITORY": "acme/pulp", "NUMBER": "7", "GH_TOKEN": "x"}
    subprocess.run(["bash", "-eo", "pipefail", "-c", step["run"]], cwd=folder, env=environment, check=True)
    calls = folder / "calls"
    return calls.read_text("utf-8").splitlines() if calls.exists() else []


def test_a_first_report_is_posted(tmp_path: Path) -> None:
    (call,) = run_comment(tmp_path, known="", status="1", body=MARKER)
    assert "--method POST repos/acme/pulp/issues/7/comments" in call


def test_a_later_report_updates_the_comment(tmp_path: Path) -> None:
    (call,) = run_comment(tmp_path, known="12\n34\n", status="0", body=MARKER)
    assert "--method PATCH repos/acme/pulp/issues/comments/12" in call


@pytest.mark.parametrize(("status", "body"), [("0", MARKER), ("1", "")])
def test_nothing_to_see_is_not_posted(tmp_path: Path, status: str, body: str) -> None:
    assert run_comment(tmp_path, known="", status=status, body=body) == []


def test_the_comment_is_found_by_the_marker() -> None:
    assert f'startswith("{MARKER}")' in (ROOT / ".github/workflows/review.yaml").read_text("utf-8")


def test_the_hooks_use_what_the_lock_pins() -> None:
    hooks = load(ROOT / ".pre-commit-config.yaml")["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]
    assert all(hook["entry"].startswith(".venv/bin/") for repo in hooks for hook in repo["hooks"])
