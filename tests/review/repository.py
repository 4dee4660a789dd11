"""A small repository with two overlays over one base, in Git, for the tests of ``compiler diff``."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

BASE = {
    ".compiler.yaml": "version: 0.1.0\n",
    "base/app/kustomization.yaml": "resources: [deployment.yaml]\n"
    "configMapGenerator: [{name: settings, files: [settings.py]}]\n",
    "base/app/settings.py": "A = 1\nB = 2\n",
    "base/app/deployment.yaml": """apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 1
  template:
    spec:
      containers: [{name: api, image: "example.com/app:1"}]
      volumes: [{name: settings, configMap: {name: settings}}]
""",
    "overlays/demo/kustomization.yaml": "namespace: demo\nresources: [../../base/app]\n",
    "overlays/prod/kustomization.yaml": "namespace: prod\nresources: [../../base/app]\n",
}


def git(folder: Path, *arguments: str) -> str:
    """Run git with an identity of its own, whatever the machine's configuration."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"]
    done = subprocess.run(
        ["git", *identity, "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    return done.stdout.strip()


def write(folder: Path, files: Mapping[str, str | None]) -> None:
    """Write files; None deletes."""
    for path, content in files.items():
        place = folder / path
        if content is None:
            place.unlink()
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content, "utf-8")


def commit(folder: Path, files: Mapping[str, str | None], message: str = "change") -> str:
    """Write files and commit everything; the new commit."""
    write(folder, files)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def create(folder: Path, files: Mapping[str, str | None] = BASE) -> Path:
    """A repository on branch main with one commit."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet")
    commit(folder, files)
    return folder
