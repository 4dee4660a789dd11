"""Remote bases: that git fetches them once, at a commit, and what never happens on the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compiler.kustomize import DirTree, KustomizeError, Options, Remotes, build, build_url
from tests.support.oracle import helm, kubectl

ROOT = Path(__file__).resolve().parents[2]
CM = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\n"
BASE = {
    "base/kustomization.yaml": "resources: [r.yaml, ../other]\nconfigMapGenerator: [{name: g, files: [f.txt]}]\n",
    "base/f.txt": "hello\n",
    "base/r.yaml": CM.format("a"),
    "other/kustomization.yaml": "resources: [o.yaml]\nnamePrefix: x-\n",
    "other/o.yaml": CM.format("o"),
    "comp/kustomization.yaml": "kind: Component\nnameSuffix: -c\n",
    "deep/kustomization.yaml": "resources: ['file://{where}/again//other?ref=v1', ../base]\n",
    "self/kustomization.yaml": "buildMetadata: [originAnnotations, transformerAnnotations]\nnamePrefix: s-\n"
    "resources: ['file://{where}/repo//other?ref=v1', ../base2, own]\n",
    "self/own/kustomization.yaml": "resources: [r.yaml]\nnameSuffix: -own\n",
    "base2/kustomization.yaml": "resources: [r.yaml]\nnameSuffix: '-2'\n",
    "base2/r.yaml": CM.format("b"),
    "self/own/r.yaml": CM.format("r"),
    "up/kustomization.yaml": "resources: [../../x]\n",
    "sec/kustomization.yaml": "resources: [../base/r.yaml]\n",
    "link/kustomization.yaml": "resources: [r.yaml]\n",
    "round/kustomization.yaml": "resources: ['file://{where}/repo//round?ref=v1']\n",
    "lfs/kustomization.yaml": "configMapGenerator: [{name: g, files: [big]}]\n",
    "lfs/big": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
    "kustomization.yaml": "resources: [base]\nnamePrefix: root-\nimages: []\n",
}


def git(folder: Path, *arguments: str) -> str:
    """Run git in a repository; what it prints."""
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def repository(folder: Path, files: dict[str, str]) -> Path:
    """A repository with one commit, tagged v1."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    write(folder, files)
    commit(folder)
    git(folder, "tag", "-a", "v1", "-m", "v1")
    return folder


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content.replace("{where}", str(folder.parent)))


