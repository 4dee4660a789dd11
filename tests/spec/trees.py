"""A tree in memory for the tests of this room."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from compiler.spec import Cache, EffectiveSpec, load

BASE = """\
name: pulp
pulp:
  version: "3.85"
  plugins: [file, rpm]
"""

PROD = """\
extends: ../../base/pulp
environment: production
namespace: pulp
host: pulp.example.com
database:
  external: {host: db.example.com}
cache:
  external: {host: redis.example.com}
storage:
  s3: {bucket: pulp-prod}
"""

DEMO = """\
extends: ../../base/pulp
environment: demo
namespace: pulp-demo
host: pulp.localhost
"""


@dataclass
class Files:
    """Files by path; ``reads`` counts how often each was read."""

    files: Mapping[str, bytes]

    def __post_init__(self) -> None:
        self.reads: dict[str, int] = {}

    def read(self, path: str) -> bytes:
        self.reads[path] = self.reads.get(path, 0) + 1
        if path not in self.files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.files[path]

    def is_file(self, path: str) -> bool:
        return path in self.files

    def is_dir(self, path: str) -> bool:
        return any(name.startswith(f"{path}/" if path else "") for name in self.files)

    def listdir(self, path: str) -> list[str]:
        start = f"{path}/" if path else ""
        return sorted({name[len(start) :].split("/")[0] for name in self.files if name.startswith(start)})


def tree(files: Mapping[str, str | bytes]) -> Files:
    """Files from text (dedented) or bytes."""
    return Files(
        {path: text if isinstance(text, bytes) else textwrap.dedent(text).encode() for path, text in files.items()}
    )


def repo(**overlays: str) -> Files:
    """``base/pulp`` and an overlay for each argument (``_`` in a name becomes ``-``)."""
    return tree(
        {"base/pulp/pulp.yaml": BASE}
        | {f"overlays/{name.replace('_', '-')}/pulp.yaml": text for name, text in overlays.items()}
    )


def load_one(text: str, cache: Cache | None = None) -> EffectiveSpec:
    """The effective spec of one overlay over ``base/pulp``."""
    return load(repo(one=text), "overlays/one", cache)
