"""What ``compiler generate`` refuses to plan: links and bases out of the repository, broken components, bad names."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compiler.errors import CompilerError
from compiler.kustomize import Remotes
from compiler.workspace import Workspace
from compiler.workspace import generate as module
from compiler.workspace.allowed import Allowed
from compiler.workspace.generate import plan, write

OWN = "extends: ../../base/pulp\nenvironment: demo\nnamespace: pulp-own\nhost: own.localhost\n"


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
