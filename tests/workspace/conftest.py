"""A small repository on disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from compiler.version import __version__
from compiler.workspace import Workspace

SPECS = {
    "base/pulp": 'name: pulp\npulp: {version: "3.85", plugins: [file]}\n',
    "overlays/demo": (
        "extends: ../../base/pulp\nenvironment: demo\nnamespace: pulp-demo\nhost: pulp.localhost\n"
        "exposure:\n  node_port: {port: 30443}\n"
    ),
    "overlays/pop": (
        "extends: ../../base/pulp\nabstract: true\nenvironment: replica\n"
        'replica: {upstream: {url: "https://pulp.example.com"}}\nexposure: {ingress: {class: nginx}}\n'
    ),
    "overlays/pop-ams": "extends: ../pop\nnamespace: pulp-ams\nhost: ams.pulp.example.com\n",
}


def specs(root: Path) -> Path:
    """Write the specs below a folder."""
    (root / ".compiler.yaml").write_text(f"version: {__version__}\n")
    for folder, spec in SPECS.items():
        (root / folder).mkdir(parents=True)
        (root / folder / "pulp.yaml").write_text(spec)
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository of specs, nothing generated yet."""
    return specs(tmp_path)


@pytest.fixture
def workspace(root: Path) -> Workspace:
    """The same."""
    return Workspace.find(root)


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose folders are generated, not to be changed."""
    from compiler.workspace.generate import plan, write

    workspace = Workspace.find(specs(tmp_path_factory.mktemp("generated")))
    write(workspace, plan(workspace))
    return workspace.root


@pytest.fixture
def written(generated: Path, tmp_path: Path) -> Workspace:
    """A copy of it, to be changed."""
    shutil.copytree(generated, tmp_path / "copy")
    return Workspace.find(tmp_path / "copy")


def snapshot(root: Path) -> dict[str, bytes]:
    """Every file and its contents."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
