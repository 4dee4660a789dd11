"""A Git revision as a tree, read from the object store without a checkout."""

from __future__ import annotations

import errno
import os
import posixpath
import subprocess
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from compiler.kustomize.tree import MAX_FILE, link_out

_MAX_LINKS = 40


class GitError(OSError):
    """Git is missing, there is no such repository or revision, or an object cannot be read."""


class _Entry(NamedTuple):
    mode: str
    blob: str


class GitTree:
    """A revision of a repository.

    Args:
        repo: a folder inside the repository.
        rev: a commit, tag, branch or ``commit:folder``, as ``git rev-parse`` reads it.

    Raises:
        GitError: there is no such repository or revision.
    """

    def __init__(self, repo: Path | str, rev: str) -> None:
        self.repo = Path(repo)
        self.rev = rev
        if rev.startswith("-"):
            raise GitError(f"not a revision: {rev}")
        # In ``commit:folder`` everything behind the colon is a path, so that is resolved to an object first.
        self.commit = self._parse(f"{self._parse(rev) if ':' in rev else rev}^{{tree}}")
        self._batch: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        self._blobs: dict[str, bytes] = {}

    def _parse(self, name: str) -> str:
        return self._run("rev-parse", "--verify", "--quiet", "--end-of-options", name).decode().strip()

    def __enter__(self) -> GitTree:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """End the reading process."""
        batch = getattr(self, "_batch", None)
        if batch is not None and self._owner == os.getpid():  # a fork has the pipes, but not the process behind them
            self._batch = None
            for stream in (batch.stdin, batch.stdout):
                if stream is not None:
                    stream.close()
            batch.wait()

    def _command(self, *arguments: str) -> list[str]:
        return ["git", "--no-replace-objects", "-C", str(self.repo), *arguments]

    def _run(self, *arguments: str) -> bytes:
        try:
            done = subprocess.run(
                self._command(*arguments),
                capture_output=True,
                check=False,
                env=_environment(),
                stdin=subprocess.DEVNULL,
            )
        except FileNotFoundError:
            raise GitError("git is not installed") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise GitError(said or f"{self.repo}: no such revision: {self.rev}")
        return done.stdout

    @cached_property
    def _entries(self) -> dict[str, _Entry]:
        listed = self._run("ls-tree", "-r", "-z", "--full-tree", self.commit)
        entries: dict[str, _Entry] = {}
        for line in listed.split(b"\0"):
            if line:
                facts, _, name = line.partition(b"\t")
                mode, _, blob = facts.split(b" ")
                entries[name.decode("utf-8", "surrogateescape")] = _Entry(mode.decode(), blob.decode())
        return entries

    @cached_property
    def _folders(self) -> dict[str, set[str]]:
        folders: dict[str, set[str]] = {"": set()}
        for path in self._entries:
            folder, name = posixpath.split(path)
            while True:
                known = folder in folders
                folders.setdefault(folder, set()).add(name)
                if known or not folder:
                    break
                folder, name = posixpath.split(folder)
        return folders

    @cached_property
    def _has_links(self) -> bool:
        return any(entry.mode == "120000" for entry in self._entries.values())

    def submodules(self) -> dict[str, tuple[str, str | None]]:
        """The commit of each submodule, by its path, and the URL that ``.gitmodules`` gives it."""
        commits = {path: entry.blob for path, entry in self._entries.items() if entry.mode == "160000"}
        if not commits or ".gitmodules" not in self._entries:
            return {path: (commit, None) for path, commit in commits.items()}
        listed = self._run("config", "--list", "-z", f"--blob={self.commit}:.gitmodules")
        values = dict(entry.partition("\n")[::2] for entry in listed.decode("utf-8", "surrogateescape").split("\0"))
        urls = {
            path: values.get(f"{key.removesuffix('path')}url")
            for key, path in values.items()
            if key.startswith("submodule.") and key.endswith(".path")
        }
        return {path: (commit, urls.get(path)) for path, commit in commits.items()}

    def resolve(self, path: str) -> str:
        """The path after links.

        Raises:
            PermissionError: it leads out of the tree, or in circles.
        """
        if not self._has_links:
            return path
        done: list[str] = []
        todo = [part for part in path.split("/") if part]
        links = 0
        while todo:
            part = todo.pop(0)
            if part == "..":
                if not done:
                    raise link_out(path, "the tree")
                done.pop()
                continue
            if part == ".":
                continue
            done.append(part)
            entry = self._entries.get("/".join(done))
            if entry is not None and entry.mode == "120000":
                links += 1
                target = self._blob(entry.blob).decode("utf-8", "surrogateescape")
                if links > _MAX_LINKS or target.startswith("/"):
                    raise link_out(path, "the tree or in circles")
                done.pop()
                todo = target.split("/") + todo
        return "/".join(done)

    def read(self, path: str) -> bytes:
        """The bytes of a file; FileNotFoundError when there is none."""
        entry = self._entries.get(self.resolve(path))
        if entry is None or entry.mode == "160000":
            raise FileNotFoundError(path)
        return self._blob(entry.blob)

    def is_file(self, path: str) -> bool:
        """Whether there is such a file."""
        entry = self._entries.get(self._safe(path))
        return entry is not None and entry.mode != "160000"

    def is_dir(self, path: str) -> bool:
        """Whether a file lies below."""
        return self._safe(path) in self._folders

    def listdir(self, path: str) -> list[str]:
        """The names in a folder, sorted."""
        names = self._folders.get(self.resolve(path))
        if names is None:
            raise FileNotFoundError(path)
        return sorted(names)

    def _safe(self, path: str) -> str:
        try:
            return self.resolve(path)
        except PermissionError:
            return "\0"

    def _blob(self, name: str) -> bytes:
        known = self._blobs.get(name)
        if known is not None:
            return known
        if self._batch is None:
            self._batch = subprocess.Popen(
                self._command("cat-file", "--batch"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
            )
        assert self._batch.stdin is not None  # noqa: S101 - a pipe
        assert self._batch.stdout is not None  # noqa: S101 - a pipe
        self._batch.stdin.write(name.encode() + b"\n")
        self._batch.stdin.flush()
        header = self._batch.stdout.readline().split()
        if len(header) != 3:
            raise GitError(f"cannot read object {name} of {self.rev}")
        size = int(header[2])
        if size > MAX_FILE:
            self.close()
            raise GitError(errno.EFBIG, f"{size:,} bytes are larger than the limit of {MAX_FILE:,} bytes")
        content = self._batch.stdout.read(size)
        self._batch.stdout.read(1)
        self._blobs[name] = content
        return content


def _environment() -> dict[str, str]:
    """Git's own environment, without what would point it at another repository or a prompt."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "XDG_CONFIG_HOME")}
    return {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
