"""The commands as a person runs them, in a repository on disk."""

from __future__ import annotations

import fcntl
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from compiler.cli.main import run
from tests.secrets.support import person, real_sops
from tests.secrets.test_sealedsecrets import controller
from tests.secrets.test_sops import stub

BASE = 'name: pulp\npulp: {version: "3.85", plugins: [file]}\n'
DEMO = (
    "extends: ../../base/pulp\nenvironment: demo\nnamespace: pulp-demo\nhost: pulp.localhost\n"
    'exposure: {node_port: {}}\ndelivery: {flux: {repo: "https://git.example.com/acme/pulp.git"}}\n'
)
PROD = (
    "extends: ../../base/pulp\nenvironment: production\nnamespace: pulp\nhost: pulp.example.com\n"
    "database: {external: {host: db.example.com}}\ncache: {external: {host: redis.example.com}}\n"
    "storage: {s3: {bucket: pulp-prod, region: eu-west-1}}\nexposure: {ingress: {tls: {issuer: letsencrypt}}}\n"
    'delivery: {argocd: {repo: "https://git.example.com/acme/pulp.git"}}\n'
)
NOW = ["--now", "2026-11-21T04:30:00Z"]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository"
    files = {".compiler.yaml": "version: 0.1.0\n", "base/pulp/pulp.yaml": BASE, "overlays/demo/pulp.yaml": DEMO}
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("COMPILER_IDENTITY", "COMPILER_SOPS"):
        monkeypatch.delenv(name, raising=False)
    return root


def secrets(*arguments: str) -> int:
    return run(["secrets", *arguments])


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def begin(root: Path) -> Path:
    """``init`` with an identity in its default place; returns it."""
    identity = root.parent / "config" / "compiler" / "identity.txt"
    assert secrets("init", "--generate-identity", str(identity), "--cluster", f"demo={person().recipient}", *NOW) == 0
    return identity


def test_init_ensure_status_and_check_from_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    before = files(repository)
    assert "secrets/demo/pulp-db-fields-encryption.sops.yaml" in before
    assert secrets("ensure", *NOW) == 0
    assert files(repository) == before
    capsys.readouterr()
    assert secrets("status", *NOW) == 0
    assert "demo/pulp-admin-password" in capsys.readouterr().out
    assert secrets("check", *NOW) == 0
    assert secrets("check", "--deep", *NOW) == 0
    assert capsys.readouterr().out == ""


