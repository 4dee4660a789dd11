"""``compiler secrets renew`` and ``rotate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from compiler.cli.secrets_options import Session, finish, progress, session

if TYPE_CHECKING:
    from compiler.secrets.lock import Phase


@click.command()
@click.argument("overlays", nargs=-1, metavar="[OVERLAY…]")
@click.option("--all", "everything", is_flag=True, help="Renew every certificate, due or not.")
@session
def renew(session: Session, overlays: tuple[str, ...], everything: bool) -> int:
    """Issue certificates anew, with new keys, when a third of their life or less remains.

    What a CA signs whose private key is kept outside the repository needs --ca-key; without it, it is left out and
    reported, and the others are done.

    \b
    Example:
      compiler secrets renew
      compiler secrets renew prod --all
    """
    from compiler.secrets.replace import renew as run
    from compiler.secrets.states import raise_all
    from compiler.workspace import secrets

    targets = secrets.targets(session.root, overlays)
    with secrets.exclusive(session.root) as tree, session.access() as access:
        outcome = run(tree, targets, access, everything=everything, partly=True, progress=progress())
        finish(session, tree, outcome)
    raise_all(outcome.failed)
    return 0


@click.command()
@click.argument("secret", metavar="ID")
@click.option(
    "--phase",
    type=click.Choice(["add", "promote", "reencrypt", "retire"]),
    help="Only for the database-field key: the phase to enter.",
)
@click.option("--rolled-out", is_flag=True, help="Every pod runs with the last phase (retire: the Job has succeeded).")
@session
def rotate(session: Session, secret: str, phase: Phase | None, rolled_out: bool) -> int:
    """Make a generated password, key pair or certificate anew. Its pods restart with the next rollout.

    The database-field key changes in phases, each with its own commit and rollout. add: pods can read with a new key.
    promote: they write with it. reencrypt: a Job encrypts the database anew. retire: the old key is removed.

    \b
    Example:
      compiler secrets rotate demo/pulp-admin-password
      compiler secrets rotate demo/pulp-db-fields-encryption --phase add
      compiler secrets rotate demo/pulp-db-fields-encryption --phase promote --rolled-out
    """
    from compiler.errors import CompilerError
    from compiler.secrets import fieldskey
    from compiler.secrets.replace import rotate as run
    from compiler.workspace import secrets

    if rolled_out and phase is None:
        raise CompilerError("--rolled-out goes with --phase")
    overlay = secret.rpartition("/")[0]
    targets = secrets.targets(session.root, [overlay] if overlay else [])
    with secrets.exclusive(session.root) as tree, session.access() as access:
        if phase is None:
            outcome = run(tree, targets, secret, access, progress=progress())
        else:
            outcome = fieldskey.rotate(tree, targets, secret, phase, access, rolled_out=rolled_out, progress=progress())
        finish(session, tree, outcome)
    return 0
