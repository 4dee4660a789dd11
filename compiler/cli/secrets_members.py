"""``compiler secrets recipients``, ``rekey`` and ``reseal``."""

from __future__ import annotations

import click

from compiler.cli.secrets_options import Session, finish, progress, session
from compiler.printable import printable


@click.group()
def recipients() -> None:
    """Add and remove people, pipelines and clusters.

    \b
    Example:
      compiler secrets recipients add admin age1…
      compiler secrets recipients remove age1…
    """


@recipients.command()
@click.argument("group", metavar="GROUP")
@click.argument("recipient", metavar="age1…")
@session
def add(session: Session, group: str, recipient: str) -> int:
    """Add a public key to GROUP (admin, ci, cluster-OVERLAY) and seal for it whatever the group opens.

    \b
    Example:
      compiler secrets recipients add admin age1…
    """
    from compiler.secrets import membership
    from compiler.workspace import secrets

    targets = secrets.targets(session.root)
    with secrets.exclusive(session.root) as tree, session.access() as access:
        outcome = membership.add(tree, targets, group, recipient, access, progress=progress())
        finish(session, tree, outcome, quiet=True)
    return 0


@recipients.command()
@click.argument("recipient", metavar="age1…")
@click.option("--group", metavar="GROUP", help="From this group only.")
@session
def remove(session: Session, recipient: str, group: str | None) -> int:
    """Remove a public key and seal anew what it could open; then list what it has seen and must be replaced.

    Exit 1 when there is anything to replace.

    \b
    Example:
      compiler secrets recipients remove age1…
    """
    from compiler.secrets import membership
    from compiler.workspace import secrets

    targets = secrets.targets(session.root)
    with secrets.exclusive(session.root) as tree, session.access() as access:
        left = membership.remove(tree, targets, recipient, access, group=group, progress=progress())
        finish(session, tree, left.outcome, quiet=True)
    for secret in left.secrets:
        click.echo(printable(secret))
    for authority in left.authorities:
        click.echo(f"{printable(authority)} CA")
    if left.secrets or left.authorities:
        click.echo("Git's history still opens with the removed key: replace the values listed above", err=True)
    return 1 if left.secrets or left.authorities else 0


@click.command()
@session
def rekey(session: Session) -> int:
    """Seal everything anew with new data keys, to the recipients of secrets/recipients.yaml. Values stay.

    \b
    Example:
      compiler secrets rekey
    """
    return _again(session, (), everything=True)


@click.command()
@click.argument("overlays", nargs=-1, required=True, metavar="OVERLAY…")
@session
def reseal(session: Session, overlays: tuple[str, ...]) -> int:
    """Seal what clusters get anew from the vault, e.g. after a cluster lost its key. Values stay.

    First tell the new key: `compiler secrets init --cert OVERLAY=FILE`, or `recipients add cluster-OVERLAY age1…`.

    \b
    Example:
      compiler secrets reseal prod
    """
    return _again(session, overlays, everything=False)


def _again(session: Session, overlays: tuple[str, ...], *, everything: bool) -> int:
    from compiler.secrets.ensure import ensure
    from compiler.workspace import secrets

    targets = secrets.targets(session.root, overlays)
    with secrets.exclusive(session.root) as tree, session.access() as access:
        outcome = ensure(
            tree,
            targets,
            access,
            progress=progress(),
            again="everything" if everything else "cluster",
        )
        finish(session, tree, outcome, quiet=True)
    return 0
