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


NEEDED_LATER = ["secrets/ca/demo.service.g1.sops.yaml", "secrets/trust/demo.service.g1.crt"]


@pytest.mark.parametrize("lost", [*NEEDED_LATER, "secrets/vault/digest-key.sops.yaml"])
@pytest.mark.parametrize("how", ["gone", "edited"])
def test_what_nothing_needs_today_is_missed_all_the_same(
    sealed: Path, lost: str, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if how == "gone":
        (sealed / lost).unlink()
    else:
        (sealed / lost).write_bytes((sealed / lost).read_bytes() + b"\n")
    before = files(sealed)
    capsys.readouterr()
    assert secrets("ensure", *NOW) == 2
    said = capsys.readouterr().err
    assert f"git checkout HEAD -- {lost}" in said
    assert ("gone" if how == "gone" else "is not the one that the lock knows") in said
    assert secrets("status", *NOW) == 1
    assert f"git checkout HEAD -- {lost}" in capsys.readouterr().out
    assert files(sealed) == before


def test_values_that_are_kept_though_nothing_wants_them_are_missed(
    sealed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = sealed / "overlays/demo/pulp.yaml"
    spec.write_text(spec.read_text() + "secrets: {existing: {admin-password: {name: theirs, keys: {password: p}}}}\n")
    assert secrets("ensure", "--prune", *NOW) == 0
    assert secrets("status", *NOW) == 0
    lost = "secrets/vault/demo/pulp-admin-password.sops.yaml"
    (sealed / lost).unlink()
    capsys.readouterr()
    assert secrets("status", *NOW) == 1
    assert lost in capsys.readouterr().out
    assert secrets("ensure", *NOW) == 2
    assert f"{lost}: the vault's file is gone" in capsys.readouterr().err


def test_an_edited_bundle_and_a_stranger_are_on_the_dashboard(sealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stranger = "secrets/vault/demo/evil.sops.yaml"
    shutil.copy(sealed / ONE, sealed / stranger)
    capsys.readouterr()
    assert secrets("ensure", *NOW) == 0
    assert f"{stranger}: no part of the lock accounts for this file" in capsys.readouterr().err
    assert secrets("status", *NOW) == 1
    assert stranger in capsys.readouterr().out
    (sealed / stranger).unlink()
    assert secrets("status", *NOW) == 0
    (sealed / BUNDLE).write_text((sealed / BUNDLE).read_text() + "# edited\n")
    capsys.readouterr()
    assert secrets("status", *NOW) == 1
    assert BUNDLE in capsys.readouterr().out


def test_a_strangers_name_begins_no_line_of_its_own(sealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (sealed / "secrets/x\n::error file=a::b").touch()
    capsys.readouterr()
    for command, code in (("ensure", 0), ("status", 1), ("check", 1)):
        assert secrets(command, *NOW) == code
        said = capsys.readouterr()
        assert "\n::error" not in said.out + said.err
        assert "x\\n::error file=a::b" in said.out + said.err


def test_a_ca_whose_key_is_lost_for_good_gets_a_successor(sealed: Path) -> None:
    (sealed / NEEDED_LATER[0]).unlink()
    assert secrets("ca", "rollover", "demo", "--phase", "trust", *NOW) == 0
    assert secrets("ca", "rollover", "demo", "--phase", "issue", "--rolled-out", *NOW) == 0
    assert secrets("ca", "rollover", "demo", "--phase", "retire", "--rolled-out", *NOW) == 0
    assert secrets("ensure", *NOW) == 0
    assert secrets("check", "--deep", *NOW) == 0


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
