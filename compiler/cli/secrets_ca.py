"""``compiler secrets ca``: the CAs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from compiler import inputs
from compiler.cli.secrets_options import Session, finish, progress, session, tell, warn_of_date


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
    from compiler.secrets.rollover import rollover as run
    from compiler.workspace import secrets

    (target,) = secrets.targets(session.root, [overlay])
    with secrets.exclusive(session.root) as tree, session.access() as access:
        outcome = run(
            tree,
            target,
            options["authority"],
            options["phase"],
            access,
            rolled_out=rolled_out,
            progress=progress(),
        )
        finish(session, tree, outcome)
    return 0


_OVERLAY = click.argument("overlay", metavar="OVERLAY")
_AUTHORITY = click.option(
    "--authority", type=click.Choice(["service", "upstream"]), default="service", show_default=True, help="Which CA."
)


@ca.command(name="import")
@_OVERLAY
@_AUTHORITY
@click.option("--cert", "certificate", type=click.Path(path_type=Path), required=True, help="Its certificate, PEM.")
@click.option(
    "--key", type=click.Path(path_type=Path), help="Its private key, PEM, to be sealed to administrators; FILE or <(…)."
)
@session
def import_command(session: Session, overlay: str, authority: str, certificate: Path, key: Path | None) -> int:
    """Take in a CA of your own: a self-signed root. Beside one that issues already, it is phase trust of a rollover.

    Without --key its private key stays where it is: give it with --ca-key when certificates are to be issued, or let an
    issuer in the cluster use it.

    \b
    Example:
      compiler secrets ca import prod --cert ca.crt --key ca.key
      compiler secrets ca import prod --authority upstream --cert issuer-ca.crt
    """
    from compiler.secrets import identities
    from compiler.secrets.authority import bring
    from compiler.workspace import secrets

    pem = inputs.read(certificate, "the certificate")
    private = identities.read_private(key, session.root) if key is not None else None
    (target,) = secrets.targets(session.root, [overlay])
    with secrets.exclusive(session.root) as tree, session.access() as access:
        finish(session, tree, bring(tree, target, authority, pem, private, access, progress=progress()))
    return 0


@ca.command()
@_OVERLAY
@_AUTHORITY
@click.option(
    "--key-file", type=click.Path(path_type=Path), required=True, help="Where its private key goes; it must not exist."
)
@session
def create(session: Session, overlay: str, authority: str, key_file: Path) -> int:
    """Make a CA whose private key never is in the repository, not even sealed: it goes to a file of yours.

    Keep the file offline, and give it with --ca-key when certificates are issued or renewed.

    \b
    Example:
      compiler secrets ca create prod --key-file /media/stick/prod-ca.key
      compiler secrets renew prod --ca-key prod/service=/media/stick/prod-ca.key
    """
    from compiler.secrets import identities, layout, lock, pki
    from compiler.secrets.authority import bring
    from compiler.workspace import secrets

    (target,) = secrets.targets(session.root, [overlay])
    with secrets.exclusive(session.root) as tree, session.access() as access:
        known = lock.read(tree).authorities.get(layout.authority_id(target.overlay, authority))
        generation = max(known.generations) + 1 if known else 1
        pair = pki.create_authority(target.overlay, authority, generation, session.now)
        outcome = bring(tree, target, authority, pair.certificate, None, access, progress=progress())
        identities.write_private(key_file, pair.key.reveal(), repository=session.root)
        with identities.kept_on_success(key_file):
            secrets.write(session.root, outcome.writes, tree)
    warn_of_date(session, outcome.writes)
    tell(outcome)
    click.echo(f"wrote {key_file}: whoever has it can issue certificates that everything in {overlay} trusts", err=True)
    return 0
