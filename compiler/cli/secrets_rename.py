"""``compiler secrets rename``."""

from __future__ import annotations

import click

from compiler.cli.secrets_options import Session, finish, progress, session


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@session
def rename(session: Session, old: str, new: str) -> int:
    """Move the secrets of the overlay OLD to NEW after its folder was renamed. No value, key or CA is made anew.

    \b
    Example:
      git mv overlays/demo overlays/dev
      compiler secrets rename demo dev
      compiler generate
    """
    from compiler.secrets.rename import rename as run
    from compiler.workspace import secrets

    targets = secrets.targets(session.root)
    with secrets.exclusive(session.root) as tree, session.access() as access:
        outcome = run(tree, targets, old, new, access, progress=progress())
        finish(session, tree, outcome, quiet=True)
    click.echo("what else its spec changed: compiler secrets ensure", err=True)
    return 0
