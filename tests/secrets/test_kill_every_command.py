"""Every command that writes is killed all over its writing: the tree is as before or as after, or the next
command makes it so and says it."""

from __future__ import annotations

import io
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from cryptography.hazmat.primitives import serialization

from compiler.cli.main import _COMMANDS, cli, run
from compiler.errors import WorldError
from compiler.secrets import pki
from compiler.workspace import journal
from tests.secrets.support import NOW as MOMENT
from tests.secrets.support import person
from tests.secrets.test_commands import NOW, files, repository

__all__ = ["repository"]

READERS = {"build", "check", "diff", "explain", "spec", "secrets status", "secrets check", "secrets guard",
           "secrets show"}  # fmt: skip
SPREAD = 8
"""At how many of the steps about a single file a run is killed, spread evenly; at all others always. What is done for
one file is done for each, and `test_journal.py` kills at every step."""


@dataclass
class Captured:
    """What one command would have written, and what it had read."""

    writes: Mapping[str, bytes | None]
    seen: Mapping[str, str | None]


def capture(monkeypatch: pytest.MonkeyPatch, arguments: list[str], stdin: bytes = b"") -> Captured:
    """Run a command that writes nothing, and return what it wanted to write."""
    found: list[Captured] = []

    def record(
        root: Path, writes: Mapping[str, bytes | None], *, seen: Mapping[str, str | None] = {}, **_: object
    ) -> None:
        found.append(Captured(dict(writes), dict(seen)))

    with monkeypatch.context() as patch:
        patch.setattr(journal, "apply", record)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        assert run(arguments) in (0, 1), arguments
    (one,) = found
    return one


def killed(root: Path, what: Captured, number: int) -> bool:
    """Write in a child that is killed before step ``number``; whether it came so far."""
    child = os.fork()
    if child == 0:
        steps = iter(range(100_000))

        def kill(name: str) -> None:
            if next(steps) == number:
                os.kill(os.getpid(), signal.SIGKILL)

        journal.apply(root, what.writes, seen=what.seen, step=kill)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def put_back(root: Path, before: Mapping[str, bytes], paths: Mapping[str, object]) -> None:
    for path in paths:
        if path in before:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(before[path])
        else:
            (root / path).unlink(missing_ok=True)
            for folder in (root / path).relative_to(root).parents[:-1]:
                if (root / folder).is_dir() and not any((root / folder).iterdir()):
                    (root / folder).rmdir()


def names_of(root: Path, what: Captured) -> list[str]:
    """The steps of writing it, in a copy."""
    names: list[str] = []
    copy = root.parent / "copy"
    shutil.copytree(root, copy)
    journal.apply(copy, what.writes, seen=what.seen, step=names.append)
    shutil.rmtree(copy)
    return names


