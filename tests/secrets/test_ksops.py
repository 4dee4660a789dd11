"""The backend ``ksops``: sops files that a plugin of Argo CD opens, and an overlay that renders without them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from compiler.cli.main import run
from compiler.secrets import layout
from tests.secrets.support import person, real_sops
from tests.secrets.test_commands import NOW, files, repository, secrets

__all__ = ["repository"]

SPEC = "overlays/demo/pulp.yaml"
PLACE = "secrets/demo/ksops"


def spec(root: Path, delivery: str, backend: str | None) -> None:
    """The demo, delivered and sealed so."""
    text = (root / SPEC).read_text().replace("{flux:", f"{{{delivery}:").replace("{argocd:", f"{{{delivery}:")
    text = text.partition("secrets:")[0]
    (root / SPEC).write_text(text + (f"secrets: {{backend: {backend}}}\n" if backend else ""))


@pytest.fixture
def cluster(repository: Path) -> str:
    """A repository whose demo Argo CD delivers with KSOPS; returns the identity of the repo-server."""
    who = person()
    identity = repository.parent / "config/compiler/identity.txt"
    spec(repository, "argocd", "ksops")
    assert secrets("init", "--generate-identity", str(identity), "--cluster", f"demo={who.recipient}", *NOW) == 0
    assert secrets("ensure", *NOW) == 0
    return who.identity


def test_the_overlay_renders_and_passes_check_without_a_secret_in_it(
    cluster: str, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["generate"]) == 0
    assert run(["generate", "--check"]) == 0
    assert run(["check"]) == 0
    assert secrets("check", "--deep", *NOW) == 0
    assert secrets("status", *NOW) == 0
    capsys.readouterr()
    assert run(["build", "overlays/demo"]) == 0
    kinds = [one["kind"] for one in yaml.safe_load_all(capsys.readouterr().out)]
    assert "Secret" not in kinds
    assert "ConfigMap" in kinds  # the trust bundle


def test_argo_cd_gets_the_overlay_and_the_generator_as_sources(cluster: str, repository: Path) -> None:
    assert run(["generate"]) == 0
    project, application = yaml.safe_load_all((repository / "overlays/demo/delivery/argocd.yaml").read_text())
    assert [one["path"] for one in application["spec"]["sources"]] == ["overlays/demo", PLACE]
    assert "source" not in application["spec"]
    assert {"group": "", "kind": "Secret"} in project["spec"]["namespaceResourceWhitelist"]


def test_the_generator_lists_every_file_and_each_opens_as_ksops_opens_it(cluster: str, repository: Path) -> None:
    """KSOPS decrypts the stored file whole, with its MAC, in the folder of the generator."""
    folder = repository / PLACE
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert kustomization["generators"] == ["generator.yaml"]
    assert "resources" not in kustomization
    generator = yaml.safe_load((folder / "generator.yaml").read_text())
    assert (generator["apiVersion"], generator["kind"]) == ("viaduct.ai/v1", "ksops")
    function = yaml.safe_load(generator["metadata"]["annotations"]["config.kubernetes.io/function"])
    assert function == {"exec": {"path": "ksops"}}
    assert sorted(generator["files"]) == sorted(f"./{path.name}" for path in folder.glob("*.sops.yaml"))
    assert len(generator["files"]) > 10
    for file in generator["files"]:
        done = subprocess.run(
            [str(real_sops().path), "decrypt", "--output-type", "json", file],
            cwd=folder, capture_output=True, check=True, env={"SOPS_AGE_KEY": cluster, "HOME": "/nonexistent"},
        )  # fmt: skip
        opened = json.loads(done.stdout)
        assert opened["kind"] == "Secret"
        assert opened["metadata"]["name"] == file[2:].removesuffix(".sops.yaml")


def test_the_engine_refuses_to_run_the_plugin(
    cluster: str, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["build", PLACE]) == 2
    said = capsys.readouterr().err
    assert "generator.yaml" in said
    assert "ksops" in said


def test_every_ensure_warns_of_the_plaintext_in_argo_cd(
    cluster: str, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert secrets("ensure", *NOW) == 0
    assert "warning: KSOPS hands plaintext to Argo CD" in capsys.readouterr().err
    assert b"in whose cache they lie in clear" in (repository / PLACE / "generator.yaml").read_bytes()


def test_moving_from_and_to_ksops_leaves_nothing_behind(cluster: str, repository: Path) -> None:
    assert run(["generate"]) == 0
    before = files(repository)
    spec(repository, "flux", None)
    assert secrets("ensure", *NOW) == 0
    assert not (repository / PLACE).exists()
    assert (repository / "secrets/demo/pulp-secret-key.sops.yaml").is_file()
    assert run(["generate"]) == 0
    assert secrets("check", "--deep", *NOW) == 0
    spec(repository, "argocd", "ksops")
    assert secrets("ensure", *NOW) == 0
    assert run(["generate"]) == 0
    assert secrets("check", "--deep", *NOW) == 0
    after = files(repository)
    assert set(after) == set(before)
    assert {path for path in after if path.startswith("overlays") and after[path] != before[path]} == set()


def test_an_edited_or_lost_generator_is_found_and_put_right(cluster: str, repository: Path) -> None:
    generator = repository / PLACE / "generator.yaml"
    for change in (lambda: generator.write_text(generator.read_text() + "# more\n"), generator.unlink):
        change()
        assert secrets("check", *NOW) == 1
        assert secrets("ensure", *NOW) == 0
        assert secrets("check", *NOW) == 0


def test_an_overlay_that_is_gone_or_renamed_takes_the_generator_along(cluster: str, repository: Path) -> None:
    (repository / "overlays/demo").rename(repository / "overlays/dev")
    assert secrets("rename", "demo", "dev", *NOW) == 0
    assert not (repository / "secrets/demo").exists()
    assert (repository / "secrets/dev/ksops/generator.yaml").is_file()
    assert secrets("check", "--deep", *NOW) == 0


@pytest.mark.parametrize(
    ("delivery", "backend", "message"),
    [("argocd", "sops", "Argo CD does not open sops files"), ("flux", "ksops", "KSOPS is a plugin of Argo CD")],
)
def test_a_backend_that_nothing_would_open_is_refused(
    repository: Path, delivery: str, backend: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spec(repository, delivery, backend)
    assert run(["generate"]) == 2
    assert message in capsys.readouterr().err


def test_no_overlay_can_be_called_as_the_folder() -> None:
    from compiler.errors import CompilerError

    layout.check_overlay("ksops")
    with pytest.raises(CompilerError, match="another meaning"):
        layout.check_overlay("demo/ksops")
