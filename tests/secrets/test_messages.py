"""What the commands say is what they did, where it is wrong, and what helps; each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.cli.main import run
from compiler.errors import CompilerError
from compiler.secrets import layout, recipients
from tests.secrets.support import MemoryTree, World, person
from tests.secrets.test_commands import NOW, begin, files, repository, secrets

__all__ = ["repository"]


@pytest.fixture
def sealed(repository: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    assert run(["generate"]) == 0
    capsys.readouterr()
    return repository


def test_pruning_says_that_files_were_deleted(sealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = sealed / "overlays/demo/pulp.yaml"
    spec.write_text(spec.read_text() + "secrets: {existing: {admin-password: {name: theirs, keys: {password: p}}}}\n")
    assert secrets("ensure", *NOW) == 0
    said = capsys.readouterr().err
    assert "orphan  demo/pulp-admin-password: no longer wanted" in said
    assert "1 no longer wanted" in said
    assert secrets("ensure", "--prune", *NOW) == 0
    said = capsys.readouterr().err
    assert "prune   demo/pulp-admin-password: no longer wanted" in said
    assert "1 deleted" in said


def test_a_rollover_says_what_it_did(sealed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for phase, words in (("trust", "1 CA trusted"), ("issue", "1 CA issues"), ("retire", "1 retired")):
        assert secrets("ca", "rollover", "demo", "--phase", phase, "--rolled-out", *NOW) == 0
        said = capsys.readouterr().err
        assert words in said
        assert "nothing to do" not in said
    assert secrets("ca", "create", "demo", "--key-file", str(tmp_path / "ca.key"), *NOW) == 0
    said = capsys.readouterr().err
    assert "1 CA trusted" in said
    assert "nothing to do" not in said


def test_an_edited_sealed_file_is_no_mistake_of_the_compiler(sealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = "secrets/demo/pulp-admin-password.sops.yaml"
    text = (sealed / path).read_text()
    (sealed / path).write_text(text.replace('namespace: "pulp-demo"', 'namespace: "evil"'))
    assert (sealed / path).read_text() != text
    assert run(["generate", "--check"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {path}: this sealed file is not the one that the lock knows")
    assert f"git checkout HEAD -- {path}" in said
    assert "report it" not in said


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, ""),
        ("version: 1", "version: 1\nextra: 2"),
        ('  "demo/pulp-admin-password":\n', '  "demo/pulp-admin-password":\n    extra: 2\n'),
    ],
    ids=["empty", "an unknown key", "an unknown key of an entry"],
)
@pytest.mark.parametrize("command", ["ensure", "check", "status"])
def test_a_damaged_inventory_is_told_once_with_what_helps(
    sealed: Path, before: str | None, after: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = sealed / layout.INVENTORY
    text = file.read_text()
    changed = after if before is None else text.replace(before, after, 1)
    assert changed != text
    file.write_text(changed)
    assert secrets(command, *NOW) == 2
    said = capsys.readouterr().err
    assert said.count("error: secrets/inventory.yaml") == 1
    assert "git checkout HEAD -- secrets/inventory.yaml" in said


def test_an_entry_of_the_inventory_that_nobody_wants_is_found(sealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = sealed / layout.INVENTORY
    text = file.read_text()
    start = text.index('  "demo/pulp-admin-password":')
    entry = text[start : text.index('  "demo/', start + 10)]
    file.write_text(text.replace(entry, entry + entry.replace("admin-password", "admin-passwort")))
    assert secrets("check", *NOW) == 1
    assert "demo/pulp-admin-passwort: no overlay wants it" in capsys.readouterr().out
    assert secrets("ensure", *NOW) == 0
    assert file.read_text() == text
    assert secrets("check", *NOW) == 0


def test_an_edited_vault_file_may_be_adopted(world: World) -> None:
    world.tree.files["secrets/vault/demo/pulp-admin-password.sops.yaml"] += b"# x\n"
    with pytest.raises(CompilerError) as caught:
        world.ensure(world.admin)
    assert "compiler secrets adopt demo/pulp-admin-password" in str(caught.value.hint)


RECIPIENTS = """\
# who
version: 1
groups:
  admin: [%s]
  ci: []
  cluster-a.b:
    - foo
"""


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("", "", "secrets/recipients.yaml:6:3: groups.cluster-a.b"),
        ("version: 1", "version: 2", "secrets/recipients.yaml:2:1: version"),
        ("# who", "extra: 1", "secrets/recipients.yaml:1:1: extra"),
        ("cluster-a.b", "clusters", "secrets/recipients.yaml:6:3: groups.clusters"),
        ("    - foo", "certificates: {x: {sha256: 1}}", "secrets/recipients.yaml:6:3: groups.cluster-a.b"),
        ("  cluster-a.b:\n    - foo", "certificates: {x: {sha256: 1}}", "secrets/recipients.yaml:6:16: certificates.x"),
        ("version: 1\n", "", "secrets/recipients.yaml: version"),
    ],
)
def test_errors_in_the_recipients_have_a_line(before: str, after: str, place: str) -> None:
    text = (RECIPIENTS % person().recipient).replace(before, after)
    with pytest.raises(CompilerError) as caught:
        recipients.read(MemoryTree({layout.RECIPIENTS: text.encode()}))
    assert str(caught.value.origin) == place


def test_a_ca_certificate_that_is_none_is_found_by_deep(sealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (sealed / "secrets/trust/demo.service.g1.crt").write_text("garbage\n")
    before = files(sealed)
    assert secrets("check", "--deep", *NOW) == 1
    assert "the certificate is not readable" in capsys.readouterr().out
    assert files(sealed) == before