def kill_everywhere(root: Path, what: Captured) -> None:
    """Kill at steps all over it; then write it all, so that the next command finds it."""
    before = files(root)
    after = {path: content for path, content in {**before, **what.writes}.items() if content is not None}
    names = names_of(root, what)
    every = -(-len(names) // SPREAD)
    chosen = [number for number, name in enumerate(names) if number % every == 0 or " " not in name]
    done = []
    for number in chosen:
        assert killed(root, what, number), names[number]
        left_behind = (root / journal.FOLDER).exists()
        assert bool(journal.recover(root)) is left_behind, names[number]
        assert not (root / journal.FOLDER).exists()
        found = files(root)
        assert found in (before, after), names[number]
        done.append(found == after)
        put_back(root, before, what.writes)
    assert done == sorted(done)
    assert (done[0], done[-1]) == (False, True)
    journal.apply(root, what.writes, seen=what.seen)
    assert files(root) == after


def edited(root: Path, path: str) -> None:
    """What somebody who sops-edits the vault by hand leaves: here only other bytes."""
    with (root / path).open("ab") as stream:
        stream.write(b"# by hand\n")


def steps_of_a_life(root: Path) -> list[tuple[list[str], bytes, Callable[[], object]]]:
    """Commands that write, in an order in which each has something to write, with what is done before it."""
    keys = root.parent / "config" / "compiler"
    leaver = person().recipient
    authority = pki.create_authority("elsewhere", "service", 7, MOMENT)
    root.parent.joinpath("ca.crt").write_bytes(authority.certificate)
    root.parent.joinpath("ca.key").write_bytes(authority.key.reveal())
    assert serialization.load_pem_private_key(authority.key.reveal(), None)

    def secrets(*arguments: str) -> list[str]:
        return ["secrets", *arguments, *NOW]

    def nothing() -> None:
        pass

    def rename() -> None:
        (root / "overlays/demo").rename(root / "overlays/dev")

    field_key = "demo/pulp-db-fields-encryption"
    cluster = f"--cluster=demo={person().recipient}"
    return [
        (secrets("init", "--generate-identity", str(keys / "identity.txt"), cluster), b"", nothing),
        (secrets("ensure"), b"", nothing),
        (["generate"], b"", nothing),
        (secrets("set", "demo/pulp-admin-password", "--generated", "--stdin"), b"taken over", nothing),
        (secrets("rotate", "demo/pulp-web-tls"), b"", nothing),
        (secrets("rotate", field_key, "--phase", "add"), b"", nothing),
        (secrets("renew", "--all"), b"", nothing),
        (secrets("ca", "rollover", "demo", "--phase", "trust"), b"", nothing),
        (secrets("ca", "rollover", "demo", "--phase", "issue", "--rolled-out"), b"", nothing),
        (secrets("ca", "rollover", "demo", "--phase", "retire", "--rolled-out"), b"", nothing),
        (
            secrets(
                "ca", "import", "demo", "--cert", str(root.parent / "ca.crt"), "--key", str(root.parent / "ca.key")
            ),
            b"",
            nothing,
        ),
        (
            secrets("ca", "create", "demo", "--authority", "upstream", "--key-file", str(keys / "upstream.key")),
            b"",
            nothing,
        ),
        (secrets("recipients", "add", "admin", leaver), b"", nothing),
        (secrets("recipients", "remove", leaver), b"", nothing),
        (secrets("rekey"), b"", nothing),
        (secrets("reseal", "demo"), b"", nothing),
        (
            secrets("adopt", "demo/pulp-admin-password"),
            b"",
            lambda: edited(root, "secrets/vault/demo/pulp-admin-password.sops.yaml"),
        ),
        (["secrets", "rename", "demo", "dev", *NOW], b"", rename),
        (["generate"], b"", nothing),
    ]


def test_a_kill_at_any_step_of_any_command_is_put_right(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # a killed process is no lost power: this only takes time
    covered = set()
    for arguments, stdin, before in steps_of_a_life(repository):
        before()
        kill_everywhere(repository, capture(monkeypatch, arguments, stdin))
        words = [word for word in arguments if not word.startswith("-")]
        covered |= {" ".join(words[:count]) for count in (1, 2, 3)}
    writers = {name for name in commands() if name not in READERS}
    assert writers - {"init"} <= covered  # `compiler init` makes a folder beside, and renames it: below
    capsys.readouterr()
    assert run(["secrets", "check", "--deep", *NOW]) == 0
    assert run(["generate", "--check"]) == 0


def commands() -> set[str]:
    """Every command by its words."""
    found = set()
    for name in _COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        stack = [(name, command)]
        while stack:
            words, one = stack.pop()
            if isinstance(one, click.Group):
                stack += [(f"{words} {inner}", sub) for inner, sub in one.commands.items()]
            else:
                found.add(words)
    return {name if not name.startswith("spec ") else "spec" for name in found}


@pytest.mark.parametrize("moment", ["the rename", "after it"])
def test_a_killed_init_can_be_run_again(
    tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    site = tmp_path / "site"
    arguments = ["init", str(site), "--host", "pulp.example.com", "--delivery", "flux"]
    child = os.fork()
    if child == 0:
        rename = os.rename

        def kill(source: object, target: object, **options: object) -> None:
            if str(target) == str(site):
                if moment == "after it":
                    rename(source, target, **options)  # type: ignore[arg-type]
                os.kill(os.getpid(), signal.SIGKILL)
            rename(source, target, **options)  # type: ignore[arg-type]

        os.rename = kill  # type: ignore[assignment]
        run(arguments)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert site.exists() is (moment == "after it")
    if moment == "the rename":
        assert run(arguments) == 0  # with the identities that are there already
    monkeypatch.chdir(site)
    assert run(["secrets", "check", "--deep"]) == 0
    assert run(["generate", "--check"]) == 0


@pytest.mark.parametrize("command", ["ensure", "generate"])
def test_what_somebody_changes_while_a_command_computes_is_noticed(
    repository: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = steps_of_a_life(repository)[:3]
    for arguments, _, _ in first:
        assert run(arguments) == 0
    path = "secrets/recipients.yaml" if command == "ensure" else "overlays/demo/kustomization.yaml"
    if command == "generate":
        spec = repository / "overlays/demo/pulp.yaml"
        spec.write_text(spec.read_text().replace("pulp.localhost", "other.localhost"))
    else:
        (repository / "secrets/demo/pulp-admin-password.sops.yaml").unlink()
    apply = journal.apply

    def late(root: Path, writes: Mapping[str, bytes | None], **options: object) -> None:
        edited(root, path if path in writes or command == "ensure" else sorted(writes)[0])
        try:
            apply(root, writes, **options)  # type: ignore[arg-type]
        except WorldError:
            assert files(root) == {**before, **changed(root, before)}
            raise

    def changed(root: Path, old: Mapping[str, bytes]) -> dict[str, bytes]:
        """What the hand edited, and nothing else."""
        return {name: text for name, text in files(root).items() if text == old.get(name, b"") + b"# by hand\n"}

    before = files(repository)
    monkeypatch.setattr(journal, "apply", late)
    assert run([command] if command == "generate" else ["secrets", command, *NOW]) == 3
    assert "this file was changed while the command ran; nothing was written" in capsys.readouterr().err
    assert len(changed(repository, before)) == 1
