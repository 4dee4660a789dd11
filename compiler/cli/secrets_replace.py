"""``compiler secrets renew`` and ``rotate``."""

from __future__ import annotations

import click

from compiler.cli.secrets_options import Session, finish, progress, session


@click.command()
@click.argument("overlays", nargs=-1, metavar="[OVERLAY…]")
@click.option("--all", "everything", is_flag=True, help="Renew every certificate, due or not.")
@session
def renew(session: Session, overlays: tuple[str, ...], everything: bool) -> int:
    """Issue certificates anew, with new keys, when a third of their life or less remains.

    \b
    Example:
      compiler secrets renew
      compiler secrets renew prod --all
    """
    from compiler.kustomize.tree import DirTree
    from compiler.secrets.replace import renew as run
    from compiler.workspace import secrets

    targets = secrets.targets(session.root, overlays)
    with secrets.exclusive(session.root), session.access() as access:
        outcome = run(DirTree(session.root), targets, access, everything=everything, progress=progress())
        finish(session, outcome)
    return 0


@click.command()
@click.argument("secret", metavar="ID")
@session
def rotate(session: Session, secret: str) -> int:
    """Make a generated password, key pair or certificate anew. Its pods restart with the next rollout.

    The database-field key is refused: it changes over several commits. The password of a database that holds data must
    be changed in the database as well.

    \b
    Example:
      compiler secrets rotate demo/pulp-admin-password
    """
    from compiler.kustomize.tree import DirTree
    from compiler.secrets.replace import rotate as run
    from compiler.workspace import secrets

    overlay = secret.rpartition("/")[0]
    targets = secrets.targets(session.root, [overlay] if overlay else [])
    with secrets.exclusive(session.root), session.access() as access:
        outcome = run(DirTree(session.root), targets, secret, access, progress=progress())
        finish(session, outcome)
    return 0
