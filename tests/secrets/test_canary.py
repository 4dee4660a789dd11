"""Known plaintexts go through every command on disk and are then searched for everywhere they must not be."""

from __future__ import annotations

import base64
import logging
import subprocess
import traceback
from pathlib import Path

import pytest

from compiler.errors import CompilerError
from compiler.pulp.requirements import Given, SecretRequirement
from compiler.secrets import layout
from compiler.secrets.plaintext import Plaintext
from tests.secrets.support import World, admin_password, api_tls, fields_key, small
from tests.secrets.test_sops import stub

CANARY = b"canary-7f3a9c-plaintext"
GIVEN = SecretRequirement("pulp-db", "pulp", (Given({"password": "of the database"}),))


def traces(secret: bytes) -> list[bytes]:
    """How a plaintext could show up: raw, in base64 at each of three offsets, in hexadecimal, reversed."""
    shifted = [base64.b64encode(b"x" * shift + secret)[4 : 4 + (len(secret) // 3) * 4 - 8] for shift in (0, 1, 2)]
    return [secret, *shifted, secret.hex().encode(), secret[::-1]]


def plaintexts(world: World) -> list[bytes]:
    """Every value in the vault, as its administrator sees it."""
    found = [CANARY]
    with world.access(world.admin) as access:
        for secret in world.lock().vault:
            values = access.open(world.tree, world.lock(), secret, "the test looks")
            found += [value.reveal() for key, value in values.items() if not key.endswith(".crt")]
    return found


def on_disk(world: World, folder: Path) -> None:
    for path, content in world.tree.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def search(folder: Path, secrets: list[bytes]) -> list[str]:
    return [
        f"{path}: {trace[:8]!r}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for secret in secrets
        for trace in traces(secret)
        if trace in path.read_bytes()
    ]


def test_no_plaintext_is_in_the_tree_the_git_objects_or_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    temporary, repository = tmp_path / "tmp", tmp_path / "repository"
    temporary.mkdir()
    repository.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    world = small(GIVEN, admin_password(), fields_key(), api_tls())
    world.ensure(world.admin)
    world.give("pulp-db", {"password": CANARY}, world.admin)
    world.give("pulp-db", {"password": CANARY[::-1]}, world.admin)
    world.give("pulp-db", {"password": CANARY}, world.admin)
    world.check(world.admin)
    on_disk(world, repository)
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "t"]):
        subprocess.run(["git", *command], cwd=repository, check=True, capture_output=True)
    blobs = subprocess.run(
        ["git", "cat-file", "--batch", "--batch-all-objects"], cwd=repository, check=True, capture_output=True
    ).stdout
    secrets = plaintexts(world)
    assert len(secrets) >= 5
    assert search(repository, secrets) == []
    assert [trace for secret in secrets for trace in traces(secret) if trace in blobs] == []
    assert list(temporary.rglob("*")) == []
    captured = capfd.readouterr()
    said = (captured.out + captured.err + caplog.text).encode()
    assert [trace for secret in secrets for trace in traces(secret) if trace in said] == []


def test_the_search_finds_a_canary_that_is_there(tmp_path: Path) -> None:
    for number, content in enumerate([CANARY, base64.b64encode(b"ab" + CANARY), CANARY.hex().encode()]):
        (tmp_path / str(number)).write_bytes(b"x" + content)
    assert len({line.split(":")[0] for line in search(tmp_path, [CANARY])}) == 3


FAILURES = {
    "sops fails": "sys.stderr.buffer.write(given); sys.exit(1)",
    "sops echoes": "sys.stdout.buffer.write(given)",
    "sops prints nonsense around it": "sys.stdout.buffer.write(b'{' + given)",
    "sops adds it": "d = json.loads(real()); d['extra'] = given.decode(); print(json.dumps(d))",
}


@pytest.mark.parametrize("failure", list(FAILURES))
def test_no_error_or_traceback_holds_a_plaintext(
    tmp_path: Path, failure: str, capfd: pytest.CaptureFixture[str]
) -> None:
    world = small(GIVEN)
    world.sops = stub(tmp_path, FAILURES[failure]).path
    with pytest.raises(CompilerError) as caught:
        world.give("pulp-db", {"password": CANARY})
    lines = traceback.TracebackException.from_exception(caught.value, capture_locals=False).format()
    captured = capfd.readouterr()
    text = "".join(lines) + captured.out + captured.err + str(caught.value)
    assert [trace for trace in traces(CANARY) if trace.decode() in text] == []


def test_a_plaintext_in_a_sealed_file_is_not_quoted_in_the_error() -> None:
    world = small(GIVEN)
    world.give("pulp-db", {"password": CANARY}, world.admin)
    path = layout.sealed("demo/pulp-db", "sops")
    sealed = world.tree.files[path].decode()
    for plain in (f"stringData: {{password: {CANARY.decode()}}}\n", f"password: [{CANARY.decode()}\n", f"\t{CANARY!r}"):
        world.tree.files[path] = (sealed + plain).encode()
        messages = [finding.message for finding in world.check()]
        assert messages
        assert not any("canary" in message for message in messages)


def test_locals_of_a_traceback_show_no_plaintext() -> None:
    value = Plaintext(CANARY)
    try:
        raise ValueError(value)
    except ValueError as error:
        lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    text = "".join(lines)
    assert "<plaintext>" in text
    assert f"value = {CANARY!r}" not in text
