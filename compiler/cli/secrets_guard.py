"""``compiler secrets guard``: no plaintext in a commit."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from compiler import inputs
from compiler.cli.secrets_options import find_root
from compiler.printable import printable


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
    from compiler.kustomize.tree import DirTree
    from compiler.secrets.guard import recorded, scan
    from compiler.workspace import secrets

    root = None if files and not history else find_root()
    sources: list[tuple[Iterator[tuple[str, bytes]], Mapping[str, str]]] = [(_named(files), {})]
    if root is not None and not files:
        sources.append((secrets.tracked(root), recorded(DirTree(root))))
    if root is not None and history:
        sources.append((secrets.history(root), {}))
    found = {
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


def _named(files: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    for file in files:
        yield str(file), inputs.read(file, "the file", largest=None)