def commit(folder: Path) -> str:
    """Commit everything; the commit."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two repositories, and nobody's configuration of git."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "home").mkdir()
    repo = repository(tmp_path / "repo", {**BASE, "only-v1/kustomization.yaml": "namePrefix: a\n"})
    (repo / "link/r.yaml").symlink_to("../base/r.yaml")
    (repo / "out").symlink_to("/etc")
    write(repo, {"base/f.txt": "later\n"})
    commit(repo)
    repository(
        tmp_path / "again", {"other/kustomization.yaml": "resources: [o.yaml]\n", "other/o.yaml": CM.format("p")}
    )
    return tmp_path


def folder_of(world: Path, text: str) -> Path:
    """A folder with a kustomization."""
    (world / "k").mkdir(exist_ok=True)
    (world / "k/kustomization.yaml").write_text(text.replace("{where}", str(world)))
    return world / "k"


def ours(world: Path, text: str, **options: object) -> str:
    """What we build."""
    remotes = Remotes(str(world / "cache/compiler/git"))
    folder = folder_of(world, text)
    return build(DirTree(folder), "", Options(remotes=remotes, **options)).text  # type: ignore[arg-type]


def theirs(world: Path, text: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """What the real tool does."""
    command = [str(kubectl()), "kustomize", str(folder_of(world, text)), *flags]
    return subprocess.run(command, capture_output=True, text=True, check=False)


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


def test_without_the_flag_nothing_is_run(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    folder = folder_of(world, "resources: ['file://{where}/repo//base']\n")
    with pytest.raises(KustomizeError, match="remote resources are not fetched") as caught:
        build(DirTree(folder), "")
    assert caught.value.unsupported
    assert "--allow-remote" in str(caught.value)


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


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("file://{where}/repo//base?ref=--upload-pack=touch ran", "is no branch, tag or commit"),
        ("file://{where}/repo//base?ref=-x", "is no branch, tag or commit"),
        ("file://{where}/repo//base?ref=main:refs/heads/x", "is no branch, tag or commit"),
        ("file://{where}/repo//base?ref=a..b", "is no branch, tag or commit"),
        ("https://user:secret@host.xz/org/repo//base", "a password in the URL of https://host.xz/org/repo"),
        ("https://host.xz/org/re po//base", "is no URL"),
    ],
)
def test_what_git_could_misread_is_refused(entry: str, said: str, world: Path) -> None:
    with pytest.raises(KustomizeError) as caught:
        ours(world, f"resources: ['{entry}']\n")
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_pinned_base_needs_no_repository_once_it_is_cached(world: Path) -> None:
    pin = git(world / "repo", "rev-parse", "v1^{commit}")
    text = f"resources: ['file://{{where}}/repo//base?ref={pin}']\n"
    before = ours(world, text)
    shutil.rmtree(world / "repo")
    assert ours(world, text) == before
    with pytest.raises(KustomizeError, match="failed to run 'git fetch") as caught:
        ours(world, text.replace(pin, "v1"))
    assert caught.value.world


def test_a_branch_that_moves_is_seen_and_a_commit_stays(world: Path) -> None:
    pin = git(world / "repo", "rev-parse", "main")
    moving, pinned = (f"resources: ['file://{{where}}/repo//base?ref={ref}']\n" for ref in ("main", pin))
    before = ours(world, moving)
    assert ours(world, pinned) == before
    write(world / "repo", {"base/f.txt": "newest\n"})
    commit(world / "repo")
    assert "newest" in ours(world, moving)
    assert ours(world, pinned) == before


def test_the_commit_that_a_ref_meant_is_told_and_a_pin_says_nothing(world: Path) -> None:
    pin = git(world / "repo", "rev-parse", "v1^{commit}")
    remotes = Remotes(str(world / "cache"))
    folder = folder_of(world, "resources: ['file://{where}/repo//base?ref=v1']\n")
    told = build(DirTree(folder), "", Options(remotes=remotes)).warnings
    assert told == (f"# file://{world}/repo: v1 is {pin}; ?ref={pin} pins it",)
    folder_of(world, f"resources: ['file://{{where}}/repo//base?ref={pin}']\n")
    assert build(DirTree(folder), "", Options(remotes=remotes)).warnings == ()


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


def test_no_hook_and_no_program_of_a_url_is_run(world: Path) -> None:
    hooks = world / "hooks"
    hooks.mkdir()
    for name in ("reference-transaction", "post-checkout", "post-merge", "pre-auto-gc"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {world}/ran\n")
        (hooks / name).chmod(0o755)
    (world / "home/.gitconfig").write_text(
        f'[core]\n\thooksPath = {hooks}\n[init]\n\ttemplateDir = {hooks}\n[url "ext::sh -c touch% {world}/ran% "]\n'
        "\tinsteadOf = https://host.xz/\n[protocol]\n\tallow = always\n"
    )
    assert "name: x-o" in ours(world, "resources: ['file://{where}/repo//other']\n")
    with pytest.raises(KustomizeError, match="transport 'ext' not allowed"):
        ours(world, "resources: ['https://host.xz/org/repo//base']\n")
    assert not (world / "ran").exists()


def test_a_fetch_that_takes_too_long_ends_and_leaves_nothing(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = world / "bin"
    fake.mkdir()
    (fake / "git").write_text(f'#!/bin/sh\ncase "$*" in *" fetch "*) sleep 60 & echo $! > {world}/pid; wait;; esac\n')
    (fake / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake}:/usr/bin:/bin")
    with pytest.raises(KustomizeError, match="hit 1s timeout running 'git fetch") as caught:
        ours(world, "resources: ['file://{where}/repo//base?timeout=1']\n")
    assert caught.value.world
    assert not [path for path in (world / "cache").rglob("*") if path.is_file()]
    state = Path(f"/proc/{(world / 'pid').read_text().strip()}/stat")
    assert not state.exists() or state.read_text().split(") ")[1][0] == "Z"


def test_processes_that_fetch_at_once_share_one_entry(world: Path) -> None:
    folder = folder_of(world, "resources: ['file://{where}/repo//base?ref=v1']\n")
    command = [sys.executable, "-m", "compiler", "build", "--allow-remote", str(folder)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(4)
    ]
    outputs = {one.communicate(timeout=60)[0] for one in running}
    assert [one.returncode for one in running] == [0] * 4
    assert len(outputs) == 1
    (shelf,) = (world / "cache/compiler/git").iterdir()
    assert [path.name for path in shelf.iterdir()] == [git(world / "repo", "rev-parse", "v1^{commit}")]


def test_the_command_tells_the_pin_and_that_the_world_failed(world: Path) -> None:
    folder = folder_of(world, "resources: ['file://{where}/repo//base?ref=v1']\n")

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "compiler", "build", *options, str(folder)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=world, env={**os.environ})

    refused = run()
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--allow-remote" in refused.stderr
    done = run("--allow-remote")
    assert done.returncode == 0
    assert f"# file://{world}/repo: v1 is " in done.stderr
    shutil.rmtree(world / "repo")
    failed = run("--allow-remote")
    assert (failed.returncode, failed.stdout) == (3, "")


def test_a_fetch_that_fails_leaves_nothing_in_the_cache(world: Path) -> None:
    with pytest.raises(KustomizeError, match="failed to run"):
        ours(world, "resources: ['file://{where}/nowhere//base?ref=v1']\n")
    with pytest.raises(KustomizeError, match="failed to run"):
        ours(world, "resources: ['file://{where}/repo//base?ref=none']\n")
    assert list((world / "cache/compiler/git").iterdir()) == []
