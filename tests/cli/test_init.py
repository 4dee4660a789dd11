"""``compiler init``: a new repository passes every check at once, and a failed run leaves nothing."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from compiler.cli.main import run
from compiler.errors import CompilerError, WorldError
from compiler.workspace import scaffold as module
from compiler.workspace.scaffold import Answers, check_answers, files
from tests.support.oracle import kustomize_build

KINDS = ("flux", "argocd", "sealed")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A repository for Flux, for Argo CD, and for a sealed-secrets controller, made by the command itself."""
    folder = tmp_path_factory.mktemp("init")
    (folder / "controller.pem").write_bytes(controller_certificate())
    repositories = {}
    for kind in KINDS:
        target = folder / f"site-{kind}"
        options = ["--name", "acme", "--host", "pulp.acme.example", "--delivery", delivery_of(kind)]
        options += ["--identity", str(folder / "keys" / kind / "me.txt")]
        if kind == "sealed":
            options += ["--cert", str(folder / "controller.pem")]
        assert run(["init", str(target), *options]) == 0
        repositories[kind] = target
    return repositories


def delivery_of(kind: str) -> str:
    """What applies the overlays of a repository of ``made``."""
    return "argocd" if kind == "sealed" else kind


def controller_certificate() -> bytes:
    """A certificate as a sealed-secrets controller makes one for itself: RSA, self-signed."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=90))
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_repository_passes_every_check(
    made: dict[str, Path], kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(made[kind])
    assert run(["generate", "--check"]) == 0, capsys.readouterr().err
    assert run(["check", "overlays/demo", "overlays/prod"]) == 0, capsys.readouterr()
    rendered = kustomize_build(made[kind] / "overlays" / "prod")
    assert rendered.returncode == 0, rendered.stderr
    assert b"host: pulp.acme.example\n" in rendered.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_holds(made: dict[str, Path], kind: str) -> None:
    root = made[kind]
    paths = {
        path.relative_to(root).as_posix() for path in root.rglob("*") if ".git" not in path.relative_to(root).parts
    }
    assert {
        ".compiler.yaml",
        ".gitignore",
        ".github/workflows/pulp.yaml",
        "README.md",
        "base/pulp/pulp.yaml",
        "base/pulp/kustomization.yaml",
        "overlays/demo/pulp.yaml",
        "overlays/demo/kustomization.yaml",
        "overlays/prod/pulp.yaml",
        "overlays/prod/kustomization.yaml",
        f"overlays/prod/delivery/{delivery_of(kind)}.yaml",
        "secrets/recipients.yaml",
        "secrets/inventory.yaml",
        "secrets/demo/kustomization.yaml",
        "secrets/prod/kustomization.yaml",
    } <= paths
    assert not [path for path in paths if "@" in path or ".compiler-journal" in path]
    assert (root / ".git").is_dir()
    assert stat.S_IMODE(root.stat().st_mode) == 0o777 & ~_umask()
    for path in ("README.md", ".github/workflows/pulp.yaml", "overlays/prod/pulp.yaml"):
        assert "@" not in (root / path).read_text().replace("actions/checkout@", "").replace(
            "actions/setup-python@", ""
        )


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


def test_identities_stand_outside_with_mode_0600(made: dict[str, Path]) -> None:
    keys = made["flux"].parent / "keys" / "flux"
    assert sorted(path.name for path in keys.iterdir()) == ["me.txt", "site-flux-demo.agekey", "site-flux-prod.agekey"]
    for path in keys.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_controller_needs_no_identity_and_gets_sealed_secrets(made: dict[str, Path]) -> None:
    root = made["sealed"]
    assert [path.name for path in (root.parent / "keys" / "sealed").iterdir()] == ["me.txt"]
    assert list((root / "secrets" / "prod").glob("*.sealed.yaml"))
    assert not list((root / "secrets" / "prod").glob("*.sops.yaml"))


def test_no_private_key_is_in_the_repository(made: dict[str, Path]) -> None:
    for root in made.values():
        for path in root.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert b"AGE-SECRET-KEY-1" not in content
                assert b"PRIVATE KEY-----\n" not in content


def test_an_edited_value_is_generated_and_built(made: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    root = made["flux"]
    monkeypatch.chdir(root)
    spec = root / "overlays" / "prod" / "pulp.yaml"
    before = spec.read_text()
    spec.write_text(before + "web: {replicas: 5}\n")
    assert run(["generate", "--check"]) == 1
    assert run(["generate"]) == 0
    assert run(["generate", "--check"]) == 0
    assert b"replicas: 5\n" in kustomize_build(root / "overlays" / "prod").stdout
    spec.write_text(before)
    assert run(["generate"]) == 0


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


def test_a_given_secret_that_nobody_has_set_is_a_warning_with_its_command(
    made: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(made["flux"])
    assert run(["check"]) == 0
    said = capsys.readouterr().out
    assert said.count("warning:") == 3  # the README's path tells the number
    assert "run `compiler secrets set prod/acme-s3 --key s3-access-key-id`, then `compiler generate`" in said
    assert "overlays/demo: 54 objects, no findings" in said
    assert run(["check", "--strict"]) == 1
    assert run(["secrets", "status", "prod"]) == 1
    assert "not set: password" in capsys.readouterr().out
    assert "prints three warnings for `overlays/prod`" in (Path(__file__).parents[2] / "README.md").read_text()


def steps(root: Path) -> list[list[str]]:
    """What the workflow of a new repository runs of the compiler, but for the report on a pull request."""
    workflow = yaml.safe_load((root / ".github/workflows/pulp.yaml").read_text())
    commands = [step.get("run", "") for step in workflow["jobs"]["check"]["steps"]]
    return [shlex.split(one)[1:] for one in commands if one.startswith("compiler ") and "$BASE" not in one]


def committed(root: Path, copy: Path) -> Path:
    """A copy of ``root`` with everything committed."""
    shutil.copytree(root, copy, symlinks=True)
    author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["add", "--all"], [*author, "commit", "--quiet", "--message", "all"]):
        subprocess.run(["git", "-C", str(copy), *command], check=True)
    return copy


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_repository_passes_the_workflow_that_it_has(
    made: dict[str, Path], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(committed(made[kind], tmp_path / "site"))
    assert {tuple(step) for step in steps(tmp_path / "site")} >= {
        ("generate", "--check"), ("secrets", "check", "--errors"), ("secrets", "guard", "--history"),
    }  # fmt: skip
    assert [run(step) for step in steps(tmp_path / "site")] == [0] * len(steps(tmp_path / "site"))


def _renamed(root: Path) -> None:
    file = root / "secrets/demo/acme-admin-password.sops.yaml"
    file.write_text(file.read_text().replace('name: "acme-admin-password"', 'name: "evil"'))


def _without_recipients(root: Path) -> None:
    (root / "secrets/recipients.yaml").write_text("")


def _without_lock(root: Path) -> None:
    (root / "secrets/seals.lock.json").unlink()


def _replayed(root: Path) -> None:
    """A file of another sealing put back: what is in it is whole, but it is not the one that the lock knows."""
    file = root / "secrets/demo/acme-secret-key.sops.yaml"
    file.write_text(file.read_text().replace("lastmodified: ", "lastmodified:  "))


def _in_clear(root: Path) -> None:
    (root / "overlays/demo/custom").mkdir(exist_ok=True)
    (root / "overlays/demo/custom/mine.yaml").write_text("kind: Secret\nstringData: {a: hunter2}\n")


@pytest.mark.parametrize("tamper", [_renamed, _replayed, _without_lock, _without_recipients, _in_clear])
def test_what_was_tampered_with_does_not_pass_the_workflow(
    made: dict[str, Path], tamper: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = committed(made["flux"], tmp_path / "site")
    monkeypatch.chdir(site)
    tamper(site)
    assert any(run(step) for step in steps(site))


def test_a_sealed_object_under_another_name_is_found_by_check(
    made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(committed(made["flux"], tmp_path / "site"))
    _renamed(tmp_path / "site")
    assert run(["check", "overlays/demo"]) == 1
    said = capsys.readouterr().out
    assert "Secret acme-demo/acme-admin-password" in said
    assert said.count("error:") == 1
    assert "[sealed/missing]" in said
