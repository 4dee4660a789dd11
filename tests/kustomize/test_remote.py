"""Remote bases: which URLs name one, and that it renders as the real tool renders it or is refused as there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from compiler.kustomize import DirTree, KustomizeError, Options, Remotes, build, build_url
from tests.support.oracle import helm, kubectl
from tests.support.remotes import CM, commit, folder_of, git, ours, theirs, write


@pytest.mark.parametrize(
    "text",
    [
        "resources: ['file://{where}/repo//base?ref=v1']\n",
        "resources: ['file://{where}/repo//base']\n",
        "resources: ['file://{where}/repo?version=v1']\n",
        "resources: ['file://{where}/repo//base?ref=main&timeout=60']\ncomponents: ['file://{where}/repo//comp']\n",
        "bases: ['git::file://{where}/repo//other']\n",
        "resources: ['file://{where}/repo//deep?ref=v1']\n",
        "buildMetadata: [originAnnotations, transformerAnnotations]\nnamePrefix: p-\n"
        "resources: ['file://{where}/repo//deep?ref=v1']\n",
        "buildMetadata: [originAnnotations, transformerAnnotations]\nresources: ['file://{where}/repo']\n",
        "resources: ['file://{where}/repo//base?ref=main;v1']\n",
        "resources: ['file://{where}/repo//base?ref=v1', 'file://{where}/again//other']\nnamespace: ns\n",
    ],
)
def test_a_remote_base_renders_as_the_real_tool_renders_it(text: str, world: Path) -> None:
    real = theirs(world, text)
    assert real.returncode == 0, real.stderr
    assert ours(world, text) == real.stdout


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("repo//base?ref=nope", "couldn't find remote ref nope"),
        ("repo//nowhere", "no such file or directory"),
        ("repo//base/r.yaml", "refers to file 'r.yaml'; expecting directory"),
        ("nothing//base", "does not appear to be a git repository"),
        ("repo//out", "refers to directory outside of repo"),
        ("repo//round", "cycle detected: URI"),
        ("repo//sec", "security; file"),
        ("repo//link", "security; file"),
        ("repo//up", "accumulating resources"),
        ("repo//comp", "expected kind != 'Component'"),
        ("repo//base/../..", "must build at directory"),
    ],
)
def test_what_the_real_tool_refuses_is_refused(entry: str, said: str, world: Path) -> None:
    text = f"resources: ['file://{{where}}/{entry}']\n"
    real = theirs(world, text)
    assert real.returncode != 0
    assert said in real.stderr
    with pytest.raises(KustomizeError) as caught:
        ours(world, text, restricted=False)
    assert said in caught.value.message
    assert caught.value.path is not None
    assert caught.value.hint


@pytest.mark.parametrize("entry", ["repo//deep?ref=v1", "repo", "repo//base/../deep?ref=v1", "repo//self?ref=v1"])
def test_the_folder_to_build_may_be_remote_itself(entry: str, world: Path) -> None:
    url = f"file://{world}/{entry}"
    real = subprocess.run([str(kubectl()), "kustomize", url], capture_output=True, text=True, check=False)
    assert real.returncode == 0, real.stderr
    assert build_url(url, Options(remotes=Remotes(str(world / "cache")))).text == real.stdout


def test_a_remote_folder_to_build_is_refused_without_leave(world: Path) -> None:
    with pytest.raises(KustomizeError, match="remote resources are not fetched"):
        build_url(f"file://{world}/repo")
    with pytest.raises(KustomizeError, match="names no repository"):
        build_url("base")


GITHUB = (
    "github.com/org/repo//base?ref=v1",
    "github.com/org/repo/base?ref=v1",
    "GitHub.com/org/repo.git/base",
    "git@github.com:org/repo//base",
    "git@github.com:org/repo.git",
    "ssh://git@github.com/org/repo//base?ref=v1",
    "https://example.org/group/sub/repo//other",
    "https://example.org/a/_git/repo/other",
    "https://user@example.org/group/sub/repo.git/other?submodules=false",
    "user@example.org:group/sub/repo//other",
)


@pytest.mark.parametrize("entry", GITHUB)
def test_forms_of_urls_name_what_they_name_for_the_real_tool(
    entry: str, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git is told that these servers are folders on this machine."""
    (world / "org").mkdir()
    for name in ("repo", "repo.git"):
        shutil.copytree(world / "repo", world / "org" / name, symlinks=True)
    (world / "home/.gitconfig").write_text(
        f'[url "file://{world}/org/"]\n'
        + "".join(
            f"\tinsteadOf = {known}\n"
            for known in (
                *("https://github.com/org/", "git@github.com:org/", "github.com:org/"),
                *(
                    "https://example.org/group/sub/",
                    "https://user@example.org/group/sub/",
                    "https://example.org/a/_git/",
                ),
                "user@example.org:group/sub/",
            )
        )
    )
    text = f"resources: ['{entry}']\n"
    real = theirs(world, text)
    assert real.returncode == 0, real.stderr
    assert ours(world, text) == real.stdout


