"""Opens the sops-sealed Secrets of a rendering, as Flux does before it applies one. In memory only."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.podrunner.objects import Loader, RunnerError


def unseal(rendering: str, identity: str) -> str:
    """The rendering with every sops document opened by the real sops.

    The MAC is ignored, as Flux's kustomize-controller does: an overlay may have put labels on the sealed object.

    Args:
        rendering: YAML documents.
        identity: an age identity (``AGE-SECRET-KEY-1…``); reaches sops through an unnamed file in memory.

    Raises:
        RunnerError: sops cannot open a document.
    """
    documents = [item for item in yaml.load_all(rendering, Loader=Loader) if item]
    if not any("sops" in item for item in documents):
        return rendering
    plain = []
    for text, item in zip(_split(rendering), documents, strict=True):
        plain.append(json.dumps(_open(item, identity)) + "\n" if "sops" in item else text)
    return "---\n".join(plain)


def _split(rendering: str) -> list[str]:
    parts = [part for part in ("\n" + rendering).split("\n---") if part.strip()]
    return [part.strip("\n") + "\n" for part in parts]


def _open(document: dict[str, Any], identity: str) -> dict[str, Any]:
    read = os.memfd_create("identity")  # sops opens it once per recipient
    os.write(read, identity.encode())
    command = [sops(), "decrypt", "--ignore-mac", "--input-type", "json", "--output-type", "json"]
    try:
        done = subprocess.run(
            [*command, "--filename-override", "secret.json"],
            input=json.dumps(document).encode(),
            capture_output=True,
            pass_fds=(read,),
            env={"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent", "SOPS_AGE_KEY_FILE": f"/dev/fd/{read}"},
            check=False,
        )
    finally:
        os.close(read)
    if done.returncode:
        name = document.get("metadata", {}).get("name")
        raise RunnerError(f"sops cannot open Secret {name}: {done.stderr.decode(errors='replace').strip()}")
    return dict(json.loads(done.stdout))


def sops() -> str:
    """The sops beside this interpreter, else on PATH."""
    beside = Path(sys.executable).with_name("sops")
    found = str(beside) if beside.exists() else shutil.which("sops")
    if not found:
        raise RunnerError("sops is not installed")
    return found
