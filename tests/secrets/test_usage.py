"""Wrong names on the command line end with 2, damaged files say which one, and nothing ends with a traceback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from compiler.cli.main import run
from tests.secrets.test_commands import NOW, begin, files, repository, secrets

__all__ = ["repository"]

NAMED = {
    "guard": ("guard", "/nonexistent"),
    "guard, below a file": ("guard", "base/pulp/pulp.yaml/x"),
    "cert": ("init", "--cert", "demo=/nonexistent"),
    "identity": ("rekey", "--identity", "/nonexistent"),
    "CA key": ("ensure", "--ca-key", "demo/service=/nonexistent"),
    "CA certificate": ("ca", "import", "demo", "--cert", "/nonexistent"),
    "descriptor": ("set", "demo/pulp-secret-key", "--generated", "--fd", "1023"),
    "negative descriptor": ("set", "demo/pulp-secret-key", "--generated", "--fd", "-1"),
    "too large a descriptor": ("set", "demo/pulp-secret-key", "--generated", "--fd", "99999999999999"),
}


@pytest.mark.parametrize("case", NAMED)
def test_a_file_that_is_not_there_is_wrong_usage(
    repository: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    before = files(repository)
    capsys.readouterr()
    arguments = NAMED[case]
    assert secrets(*arguments) == 2
    assert "error:" in capsys.readouterr().err.lower()
    assert files(repository) == before


@pytest.mark.parametrize("command", ["secrets check", "secrets ensure", "secrets status", "generate --check"])
@pytest.mark.parametrize("how", ["deep", "long number"])
def test_a_lock_that_no_parser_reads_is_named(
    repository: Path, command: str, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    content = "[" * 100_000 if how == "deep" else '{"version": ' + "1" * 10_000 + "}"
    (repository / "secrets/seals.lock.json").write_text(content)
    capsys.readouterr()
    assert run([*command.split(), *(NOW if command.startswith("secrets") else [])]) == 2
    said = capsys.readouterr().err
    assert "secrets/seals.lock.json" in said
    assert "the lock is damaged" in said


@pytest.mark.parametrize("command", ["secrets check", "secrets ensure", "secrets status", "generate --check"])
def test_a_secrets_folder_that_is_a_link_out_of_the_repository_is_told(
    repository: Path, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    shutil.move(repository / "secrets", tmp_path / "elsewhere")
    (repository / "secrets").symlink_to(tmp_path / "elsewhere")
    capsys.readouterr()
    assert run(command.split()) == 3
    said = capsys.readouterr().err
    assert said.startswith("error: secrets/")
    assert "leads through a link out of the repository" in said


def test_a_private_key_that_others_can_read_is_told_and_used(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = begin(repository)
    assert secrets("ensure", *NOW) == 0
    assert "warning: others can read" not in capsys.readouterr().err
    for mode in (0o644, 0o640):
        identity.chmod(mode)
        assert secrets("check", "--deep", *NOW) == 0
        said = capsys.readouterr().err
        assert said.count(f"warning: others can read the private key {identity}: chmod 600 {identity}") == 1
    identity.chmod(0o400)
    assert secrets("check", "--deep", *NOW) == 0
    assert "warning: others can read" not in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [("ensure",), ("status",), ("rekey",)])
def test_an_empty_identity_is_wrong_usage(
    repository: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    capsys.readouterr()
    assert secrets(*arguments, "--identity", "", *NOW) == 2
    assert capsys.readouterr().err.startswith("error: --identity (COMPILER_IDENTITY) is empty")