@pytest.mark.parametrize(
    "entry",
    [
        "https://raw.githubusercontent.com/org/repo/main/r.yaml",
        "https://host.xz/org/repo/releases/download/v1/install.yaml",
        "https://host.xz/r.yaml",
    ],
)
def test_a_single_file_over_http_is_refused_by_name(entry: str, world: Path) -> None:
    with pytest.raises(KustomizeError, match="remote files are not fetched") as caught:
        ours(world, f"resources: ['{entry}']\n")
    assert caught.value.unsupported
    assert "copy" in str(caught.value.hint)


def test_an_object_of_a_remote_base_comes_from_its_repository(world: Path) -> None:
    folder = folder_of(world, "resources: ['file://{where}/repo//other?ref=v1']\n")
    rendering = build(DirTree(folder), "", Options(remotes=Remotes(str(world / "cache"))))
    assert [str(one.origin.path) for one in rendering.objects] == [f"file://{world}/repo@v1//other/o.yaml"]


def test_files_in_git_lfs_are_refused_by_name(world: Path) -> None:
    with pytest.raises(KustomizeError, match="kept by Git LFS") as caught:
        ours(world, "resources: ['file://{where}/repo//lfs']\n")
    assert caught.value.unsupported


@pytest.mark.parametrize("url", ["../again", "file://{where}/again", "./../again"])
def test_submodules_are_read_as_the_real_tool_reads_them(
    url: str, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index, (key, value) in enumerate((("protocol.file.allow", "always"), ("advice.detachedHead", "false"))):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{index}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{index}", value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    repo = world / "repo"
    git(repo, "submodule", "--quiet", "add", f"file://{world}/again", "vendor/again")
    git(repo, "config", "-f", ".gitmodules", "submodule.vendor/again.url", url.replace("{where}", str(world)))
    write(repo, {"with/kustomization.yaml": "resources: [../vendor/again/other]\n"})
    commit(repo)
    text = "resources: ['file://{where}/repo//with', 'file://{where}/repo//base']\nnamePrefix: q-\n"
    real = theirs(world, text)
    assert real.returncode == 0, real.stderr
    assert ours(world, text) == real.stdout
    without = text.replace("//with", "//with?submodules=false")
    assert theirs(world, without).returncode != 0
    with pytest.raises(KustomizeError):
        ours(world, without)


def test_charts_of_a_remote_base_are_inflated(world: Path) -> None:
    write(
        world / "repo",
        {
            "chart/kustomization.yaml": "helmCharts: [{name: app, releaseName: r, valuesInline: {a: 2}}]\n",
            "chart/charts/app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.2.3\n",
            "chart/charts/app/values.yaml": "a: 1\n",
            "chart/charts/app/templates/a.yaml": CM.format("x") + "data: {a: {{ .Values.a | quote }}}\n",
        },
    )
    commit(world / "repo")
    text = "namespace: ns\nresources: ['file://{where}/repo//chart']\n"
    real = theirs(world, text, "--enable-helm", "--helm-command", str(helm()))
    assert real.returncode == 0, real.stderr
    assert ours(world, text, enable_helm=True, helm_command=str(helm())) == real.stdout
