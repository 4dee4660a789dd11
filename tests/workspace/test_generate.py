"""``compiler generate``: what is written, what is never touched, and what the command says."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.cli.main import run
from compiler.errors import CompilerError, WorldError
from compiler.workspace import Workspace, journal
from compiler.workspace.generate import plan, write
from tests.support.oracle import kustomize_build
from tests.workspace.conftest import snapshot


def states(workspace: Workspace, *folders: str, **options: Any) -> dict[str, str]:
    found = plan(workspace, folders or None, **options).changes
    return {change.path: change.state for change in found}


def test_a_second_run_changes_nothing(written: Workspace) -> None:
    assert states(written) == {}


def test_what_is_written_builds_alike_here_and_with_the_real_kustomize(written: Workspace) -> None:
    from compiler.workspace.render import render

    for folder in ("overlays/demo", "overlays/pop-ams"):
        real = kustomize_build(written.root / folder)
        assert real.returncode == 0, real.stderr
        assert render(written, folder).text == real.stdout.decode()


def test_a_lock_names_every_file_on_a_line_of_its_own(written: Workspace) -> None:
    folder = written.root / "overlays/demo"
    lock = yaml.safe_load((folder / "compiler.lock").read_text())
    present = {
        name.removeprefix("overlays/demo/") for name in snapshot(written.root) if name.startswith("overlays/demo/")
    }
    assert set(lock["files"]) == present - {"pulp.yaml", "compiler.lock"}
    assert len((folder / "compiler.lock").read_text().splitlines()) == 3 + len(lock["files"])


def test_a_change_of_the_spec_is_drift_in_the_folder_and_in_what_builds_on_it(written: Workspace) -> None:
    spec = written.root / "base/pulp/pulp.yaml"
    spec.write_text(spec.read_text() + "labels: {team: content}\n")
    drift = states(written, "base/pulp")
    assert {path.split("/")[1] for path in drift} >= {"pulp"}
    assert set(plan(written, ["base/pulp"]).folders) == set(written.folders())
    assert set(drift.values()) <= {"outdated", "missing", "stale"}


def test_what_a_folder_builds_on_comes_along(written: Workspace) -> None:
    spec = written.root / "overlays/pop/pulp.yaml"
    spec.write_text(spec.read_text().replace("class: nginx", "class: traefik, controller_namespace: traefik"))
    planned = plan(written, ["overlays/pop-ams"])
    assert planned.folders == ("base/pulp", "overlays/pop", "overlays/pop-ams")
    assert "overlays/pop/resources/ingress-pulp.yaml" in {change.path for change in planned.changes}


def test_a_stale_file_goes_and_its_empty_folder_with_it(written: Workspace) -> None:
    spec = written.root / "overlays/pop-ams/pulp.yaml"
    spec.write_text("extends: ../pop\nabstract: true\n")
    found = states(written, "overlays/pop-ams")
    assert "stale" in found.values()
    write(written, plan(written))
    assert not (written.root / "overlays/pop-ams/resources").exists()
    assert states(written) == {}


def test_what_was_generated_from_a_spec_that_is_gone_goes_but_nothing_else(written: Workspace) -> None:
    folder = written.root / "overlays/demo"
    (folder / "pulp.yaml").unlink()
    (folder / "notes.md").write_text("mine\n")
    assert states(written, "overlays/pop") == {}
    assert set(states(written).values()) == {"stale"}
    write(written, plan(written))
    assert list(snapshot(folder)) == ["notes.md"]
    assert states(written) == {}


def test_a_generated_file_that_was_deleted_comes_back(written: Workspace) -> None:
    (written.root / "overlays/demo/kustomization.yaml").unlink()
    assert states(written) == {"overlays/demo/kustomization.yaml": "missing"}


def test_a_hand_edited_file_stops_and_force_discards_the_edit(written: Workspace) -> None:
    edited = written.root / "overlays/demo/kustomization.yaml"
    before = edited.read_bytes()
    edited.write_bytes(before + b"# mine\n")
    with pytest.raises(CompilerError, match="edited by hand") as caught:
        plan(written)
    assert caught.value.exit_code == 2
    assert caught.value.origin is not None
    assert caught.value.origin.path == "overlays/demo/kustomization.yaml"
    write(written, plan(written, force=True))
    assert edited.read_bytes() == before


def test_a_file_that_people_put_beside_generated_ones_is_never_touched(written: Workspace) -> None:
    mine = written.root / "overlays/demo/resources/mine.yaml"
    mine.write_text("mine\n")
    spec = written.root / "overlays/demo/pulp.yaml"
    spec.write_text(spec.read_text() + "labels: {team: content}\n")
    write(written, plan(written, force=True))
    assert mine.read_text() == "mine\n"


def test_a_file_of_a_person_in_the_way_stops(workspace: Workspace) -> None:
    folder = workspace.root / "overlays/demo"
    (folder / "kustomization.yaml").write_text("namespace: mine\n")
    for force in (False, True):
        with pytest.raises(CompilerError, match="did not write it"):
            plan(workspace, force=force)
    assert (folder / "kustomization.yaml").read_text() == "namespace: mine\n"


def test_a_lost_lock_is_written_again_when_the_files_are_as_they_should_be(written: Workspace) -> None:
    (written.root / "overlays/demo/compiler.lock").unlink()
    assert states(written) == {"overlays/demo/compiler.lock": "missing"}


@pytest.mark.parametrize(
    "text",
    ["<<<<<<< HEAD\n", "files: [x]\n", "compiler: 0.1.0\nfiles:\n  ../x: y\n", "compiler: 1\nfiles: {pulp.yaml: x}\n"],
)
def test_a_broken_lock_stops_and_force_mends_it(written: Workspace, text: str) -> None:
    lock = written.root / "overlays/demo/compiler.lock"
    before = lock.read_bytes()
    lock.write_text(text)
    with pytest.raises(CompilerError) as caught:
        plan(written)
    assert caught.value.origin is not None
    assert caught.value.origin.path == "overlays/demo/compiler.lock"
    write(written, plan(written, force=True))
    assert lock.read_bytes() == before


def test_another_version_stops_instead_of_churning(written: Workspace) -> None:
    marker = written.root / ".compiler.yaml"
    marker.write_text("# ours\nversion: 0.0.9\n")
    with pytest.raises(CompilerError, match=r"version 0\.0\.9") as caught:
        plan(written)
    assert "--upgrade-pin" in (caught.value.hint or "")
    write(written, plan(written, upgrade=True))
    assert marker.read_text().startswith("# ours\nversion: ")
    assert states(written) == {}


def test_a_component_of_a_person_is_listed_and_takes_no_part_in_the_proof(workspace: Workspace) -> None:
    custom = workspace.root / "overlays/demo/custom"
    custom.mkdir()
    (custom / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {mine: 'yes'}\n"
    )
    write(workspace, plan(workspace))
    assert yaml.safe_load((workspace.root / "overlays/demo/kustomization.yaml").read_text())["components"] == ["custom"]
    assert states(workspace) == {}


def test_the_folder_of_sealed_secrets_is_listed_once_it_is_there(written: Workspace) -> None:
    secrets = written.root / "secrets/demo"
    secrets.mkdir(parents=True)
    (secrets / "kustomization.yaml").write_text("resources: [s.yaml]\n")
    (secrets / "s.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: pulp-demo}\n")
    assert states(written) == {
        "overlays/demo/kustomization.yaml": "outdated",
        "overlays/demo/compiler.lock": "outdated",
    }
    write(written, plan(written))
    resources = yaml.safe_load((written.root / "overlays/demo/kustomization.yaml").read_text())["resources"]
    assert resources[:2] == ["../../base/pulp", "../../secrets/demo"]


def test_a_full_disk_leaves_the_tree_as_it_was(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(workspace.root)
    planned = plan(workspace)
    honest = os.fsync
    count = 0

    def full(handle: int) -> None:
        nonlocal count
        count += 1
        if count > 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        honest(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorldError, match="No space left") as caught:
        write(workspace, planned)
    assert caught.value.exit_code == 3
    assert snapshot(workspace.root) == before


def test_an_interrupted_run_is_put_right_by_the_next_command_which_says_so(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = plan(workspace)
    child = os.fork()
    if child == 0:

        def die(name: str) -> None:
            if name == "place overlays/demo/kustomization.yaml":
                os._exit(9)

        journal.apply(workspace.root, {change.path: change.after for change in planned.changes}, step=die)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    monkeypatch.chdir(workspace.root)
    assert run(["generate", "--check"]) == 0
    assert "an interrupted run was finished" in capsys.readouterr().err


def test_the_command_writes_checks_and_shows(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    before = snapshot(root)
    assert run(["generate", "--dry-run", "overlays/demo"]) == 0
    shown = capsys.readouterr().out
    assert "--- /dev/null\n+++ b/overlays/demo/kustomization.yaml\n" in shown
    assert run(["generate", "--check"]) == 1
    assert "missing overlays/pop-ams/kustomization.yaml\n" in capsys.readouterr().out
    assert snapshot(root) == before
    assert run(["generate"]) == 0
    assert capsys.readouterr().out == ""
    assert run(["generate", "--check"]) == 0
    assert run(["generate", "--dry-run"]) == 0
    assert capsys.readouterr().out == ""


def test_the_command_reports_a_hand_edit_with_exit_2(
    written: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(written.root / "overlays")
    edited = written.root / "overlays/demo/kustomization.yaml"
    edited.write_text(edited.read_text() + "# mine\n")
    assert run(["generate", "--check", "demo"]) == 2
    captured = capsys.readouterr()
    assert "overlays/demo/kustomization.yaml: this generated file was edited by hand" in captured.err
    assert "Traceback" not in captured.err
    assert run(["generate", "--check", "--dry-run"]) == 2
