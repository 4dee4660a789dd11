"""``compiler secrets guard``: no plaintext in a commit."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler import inputs
from compiler.cli.secrets_options import find_root
from compiler.errors import CompilerError
from compiler.printable import printable

if TYPE_CHECKING:
    from compiler.secrets.guard import Leak


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE…]")
@click.option(
    "--history", is_flag=True, help="Look through every version of every file in Git's history, and its messages."
)
@click.option("--exclude", multiple=True, metavar="GLOB", help="Pass over these paths (* matches / too).")
def guard(files: tuple[Path, ...], history: bool, exclude: tuple[str, ...]) -> int:
    """Look for secrets in clear: in FILEs, or in every file that Git tracks or would track. Exit 1 when there are any.

    It knows what a Secret and our sealed forms look like, and looks for private keys in everything else. Values are
    never printed.

    \b
    Example:
      compiler secrets guard
      compiler secrets guard --history --exclude 'tests/*'
      compiler secrets guard overlays/demo/custom/extra.yaml
    """
    from compiler.secrets.guard import scan
    from compiler.workspace import secrets

    root = _root(needed=history or not files)
    known, found = _recorded(root) if root is not None else ({}, set())
    sources: list[tuple[Iterator[tuple[str, bytes]], Mapping[str, str]]] = [
        (_named(files), _by_name(files, root, known))
    ]
    if root is not None and not files:
        sources.append((secrets.tracked(root), known))
    if root is not None and history:
        sources.append((secrets.history(root), {}))
    found |= {
        leak
        for source, sealed in sources
        for path, content in source
        if not any(fnmatch.fnmatchcase(path, pattern) for pattern in exclude)
        for leak in scan(path, content, sealed)
    }
    leaks = sorted(found)
    for leak in leaks:
        place = printable(leak.path) + (f":{leak.line}" if leak.line else "")
        click.echo(f"{place}: {printable(leak.message)}")
    click.echo(f"guard: {len(leaks)} found" if leaks else "guard: nothing in clear", err=True)
    return 1 if leaks else 0


def _root(*, needed: bool) -> Path | None:
    """The repository, which named files alone do without."""
    try:
        return find_root()
    except CompilerError:
        if needed:
            raise
        return None


def _by_name(files: Sequence[Path], root: Path | None, known: Mapping[str, str]) -> Mapping[str, str]:
    """``known`` by the names that files were given with."""
    if root is None:
        return {}
    places = {str(file): os.path.relpath(os.path.realpath(file), os.path.realpath(root)) for file in files}
    return {name: known[place] for name, place in places.items() if place in known}


def _recorded(root: Path) -> tuple[Mapping[str, str], set[Leak]]:
    """What was sealed, by the lock. A lock that cannot be read is to be seen, and keeps nothing from being scanned."""
    from compiler.kustomize.tree import DirTree
    from compiler.secrets.guard import Leak, recorded
    from compiler.secrets.layout import LOCK

    try:
        return recorded(DirTree(root)), set()
    except CompilerError:
        return {}, {Leak(LOCK, 0, "the lock cannot be read, so no sealed file was compared with it")}


def _named(files: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    for file in files:
        yield str(file), inputs.read(file, "the file", largest=None)
