"""Repositories that the tests of remote bases fetch from, and what we and the real tool build of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from compiler.kustomize import DirTree, Options, Remotes, build
from tests.support.oracle import kubectl

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
