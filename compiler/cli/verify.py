"""``compiler build --verify``: the same rendering by a kustomize or kubectl on PATH, compared byte for byte."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence

from compiler.errors import WorldError


def verify(renderings: Mapping[str, str], flags: Sequence[str] = ()) -> str | None:
    """Compare renderings with the real tool's.

    Args:
        renderings: our text by path.
        flags: what else the real tool is to be given.

    Returns:
        What differs, None when everything is equal.

    Raises:
        WorldError: there is no such tool, or it cannot be run.
    """
    tool = shutil.which("kustomize") or shutil.which("kubectl")
    if tool is None:
        raise WorldError(
            "--verify needs kustomize or kubectl on PATH, and finds neither",
            hint="install kustomize 5.8.1, or a kubectl that has it in `kubectl kustomize`",
        )
    command = [tool, "kustomize"] if tool.endswith("kubectl") else [tool, "build"]
    versions = f"compiler {_own_version()} against {_version(tool)}"
    for path, text in renderings.items():
        done = _ran([*command, *flags, path])
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()
            return f"{path}: the real tool refuses what we render ({versions}): {said}"
        ours = text.encode("utf-8", "surrogatepass")
        if ours != done.stdout:
            return f"{path}: {_difference(ours, done.stdout)} ({versions})"
    return None


def _difference(ours: bytes, theirs: bytes) -> str:
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
    line = ours.count(b"\n", 0, at) + 1
    mine, other = (
        text[text.rfind(b"\n", 0, at) + 1 :].split(b"\n")[0].decode("utf-8", "replace") for text in (ours, theirs)
    )
    return f"differs at byte {at}, line {line}: ours {mine!r}, theirs {other!r}"


def _own_version() -> str:
    from compiler.version import __version__

    return __version__


def _version(tool: str) -> str:
    arguments = ["version", "--client"] if tool.endswith("kubectl") else ["version"]
    done = _ran([tool, *arguments])
    return f"{tool.rpartition('/')[2]} ({' '.join(done.stdout.decode('utf-8', 'replace').split())})"


def _ran(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise WorldError(f"{command[0]} cannot be run: {error.strerror}") from error
