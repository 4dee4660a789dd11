"""``compiler secrets ca``: the CAs."""

from __future__ import annotations

from typing import Any

import click

from compiler.cli.secrets_options import Session, finish, progress, session


@click.group()
def ca() -> None:
    """The CAs of the overlays.

    \b
    Example:
      compiler secrets ca rollover demo --phase trust
    """


@ca.command()
@click.argument("overlay", metavar="OVERLAY")
@click.option("--phase", type=click.Choice(["trust", "issue", "retire"]), required=True, help="The phase to enter.")
@click.option(
    "--authority", type=click.Choice(["service", "upstream"]), default="service", show_default=True, help="Which CA."
)
@click.option("--rolled-out", is_flag=True, help="Every pod runs with what the last phase wrote.")
@session
def rollover(session: Session, overlay: str, rolled_out: bool, **options: Any) -> int:
    """Replace a CA without an outage: one phase, one commit, one rollout at a time.

    trust: a successor is made, and trusted beside the old one. issue: it signs every certificate anew. retire: the old
    one is no longer trusted, and its key is removed.

    \b
    Example:
      compiler secrets ca rollover demo --phase trust
      compiler secrets ca rollover demo --phase issue --rolled-out
      compiler secrets ca rollover demo --phase retire --rolled-out
    """
    from compiler.kustomize.tree import DirTree
    from compiler.secrets.rollover import rollover as run
    from compiler.workspace import secrets

    (target,) = secrets.targets(session.root, [overlay])
    with secrets.exclusive(session.root), session.access() as access:
        outcome = run(
            DirTree(session.root),
            target,
            options["authority"],
            options["phase"],
            access,
            rolled_out=rolled_out,
            progress=progress(),
        )
        finish(session, outcome)
    return 0
