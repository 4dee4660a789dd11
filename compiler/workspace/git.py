"""Revisions of the repository's own Git, through the ``git`` that everyone has. Reading files is GitTree's job."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from compiler.errors import CompilerError, WorldError

MAIN_BRANCHES = ("refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/heads/main", "refs/heads/master")
"""Where the main branch is looked for, in this order."""

_KEPT = ("PATH", "HOME", "XDG_CONFIG_HOME", "SYSTEMROOT")
_TIMEOUT = 120


@dataclass(frozen=True, slots=True)
class Repository:
    """A Git repository with a working tree.

    Args:
        root: the top of the working tree.
    """

    root: Path

    def commit(self, rev: str) -> str | None:
        """The commit that ``rev`` names, 40 or 64 hexadecimal digits, or ``None``."""
        if rev.startswith("-") or not rev or "\0" in rev:
            return None
        return _line(self.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}")

    def tree(self, commit: str, folder: str) -> str | None:
        """The id of a folder of a commit (``""`` is its root), or ``None`` when the commit has no such folder."""
        name = f"{commit}:{folder}" if folder else f"{commit}^{{tree}}"
        found = _line(self.root, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
        return found if found and _line(self.root, "cat-file", "-t", found) == "tree" else None

    def main_branch(self) -> str | None:
        """The full name of the main branch, or ``None``."""
        return next((name for name in MAIN_BRANCHES if self.commit(name)), None)

    def merge_base(self, one: str, other: str) -> str:
        """The best common ancestor of two revisions.

        Raises:
            CompilerError: they have none, or the history here does not reach back to it.
        """
        found = _line(self.root, "merge-base", "--end-of-options", one, other)
        if found is None:
            shallow = _line(self.root, "rev-parse", "--is-shallow-repository") == "true"
            raise CompilerError(
                f"{short_name(one)} and {short_name(other)} have no common ancestor"
                + (" in this shallow clone" if shallow else ""),
                hint="fetch the whole history (`git fetch --unshallow`, in a workflow `fetch-depth: 0`)"
                if shallow
                else "name the revision to compare with",
            )
        return found

    def folder(self, path: Path) -> str:
        """``path`` relative to the root, POSIX, ``""`` for the root itself."""
        inside = os.path.relpath(os.path.realpath(path), os.path.realpath(self.root))
        return "" if inside == "." else Path(inside).as_posix()


def find(start: Path) -> Repository:
    """The repository that ``start`` is in.

    Raises:
        CompilerError: it is in none.
        WorldError: git is not installed, or refuses the repository.
    """
    done = _git(start, "rev-parse", "--show-toplevel")
    if done.returncode == 0:
        return Repository(Path(done.stdout.rstrip("\n")))
    if "not a git repository" in done.stderr:
        raise CompilerError(
            f"{start} is in no Git repository, so there is no revision to compare with",
            hint="run `git init` and commit",
        )
    raise WorldError(f"git refuses {start}: {done.stderr.strip()}")


def short_name(rev: str) -> str:
    """A revision as a person would write it: a branch without its prefix, a commit by 12 digits."""
    for prefix in ("refs/heads/", "refs/remotes/", "refs/tags/"):
        if rev.startswith(prefix):
            return rev.removeprefix(prefix)
    return rev[:12] if len(rev) in (40, 64) and set(rev) <= set("0123456789abcdef") else rev


def _line(folder: Path, *arguments: str) -> str | None:
    done = _git(folder, *arguments)
    return done.stdout.split("\n", 1)[0] if done.returncode == 0 else None


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git without what would point it at another repository, page, colour or ask."""
    environment = {name: value for name, value in os.environ.items() if name in _KEPT}
    environment |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        return subprocess.run(
            ["git", "--no-replace-objects", "-C", str(folder), *arguments],
            capture_output=True,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=_TIMEOUT,
        )
    except FileNotFoundError:
        raise WorldError("git is not installed", hint="install git, or put it on PATH") from None
    except subprocess.TimeoutExpired:
        raise WorldError(f"git {arguments[0]} did not end within {_TIMEOUT} s") from None
