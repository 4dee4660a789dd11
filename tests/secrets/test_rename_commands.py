"""An overlay that is renamed or deleted, as a person does it on disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from compiler.cli.main import run
from tests.secrets.support import person
from tests.secrets.test_commands import DEMO, NOW, begin, files, secrets
from tests.secrets.test_commands import repository as repository

FIELDS_KEY = "pulp-db-fields-encryption"


def shown(overlay: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The database-field key, as ``show`` prints it."""
    capsys.readouterr()
    assert secrets("show", f"{overlay}/{FIELDS_KEY}", "--force", *NOW) == 0
    return capsys.readouterr().out


def sealed(root: Path) -> dict[str, bytes]:
    return {path: content for path, content in files(root).items() if path.startswith("secrets/")}


def test_a_renamed_overlay_keeps_its_database_field_key(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    key, ca = shown("demo", capsys), (repository / "secrets/trust/demo.service.g1.crt").read_bytes()
    (repository / "overlays/demo").rename(repository / "overlays/dev")
    assert run(["generate"]) == 0
    assert secrets("init", "--cluster", f"dev={person().recipient}", *NOW) == 0
    before = sealed(repository)
    capsys.readouterr()
    assert secrets("ensure", *NOW) == 2
    assert "compiler secrets rename demo dev" in capsys.readouterr().err
    assert sealed(repository) == before
    assert secrets("rename", "demo", "dev", *NOW) == 0
    assert shown("dev", capsys) == key
    assert (repository / "secrets/trust/dev.service.g1.crt").read_bytes() == ca
    assert secrets("ensure", *NOW) == 0  # for the recipient that was pinned meanwhile
    assert shown("dev", capsys) == key
    assert run(["generate"]) == 0
    assert secrets("check", "--deep", *NOW) == 0
    assert secrets("status", *NOW) == 0
    assert not [path for path in files(repository) if path.startswith("secrets/") and "demo" in path]


def test_a_deleted_overlay_is_listed_then_pruned_then_forgotten(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    shutil.copytree(repository / "overlays/demo", repository / "overlays/lab")
    (repository / "overlays/lab/pulp.yaml").write_text(DEMO.replace("pulp-demo", "pulp-lab").replace("pulp.l", "lab.l"))
    assert secrets("init", "--cluster", f"lab={person().recipient}", *NOW) == 0
    assert secrets("ensure", *NOW) == 0
    shutil.rmtree(repository / "overlays/demo")
    capsys.readouterr()
    assert secrets("status", *NOW) == 1
    assert f"demo/{FIELDS_KEY}" in capsys.readouterr().out
    assert secrets("status", "lab", *NOW) == 0
    assert secrets("check", *NOW) == 1
    assert "the overlay demo is gone" in capsys.readouterr().out
    before = sealed(repository)
    assert secrets("ensure", "lab", "--prune", *NOW) == 0
    assert sealed(repository) == before
    assert secrets("ensure", "--prune-vault", *NOW) == 2
    assert secrets("ensure", "lab", "--prune", "--prune-vault", *NOW) == 2
    assert secrets("ensure", "--prune", *NOW) == 0
    assert not (repository / "secrets/demo").exists()
    assert (repository / f"secrets/vault/demo/{FIELDS_KEY}.sops.yaml").is_file()
    assert secrets("status", *NOW) == secrets("check", "--deep", *NOW) == 0
    assert secrets("ensure", "--prune", "--prune-vault", *NOW) == 0
    assert not [path for path in sealed(repository) if "demo" in path]
    assert secrets("check", "--deep", *NOW) == 0


def test_an_overlay_without_a_recipient_is_reported_after_the_others_are_done(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    (repository / "overlays/lab").mkdir()
    (repository / "overlays/lab/pulp.yaml").write_text(DEMO.replace("pulp-demo", "pulp-lab").replace("pulp.l", "lab.l"))
    capsys.readouterr()
    assert secrets("ensure", *NOW) == 2
    assert "the cluster of lab has no age recipient" in capsys.readouterr().err
    assert f"secrets/demo/{FIELDS_KEY}.sops.yaml" in files(repository)
    assert not [path for path in files(repository) if path.startswith(("secrets/lab", "secrets/vault/lab"))]
