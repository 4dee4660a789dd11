"""Folders in memory, the way a user would have them on disk, and the two builders that read them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.support.oracle import kustomize_build


def under(folder: str, files: dict[str, str]) -> dict[str, str]:
    """The files below a folder."""
    return {f"{folder}/{path}": text for path, text in files.items()}


def oracle(files: dict[str, str], *folders: str) -> list[str]:
    """What the real kubectl prints for folders of a tree."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            target = Path(root, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
        printed = []
        for folder in folders:
            done = kustomize_build(Path(root, folder))
            assert done.returncode == 0, done.stderr.decode()
            printed.append(done.stdout.decode())
        return printed
