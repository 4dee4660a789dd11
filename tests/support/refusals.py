"""What the tests of the engine's errors share: an object, and the error that a build ends with."""

from __future__ import annotations

import pytest

from compiler.kustomize import KustomizeError, MemoryTree, build

CM = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"


def refuse(files: dict[str, str | bytes], folder: str = "top") -> KustomizeError:
    """The error that building a folder ends with."""
    with pytest.raises(KustomizeError) as caught:
        build(MemoryTree({f"top/{path}": content for path, content in files.items()}), folder)
    return caught.value
