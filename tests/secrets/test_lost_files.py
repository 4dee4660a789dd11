"""A file below ``secrets/`` that is gone: every command says which one, and what brings it back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from compiler.cli.main import run
from tests.secrets.test_commands import NOW, begin, files, repository, secrets

__all__ = ["repository"]

ONE = "secrets/demo/pulp-secret-key.sops.yaml"
BUNDLE = "secrets/demo/pulp-ca.configmap.yaml"


@pytest.fixture
def sealed(repository: Path) -> Path:
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    assert run(["generate"]) == 0
    return repository


@pytest.mark.parametrize("lost", [ONE, BUNDLE])
@pytest.mark.parametrize("command", [["generate"], ["generate", "--check"], ["check"]])
def test_a_lost_file_is_named_with_what_brings_it_back(
    sealed: Path, lost: str, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (sealed / lost).unlink()
    before = files(sealed)
    capsys.readouterr()
    assert run(command) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {lost}: this sealed file is gone")
    assert f"git checkout HEAD -- {lost}" in said
    assert "compiler secrets ensure" in said
    assert "accumulat" not in said
    assert files(sealed) == before


def test_an_overlay_is_not_generated_without_what_was_sealed_for_it(
    sealed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(sealed)
    shutil.rmtree(sealed / "secrets/demo")
    assert run(["generate"]) == 2
    assert "error: secrets/demo: what was sealed for this overlay's cluster is gone" in capsys.readouterr().err
    assert secrets("check", *NOW) == 1
    # What the hint says is so: everything is sealed again, and no pod restarts for it.
    assert secrets("ensure", *NOW) == 0
    assert secrets("check", "--deep", *NOW) == 0
    assert run(["generate"]) == 0
    changed = {path for path, content in files(sealed).items() if before[path] != content}
    assert all(path.endswith(".sops.yaml") or path == "secrets/seals.lock.json" for path in changed), changed


def test_a_new_overlay_is_told_once_to_make_its_secrets(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate"]) == 0
    capsys.readouterr()
    assert run(["check"]) == 1
    said = capsys.readouterr().out
    assert said.count("error:") == 1
    assert "run `compiler secrets ensure`, then `compiler generate` [secret/not-made]" in said
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    assert run(["generate"]) == 0
    assert run(["check"]) == 0