def test_status_as_json_says_what_is_due(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begin(repository)
    assert secrets("ensure", "overlays/demo", *NOW) == 0
    capsys.readouterr()
    assert secrets("status", "-o", "json", "--now", "2027-09-01T00:00:00Z") == 1
    report = json.loads(capsys.readouterr().out)
    due = [row["id"] for row in report["secrets"] if row["condition"] == "renew"]
    assert report["due"] == len(due)
    assert "demo/pulp-web-tls" in due
    assert secrets("renew", "--now", "2027-09-01T00:00:00Z") == 0
    assert secrets("status", "--now", "2027-09-01T00:00:00Z") == 0
    assert secrets("check", "--deep", "--now", "2027-09-01T00:00:00Z") == 0


def production(root: Path) -> None:
    (root / "overlays/prod").mkdir()
    (root / "overlays/prod/pulp.yaml").write_text(PROD)
    (root.parent / "controller.pem").write_bytes(controller(rsa.generate_private_key(65537, 2048)))


def test_argo_cd_gets_sealed_secrets_and_unset_values_are_told(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    production(repository)
    before = files(repository)
    assert secrets("ensure", "prod", *NOW) == 2
    assert "--cert prod=cert.pem" in capsys.readouterr().err
    assert files(repository) == before
    assert secrets("ensure", *NOW) == 2  # demo is done
    assert "--cert prod=cert.pem" in capsys.readouterr().err
    assert (repository / "secrets/demo/pulp-secret-key.sops.yaml").is_file()
    assert not [path for path in files(repository) if path.startswith(("secrets/prod", "secrets/vault/prod"))]
    assert secrets("init", "--cert", f"prod={repository.parent / 'controller.pem'}", *NOW) == 0
    assert secrets("ensure", *NOW) == 0
    assert (repository / "secrets/prod/pulp-secret-key.sealed.yaml").is_file()
    assert not (repository / "secrets/prod/pulp-s3.sealed.yaml").exists()
    assert "pulp-s3" not in (repository / "secrets/prod/kustomization.yaml").read_text()
    capsys.readouterr()
    assert secrets("status", "prod", *NOW) == 1
    assert "not set: s3-access-key-id, s3-secret-access-key" in capsys.readouterr().out
    assert secrets("status", "demo", *NOW) == 0


def feed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_values_come_from_stdin_a_descriptor_or_the_environment(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    production(repository)
    assert secrets("init", "--cert", f"prod={repository.parent / 'controller.pem'}", *NOW) == 0
    feed(monkeypatch, b"canary-one\n")
    assert secrets("set", "prod/pulp-postgres-configuration", "--stdin", *NOW) == 0
    reader, writer = os.pipe()
    os.write(writer, b"canary-two")
    os.close(writer)
    assert secrets("set", "prod/pulp-redis-configuration", "--fd", str(reader), *NOW) == 0
    monkeypatch.setenv("KEY", "canary-three")
    assert secrets("set", "prod/pulp-s3", "--key", "s3-access-key-id", "--from-env", "KEY", *NOW) == 0
    assert secrets("set", "prod/pulp-s3", "--key", "s3-secret-access-key", "--from-env", "KEY", *NOW) == 0
    assert secrets("ensure", *NOW) == 0
    assert secrets("status", *NOW) == 0
    assert secrets("check", "--deep", *NOW) == 0
    said = capsys.readouterr()
    assert "canary" not in said.out + said.err
    assert not [path for path, content in files(repository.parent).items() if b"canary" in content]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prod/pulp-s3", "--stdin"], "several given keys"),
        (["prod/pulp-s3", "--key", "s3-access-key-id", "--stdin", "--fd", "0"], "exclude each other"),
        (["prod/pulp-s3", "--key", "s3-access-key-id", "--from-env", "NOT_THERE"], "is not set"),
        (["prod/pulp-s3", "--key", "s3-access-key-id"], "no terminal to ask on"),
        (["prod/pulp-s4", "--stdin"], "did you mean prod/pulp-s3"),
        (["other/pulp-s3", "--stdin"], "is no overlay that has secrets"),
        (["prod/pulp-s3", "--key", "s3-access-key-id", "--stdin"], "the value is empty"),
    ],
)
def test_a_wrong_use_of_set_is_told_and_writes_nothing(
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    begin(repository)
    production(repository)
    assert secrets("init", "--cert", f"prod={repository.parent / 'controller.pem'}", *NOW) == 0
    before = files(repository)
    feed(monkeypatch, b"\n")
    assert secrets("set", *arguments, *NOW) == 2
    assert message in capsys.readouterr().err
    assert files(repository) == before


def test_there_is_no_option_that_takes_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert secrets("set", "--help") == 0
    assert "--value" not in capsys.readouterr().out


def test_identities_in_the_repository_of_others_and_missing_ones_are_told(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    (repository / "identity.txt").write_text(person().identity)
    assert secrets("check", "--deep", "--identity", "identity.txt", *NOW) == 2
    assert "inside the repository" in capsys.readouterr().err
    (repository / "identity.txt").rename(repository.parent / "other.txt")
    assert secrets("check", "--deep", "--identity", "../other.txt", *NOW) == 2
    assert "none of the identities opens it" in capsys.readouterr().err
    assert secrets("check", "--deep", "--identity", "../none.txt", *NOW) == 2
    (repository.parent / "config/compiler/identity.txt").unlink()
    assert secrets("check", "--deep", *NOW) == 2
    assert "needs an administrator's identity" in capsys.readouterr().err
    assert secrets("init", "--generate-identity", "new.txt", *NOW) == 2
    assert not (repository / "new.txt").exists()


def test_a_failing_sops_ends_with_3_and_writes_nothing(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    before = files(repository)
    false = stub(tmp_path, "sys.exit(1)").path
    assert secrets("ensure", "--sops", str(false), *NOW) == 3
    assert secrets("ensure", "--sops", str(tmp_path / "none"), *NOW) == 3
    assert "there is no sops at" in capsys.readouterr().err
    assert files(repository) == before


def test_of_two_runs_at_once_one_says_so(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begin(repository)
    handle = os.open(repository / "overlays", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert secrets("ensure", *NOW) == 3
    finally:
        os.close(handle)
    assert "another `compiler secrets`" in capsys.readouterr().err
    assert secrets("ensure", *NOW) == 0


def test_a_private_key_as_recipient_is_not_repeated(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    identity = person().identity
    for arguments in (["--age-recipient", identity], ["--cluster", f"demo={identity}"], ["--cluster", identity]):
        assert secrets("init", *arguments, *NOW) == 2
        assert identity[15:40] not in capsys.readouterr().err
    assert not (repository / "secrets").exists()


def test_wrong_times_and_overlays_are_told(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert secrets("status", "--now", "tomorrow") == 2
    assert secrets("ensure", "nowhere", *NOW) == 2
    assert "these have: demo" in capsys.readouterr().err
    assert secrets("ensure", *NOW) == 2
    assert "compiler secrets init" in capsys.readouterr().err


def test_every_command_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    from compiler.cli.secrets import command

    for name in command.commands:
        assert secrets(name, "--help") == 0
        assert "Example:" in capsys.readouterr().out, name


def git(root: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments], cwd=root, check=True, capture_output=True
    )


def test_guard_looks_through_files_the_tree_and_the_history(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    git(repository, "init", "-q")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "sealed")
    assert secrets("guard", "--history") == 0
    leak = repository / "extra.yaml"
    leak.write_text("kind: Secret\nstringData: {a: canary}\n")
    assert secrets("guard") == 1
    assert secrets("guard", "extra.yaml") == 1
    assert secrets("guard", "--exclude", "ex*") == 0
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "oops")
    leak.unlink()
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "gone")
    assert secrets("guard") == 0
    capsys.readouterr()
    assert secrets("guard", "--history") == 1
    said = capsys.readouterr()
    assert said.out == "extra.yaml:2: the value of 'a' of a Secret is in clear\n"
    assert "canary" not in said.out + said.err
    assert secrets("guard", "none.yaml") == 2


def test_show_refuses_a_pipe_and_members_roll_and_adopt_run(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    assert secrets("show", "demo/pulp-admin-password", *NOW) == 2
    capsys.readouterr()
    assert secrets("show", "demo/pulp-admin-password", "--key", "password", "--force", *NOW) == 0
    assert len(capsys.readouterr().out.strip()) == 32
    assert secrets("show", "demo/pulp-admin-password", "--key", "other", "--force", *NOW) == 2
    second = person().recipient
    assert secrets("recipients", "add", "admin", second, *NOW) == 0
    capsys.readouterr()
    assert secrets("recipients", "remove", second, *NOW) == 1
    assert "demo/pulp-db-fields-encryption" in capsys.readouterr().out
    assert secrets("ca", "rollover", "demo", "--phase", "issue", *NOW) == 2
    assert secrets("ca", "rollover", "demo", "--phase", "trust", *NOW) == 0
    assert secrets("rotate", "demo/pulp-admin-password", *NOW) == 0
    assert secrets("rekey", *NOW) == 0
    assert secrets("reseal", "demo", *NOW) == 0
    with (repository / "secrets/demo/pulp-secret-key.sops.yaml").open("ab") as stream:
        stream.write(b"# edited\n")
    assert secrets("ensure", *NOW) == 2
    assert secrets("adopt", "demo/pulp-secret-key", *NOW) == 0
    assert secrets("check", "--deep", *NOW) == 0


def test_the_rendering_of_an_overlay_holds_secrets_that_its_cluster_opens(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = person()
    identity = repository.parent / "admin.txt"
    assert secrets("init", "--generate-identity", str(identity), "--cluster", f"demo={cluster.recipient}", *NOW) == 0
    assert secrets("ensure", *NOW) == 0
    assert run(["generate"]) == 0
    assert run(["generate", "--check"]) == 0
    capsys.readouterr()
    assert run(["build", "overlays/demo"]) == 0
    rendering = capsys.readouterr().out
    documents = [text for text in rendering.split("\n---\n") if "\nkind: Secret\n" in text]
    assert len(documents) == len(list((repository / "secrets/demo").glob("*.sops.yaml")))
    for text in documents:
        done = subprocess.run(
            [str(real_sops().path), "decrypt", "--input-type", "yaml", "--output-type", "json"],
            input=text.encode(),
            capture_output=True,
            env={"SOPS_AGE_KEY": cluster.identity, "HOME": "/nonexistent"},
            check=False,
        )
        assert done.returncode == 0, text.split("name:")[1][:60]
        assert all(json.loads(done.stdout)["data"].values())


def test_a_rotated_secret_restarts_the_pods_that_mount_it(repository: Path) -> None:
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    assert run(["generate"]) == 0
    assert secrets("rotate", "demo/pulp-web-tls", *NOW) == 0
    before = files(repository)
    assert run(["generate", "--check"]) == 1
    assert run(["generate"]) == 0
    changed = {path for path, content in files(repository).items() if before.get(path) != content}
    assert {path for path in changed if path.endswith(".yaml") and "kustomization" not in path} == {
        "overlays/demo/patches/deployment-pulp-web.yaml"
    }
