"""``compiler generate``: what is written, what is never touched, and what stops it."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.cli.main import run
from compiler.errors import CompilerError, WorldError
from compiler.kustomize import Remotes
from compiler.workspace import Workspace, journal
from compiler.workspace import generate as module
from compiler.workspace.allowed import Allowed
from compiler.workspace.generate import plan, write
from tests.support.oracle import kustomize_build
from tests.workspace.conftest import snapshot

OWN = "extends: ../../base/pulp\nenvironment: demo\nnamespace: pulp-own\nhost: own.localhost\n"


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


@pytest.mark.parametrize("target", ["/etc/passwd", "nowhere.yaml"])
def test_a_spec_behind_a_link_that_leads_nowhere_here_is_not_taken_for_one_that_is_gone(
    written: Workspace, target: str
) -> None:
    spec = written.root / "overlays/demo/pulp.yaml"
    spec.unlink()
    spec.symlink_to(target)
    with pytest.raises(CompilerError, match="leads nowhere in the repository") as caught:
        plan(written)
    assert caught.value.origin is not None
    assert caught.value.origin.path == "overlays/demo/pulp.yaml"


@pytest.mark.parametrize("link", ["custom", "custom/kustomization.yaml"])
def test_a_component_behind_a_link_out_of_the_repository_is_not_passed_over(written: Workspace, link: str) -> None:
    path = written.root / "overlays/demo" / link
    path.parent.mkdir(exist_ok=True)
    path.symlink_to("/etc")
    with pytest.raises(CompilerError, match="leads nowhere in the repository") as caught:
        plan(written)
    assert caught.value.origin is not None
    assert caught.value.origin.path == f"overlays/demo/{link}"


def test_a_component_without_its_kustomization_is_not_passed_over(written: Workspace) -> None:
    extra = written.root / "overlays/demo/custom/extra.yaml"
    extra.parent.mkdir()
    extra.write_text("kind: ConfigMap\n")
    with pytest.raises(CompilerError, match=r"no kustomization\.yaml") as caught:
        plan(written)
    assert caught.value.origin is not None
    assert caught.value.origin.path == "overlays/demo/custom"


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


def test_an_overlay_on_one_with_secrets_is_refused(written: Workspace) -> None:
    for name in ("pop", "pop-ams"):
        folder = written.root / "secrets" / name
        folder.mkdir(parents=True)
        (folder / "kustomization.yaml").write_text("resources: []\n")
    with pytest.raises(CompilerError, match="would also get the Secrets of overlays/pop"):
        plan(written)


def test_an_overlay_that_does_not_render_to_its_model_is_not_written(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest: Callable[..., dict[str, str]] = module.compute

    def wrong(*arguments: Any, **options: Any) -> dict[str, str]:
        return {
            path: text.replace("replicas: 1", "replicas: 7") for path, text in honest(*arguments, **options).items()
        }

    monkeypatch.setattr(module, "compute", wrong)
    with pytest.raises(CompilerError, match=r"does not render to its model .*Deployment"):
        plan(workspace)


def test_a_folder_that_is_a_link_out_of_the_repository_is_refused(
    written: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    delivery = written.root / "overlays/demo/files"
    os.rename(delivery, outside / "files")
    delivery.symlink_to(outside / "files")
    with pytest.raises(CompilerError, match="out of the repository"):
        plan(written)


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


def test_a_remote_base_in_custom_needs_leave(workspace: Workspace, tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    remote.mkdir()
    (remote / "kustomization.yaml").write_text("resources: [r.yaml]\n")
    (remote / "r.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: far\n")
    for arguments in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", "-C", str(remote), *arguments], check=True)
    custom = workspace.root / "overlays/demo/custom"
    custom.mkdir()
    (custom / "kustomization.yaml").write_text(
        f"apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: ['file://{remote}']\n"
    )
    with pytest.raises(CompilerError, match="remote resources are not fetched"):
        plan(workspace)
    write(workspace, plan(workspace, allowed=Allowed(remotes=Remotes(str(tmp_path / "cache")))))
    assert plan(workspace, ["base/pulp"], allowed=Allowed(remotes=Remotes(str(tmp_path / "cache")))).changes == ()


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("secrets: {existing: {admin-password: {name: pulp-secret-key}}}\n", "secrets.existing.admin-password.name"),
        ("pulp: {image_pull_secrets: [pulp-secret-key]}\n", "pulp.image_pull_secrets[0]"),
    ],
)
def test_a_secret_of_ours_is_not_one_that_somebody_else_makes(workspace: Workspace, said: str, place: str) -> None:
    (workspace.root / "overlays/own").mkdir()
    (workspace.root / "overlays/own/pulp.yaml").write_text(OWN + said)
    with pytest.raises(CompilerError, match="pulp-secret-key is a Secret of this installation itself") as caught:
        plan(workspace)
    assert str(caught.value).startswith("overlays/own/pulp.yaml:5:")
    assert place in str(caught.value)


@pytest.mark.parametrize("name", ["my ov\u00e9rlay", "my_overlay", "Pop", "pop.ams", "-pop", "a" * 64])
def test_an_overlay_that_kubernetes_could_not_name_is_refused(workspace: Workspace, name: str) -> None:
    (workspace.root / "overlays" / name).mkdir()
    (workspace.root / "overlays" / name / "pulp.yaml").write_text(OWN)
    with pytest.raises(CompilerError, match="no name that Kubernetes can hold") as caught:
        plan(workspace)
    assert "git mv" in str(caught.value)


@pytest.mark.parametrize(
    "existing",
    [
        "{secret-key: {name: pulp-secret-key}, admin-password: {name: pulp-secret-key}}",
        "{admin-password: {name: pulp-admin-password}}",
    ],
)
def test_the_name_of_a_secret_that_is_not_made_here_is_free(workspace: Workspace, existing: str) -> None:
    (workspace.root / "overlays/own").mkdir()
    (workspace.root / "overlays/own/pulp.yaml").write_text(OWN + f"secrets: {{existing: {existing}}}\n")
    assert plan(workspace)


def test_what_fluxs_account_cannot_apply_is_told_at_the_line_that_wants_the_account(workspace: Workspace) -> None:
    overlay = workspace.root / "overlays/own"
    (overlay / "custom").mkdir(parents=True)
    (overlay / "pulp.yaml").write_text(
        OWN + 'delivery:\n  flux:\n    repo: "https://git.example.com/x.git"\n    service_account: applier\n'
    )
    (overlay / "custom/kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [role.yaml]\n"
    )
    (overlay / "custom/role.yaml").write_text(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: wide}\nrules: []\n"
    )
    with pytest.raises(CompilerError, match="ClusterRole wide is of no namespace") as caught:
        plan(workspace)
    assert str(caught.value).startswith("overlays/own/pulp.yaml:8:5: delivery.flux.service_account: ")
