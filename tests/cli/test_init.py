"""What ``compiler init`` made: a new repository passes every check at once, and its workflow finds what is wrong."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from compiler.cli.main import run
from tests.support.oracle import kustomize_build
from tests.support.sites import KINDS, controller_certificate, delivery_of


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
