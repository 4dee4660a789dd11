"""Finding a repository and the folders in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from compiler.errors import CompilerError, ErrorGroup
from compiler.workspace import Workspace
from compiler.workspace.render import render


def test_the_marker_above_a_folder_is_the_root(root: Path) -> None:
    assert Workspace.find(root / "overlays" / "demo").root == root


def test_without_a_marker_the_git_repository_is_the_root(root: Path) -> None:
    (root / ".compiler.yaml").unlink()
    (root / ".git").mkdir()
    assert Workspace.find(root / "overlays").root == root


def test_outside_of_any_repository_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CompilerError, match="not inside a repository"):
        Workspace.find(tmp_path)


def test_the_folders_with_a_spec_are_listed(workspace: Workspace) -> None:
    assert workspace.folders() == ("base/pulp", "overlays/demo", "overlays/pop", "overlays/pop-ams")


def test_paths_mean_the_specs_at_or_below_them(workspace: Workspace) -> None:
    def chosen(*paths: str) -> tuple[str, ...]:
        return workspace.chosen(tuple(map(Path, paths)), workspace.root)

    assert chosen("overlays/demo/pulp.yaml") == ("overlays/demo",)
    assert chosen("base", "overlays/pop") == ("base/pulp", "overlays/pop")
    assert chosen(".") == workspace.folders()
    with pytest.raises(CompilerError, match=r"no pulp\.yaml"):
        chosen("overlays/nope")
    with pytest.raises(CompilerError, match="outside the repository"):
        chosen("..")


def test_overlays_of_one_name_are_refused(workspace: Workspace) -> None:
    (workspace.root / "base/demo").mkdir()
    (workspace.root / "base/demo/pulp.yaml").write_text((workspace.root / "base/pulp/pulp.yaml").read_text())
    with pytest.raises(CompilerError, match="same overlay name"):
        workspace.overlays()


def test_every_wrong_spec_is_told_at_once(workspace: Workspace) -> None:
    for folder in ("demo", "pop-ams"):
        with (workspace.root / "overlays" / folder / "pulp.yaml").open("a") as file:
            file.write("hots: x\n")
    with pytest.raises(ErrorGroup) as caught:
        workspace.overlays()
    assert {error.origin.path for error in caught.value.errors if error.origin} == {
        "overlays/demo/pulp.yaml",
        "overlays/pop-ams/pulp.yaml",
    }


@pytest.mark.parametrize("text", ["", "version: 1.5\n", "version: [x]\n", "other: x\n", "\tversion: x\n", "- x\n"])
def test_a_malformed_marker_is_told(workspace: Workspace, text: str) -> None:
    (workspace.root / ".compiler.yaml").write_text(text)
    with pytest.raises(CompilerError, match="expected one line such as"):
        workspace.pinned_version()


def test_an_error_of_the_engine_names_its_file(workspace: Workspace) -> None:
    folder = workspace.root / "overlays/demo"
    (folder / "kustomization.yaml").write_text("resources: [nope.yaml]\n")
    with pytest.raises(CompilerError, match=r"nope\.yaml") as caught:
        render(workspace, "overlays/demo")
    assert caught.value.exit_code == 2
    assert caught.value.origin is not None
    assert caught.value.origin.path.startswith("overlays/demo")


@pytest.mark.parametrize("kind", ["folder", "link out", "dangling link", "pipe"])
def test_a_spec_that_is_no_file_of_the_repository_is_refused_by_name(
    workspace: Workspace, tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    spec = workspace.root / "overlays/demo/pulp.yaml"
    text = spec.read_text()
    spec.unlink()
    match kind:
        case "folder":
            spec.mkdir()
        case "link out":
            outside = tmp_path_factory.mktemp("elsewhere") / "outside.yaml"
            outside.write_text(text)
            spec.symlink_to(outside)
        case "dangling link":
            spec.symlink_to("nowhere")
        case _:
            os.mkfifo(spec)
    with pytest.raises(CompilerError) as caught:
        workspace.overlays()
    assert caught.value.origin is not None
    assert caught.value.origin.path == "overlays/demo/pulp.yaml"
