"""``compiler build --verify``: the same rendering by a kustomize or kubectl on PATH, compared byte for byte."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence


def verify(renderings: Mapping[str, str], flags: Sequence[str] = ()) -> str | None:
    """Compare renderings with the real tool's.

    Args:
        renderings: our text by path.
        flags: what else the real tool is to be given.

    Returns:
        What differs or hinders, None when everything is equal.
    """
    tool = shutil.which("kustomize") or shutil.which("kubectl")
    if tool is None:
        return "--verify needs kustomize or kubectl on PATH"
    command = [tool, "kustomize"] if tool.endswith("kubectl") else [tool, "build"]
    versions = f"compiler {_own_version()} against {_version(tool)}"
    for path, text in renderings.items():
        done = subprocess.run([*command, *flags, path], capture_output=True, check=False)
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
    done = subprocess.run([tool, *arguments], capture_output=True, check=False)
    return f"{tool.rpartition('/')[2]} ({' '.join(done.stdout.decode('utf-8', 'replace').split())})"
