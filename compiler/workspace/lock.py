"""``compiler.lock``: what the compiler wrote into a folder, one file a line so that merges stay readable."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree

NAME: Final = "compiler.lock"
_HEADER = "# Written by `compiler generate`: the compiler's version, and the SHA-256 of each file that it wrote here.\n"
_GENERATIONS = (
    "# The highest generation that pods were ever given of each Secret and CA bundle: none falls below it again.\n"
)


@dataclass(frozen=True, slots=True)
class Lock:
    """What was written.

    Args:
        compiler: version of the compiler.
        files: path relative to the folder to the SHA-256 of its contents, in hex.
        generations: name of a Secret or trust bundle to the highest generation that the folder was ever rendered with.
    """

    compiler: str
    files: Mapping[str, str]
    generations: Mapping[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """The lock as it stands in its file."""
        lines = [f"  {path}: {digest}\n" for path, digest in sorted(self.files.items())]
        text = f"{_HEADER}compiler: {self.compiler}\nfiles:\n{''.join(lines)}"
        if not self.generations:
            return text
        lines = [f"  {name}: {number}\n" for name, number in sorted(self.generations.items())]
        return f"{text}{_GENERATIONS}generations:\n{''.join(lines)}"


def digest(contents: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(contents).hexdigest()


def read_lock(tree: Tree, folder: str) -> Lock | None:
    """The lock of a folder, None when there is none.

    Raises:
        CompilerError: it is malformed, or names a file that the compiler never writes.
    """
    path = f"{folder}/{NAME}"
    if not tree.is_file(path):
        return None
    import yaml

    try:
        loaded = yaml.load(tree.read(path), Loader=yaml.BaseLoader)  # noqa: S506 - the base loader makes texts only
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        loaded = None
    files = loaded.get("files") if isinstance(loaded, dict) else None
    version = loaded.get("compiler") if isinstance(loaded, dict) else None
    if not isinstance(version, str) or not isinstance(files, dict | str):
        raise CompilerError(
            "this is not what `compiler generate` wrote",
            origin=Origin(path),
            hint="after a merge: take either side whole, then run `compiler generate --force`",
        )
    entries = files if isinstance(files, dict) else {}
    for name, value in entries.items():
        if not ours(name) or not isinstance(value, str):
            raise CompilerError(f"the compiler writes no file {name}", origin=Origin(path), hint="remove the line")
    return Lock(version, entries, _generations(path, loaded.get("generations", {})))


def _generations(path: str, written: object) -> Mapping[str, int]:
    numbers = written if isinstance(written, dict) else None if written else {}
    if numbers is None or not all(isinstance(one, str) and one.isascii() and one.isdigit() for one in numbers.values()):
        raise CompilerError(
            "the generations are not what `compiler generate` wrote",
            origin=Origin(path, field="generations"),
            hint="after a merge: take the higher number of each line",
        )
    return {name: int(number) for name, number in numbers.items()}


def ours(name: str) -> bool:
    """Whether a path relative to a folder is one that the compiler may write: never the spec, never ``custom/``."""
    parts = PurePosixPath(name).parts
    if len(parts) == 1:
        return name == "kustomization.yaml"
    return (
        bool(parts)
        and parts[0] in ("resources", "patches", "files", "delivery")
        and ".." not in parts
        and PurePosixPath(name).as_posix() == name
    )
