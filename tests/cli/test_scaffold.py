"""A run of ``compiler init``: what it makes of the answers, what it refuses, and that a failed run leaves nothing."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from compiler.cli.main import run
from compiler.errors import CompilerError, WorldError
from compiler.workspace import scaffold as module
from compiler.workspace.scaffold import Answers, check_answers, files
from tests.support.sites import KINDS, controller_certificate, delivery_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_folder_may_have_a_name_in_any_language(tmp_path: Path) -> None:
    root, identity = tmp_path / "Grüße\nan dich", tmp_path / "me.txt"
    arguments = ["--host", "p.example.com", "--delivery", "flux", "--identity", str(identity)]
    assert run(["init", str(root), *arguments]) == 0
    assert (root / "overlays" / "prod" / "kustomization.yaml").is_file()


def test_a_second_identity_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--host", "p.example.com", "--delivery", "flux", "--identity", str(tmp_path / "me.txt")]
    assert run(["init", str(tmp_path / "one"), *arguments]) == 0
    content = (tmp_path / "me.txt").read_bytes()
    assert run(["init", str(tmp_path / "two"), *arguments]) == 0
    assert (tmp_path / "me.txt").read_bytes() == content
    recipient = content.decode().split("public key: ")[1].split()[0]
    for name in ("one", "two"):
        assert recipient in (tmp_path / name / "secrets" / "recipients.yaml").read_text()
    assert "(new" in capsys.readouterr().err


def test_a_folder_in_use_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "site"
    target.mkdir()
    (target / "mine").write_text("x")
    identity = tmp_path / "keys" / "me.txt"
    assert run(["init", str(target), "--host", "a.b", "--delivery", "flux", "--identity", str(identity)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in target.iterdir()] == ["mine"]
    assert not identity.parent.exists()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "site").write_text("x")
    assert run(["init", str(tmp_path / "site"), "--host", "a.b", "--delivery", "flux"]) == 2
    assert "is no folder" in capsys.readouterr().err


def test_an_identity_inside_the_repository_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "site"
    identity = str(target / "me.txt")
    assert run(["init", str(target), "--host", "a.b", "--delivery", "flux", "--identity", identity]) == 2
    assert "inside the repository" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["_seal", "_generate", "_git_init"])
@pytest.mark.parametrize(
    "failure", [OSError(28, "No space left on device"), WorldError("sops failed"), KeyboardInterrupt()]
)
def test_a_failed_run_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, failure: BaseException
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(module, "_seal", _only_identities)  # sealing itself is slow, and not what is tried here
    monkeypatch.setattr(module, "_generate", lambda root: None)
    monkeypatch.setattr(module, step, fail)
    target = tmp_path / "site"
    answers = Answers("pulp", "a.example.com", "flux", "https://git.example.com/x.git")
    with pytest.raises((CompilerError, KeyboardInterrupt)) as error:
        module.scaffold(target, answers, identity=tmp_path / "me.txt", now=NOW)
    if isinstance(failure, OSError):
        assert isinstance(error.value, WorldError)
    assert list(tmp_path.iterdir()) == []


def _only_identities(root: Path, target: Path, answers: Answers, keys: module._Keys, **_: object) -> tuple[str, ...]:
    for file in (keys.admin, *keys.clusters.values()):
        module._recipient(file, target, keys, "a test")
    return ()


def test_an_empty_folder_is_taken_and_a_killed_run_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_seal", _only_identities)
    monkeypatch.setattr(module, "_generate", lambda root: None)
    target = tmp_path / "site"
    target.mkdir()
    answers = Answers("pulp", "a.example.com", "argocd", "git@git.example.com:x.git")
    result = module.scaffold(target, answers, identity=tmp_path / "me.txt", now=NOW)
    assert result.root == target
    assert (target / "README.md").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "me.txt", "site", "site-demo.agekey", "site-prod.agekey",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "host", "repo", "message"),
    [
        ("Pulp", "a.example.com", "https://g.example/x.git", "--name: expected lower-case letters"),
        ("pulp", "https://a.example.com", "https://g.example/x.git", "--host: expected a host name"),
        ("pulp", "a.example.com", "https://me:pw@g.example/x.git", "--repo: a URL with a password"),
        ("pulp", "a.example.com", "", "--repo: expected a Git URL"),
        ("pulp", "a.example.com", "git@g.example:x.git", "--repo: expected a Git URL that begins with https://"),
    ],
)
def test_a_wrong_answer_is_told_by_its_option(name: str, host: str, repo: str, message: str) -> None:
    with pytest.raises(CompilerError) as error:
        check_answers(Answers(name, host, "flux", repo))
    assert message in str(error.value)


@pytest.mark.parametrize("name", ["null", "true", "y", "a1"])
@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_the_specs_mean_what_was_answered_whatever_the_name(name: str, delivery: module.DeliveryTool) -> None:
    from compiler.kustomize.tree import MemoryTree
    from compiler.spec import load

    answers = Answers(name, "1.2", delivery, "https://git.example.com/a,b{c}.git")
    tree = MemoryTree(files(answers))
    for overlay, namespace in (("demo", f"{name}-demo"), ("prod", name)):
        spec = load(tree, f"overlays/{overlay}").spec
        assert spec.name == name
        assert spec.namespace is not None
        assert spec.namespace.name == namespace
        assert spec.delivery is not None
        chosen = spec.delivery.flux or spec.delivery.argocd
        assert chosen is not None
        assert chosen.repo == answers.repo
    assert load(tree, "overlays/prod").spec.host == "1.2"


def test_with_a_controllers_certificate_argocd_needs_no_sops_in_the_cluster() -> None:
    answers = Answers("pulp", "a.example.com", "argocd", "https://g.example/x.git", b"a certificate")
    assert "backend" not in files(answers)["overlays/prod/pulp.yaml"]
    assert "sealed-secrets" in files(answers)["README.md"]


def test_inside_another_git_repository_none_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "x").mkdir()
    assert module._git_init(tmp_path / "x", tmp_path / "x") is False
    monkeypatch.setenv("PATH", "/nonexistent")
    assert module._git_init(tmp_path / "x", tmp_path / "x") is False


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_certificate_that_is_no_regular_file_is_refused(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    file = tmp_path / "pipe" if kind == "pipe" else Path("/dev/zero")
    arguments = ["init", str(tmp_path / "new"), "--host", "a.example.com", "--delivery", "argocd", "--cert", str(file)]
    assert run(arguments) == 2
    assert f"the certificate {file} is not a regular file" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_without_a_controller_the_next_steps_say_what_ksops_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "_seal", _only_identities)
    monkeypatch.setattr(module, "_generate", lambda root: None)
    (tmp_path / "controller.pem").write_bytes(controller_certificate())
    said = {}
    for kind in KINDS:
        options = ["--host", "a.example.com", "--delivery", delivery_of(kind), "--identity", str(tmp_path / "me.txt")]
        options += ["--cert", str(tmp_path / "controller.pem")] if kind == "sealed" else []
        assert run(["init", str(tmp_path / kind), *options]) == 0
        said[kind] = capsys.readouterr().err.partition("next:\n")[2]
    assert "KSOPS hands plaintext to Argo CD: its repo-server holds the key" in said["argocd"]
    assert "sealed-secrets controller" in said["argocd"]
    assert "KSOPS" not in said["flux"] + said["sealed"]
