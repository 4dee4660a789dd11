"""``compiler secrets init`` and ``ensure``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from compiler import inputs
from compiler.cli.secrets_options import Session, finish, progress, session, warn_of_date
from compiler.errors import CompilerError


@click.command()
@click.option("--age-recipient", "recipients", multiple=True, metavar="age1…", help="Public key of an administrator.")
@click.option(
    "--generate-identity",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Make a new administrator's identity and write it to FILE, outside the repository.",
)
@click.option("--ci", "ci", multiple=True, metavar="age1…", help="Public key of a pipeline that may open the vault.")
@click.option("--cluster", "clusters", multiple=True, metavar="OVERLAY=age1…", help="Public key of a cluster's Flux.")
@click.option(
    "--cert", "certificates", multiple=True, metavar="OVERLAY=FILE", help="Certificate of a sealed-secrets controller."
)
@session
def init(
    session: Session,
    recipients: tuple[str, ...],
    generate_identity: Path | None,
    ci: tuple[str, ...],
    clusters: tuple[str, ...],
    certificates: tuple[str, ...],
) -> int:
    """Say who can open what. Run it again to add clusters and certificates.

    \b
    Example:
      compiler secrets init --generate-identity ~/.config/compiler/identity.txt --cluster demo=age1…
      compiler secrets init --cert prod=controller.pem
    """
    from compiler.secrets import identities
    from compiler.secrets.start import initialize
    from compiler.workspace import secrets

    by_cluster: dict[str, list[str]] = {}
    for overlay, recipient in _pairs("--cluster", clusters):
        by_cluster.setdefault(overlay, []).append(recipient)
    pems = {overlay: inputs.read(Path(file), "the certificate") for overlay, file in _pairs("--cert", certificates)}
    overlays = [one.overlay for one in secrets.targets(session.root)] if by_cluster or pems else None
    administrators = list(recipients)
    if generate_identity is not None:
        administrators.append(
            identities.generate(
                generate_identity, repository=session.root, comment="administrator of sealed secrets (compiler)"
            )
        )
    with (
        identities.kept_on_success(generate_identity),
        secrets.exclusive(session.root) as tree,
        session.access() as access,
    ):
        writes = initialize(
            tree,
            access,
            administrators=administrators,
            ci=ci,
            clusters=by_cluster,
            certificates=pems,
            overlays=overlays,
        )
        secrets.write(session.root, writes, tree)
    warn_of_date(session, writes)
    if generate_identity is not None:
        click.echo(f"wrote {generate_identity}: keep a copy offline; whoever has it can read every secret", err=True)
    for path in writes:
        click.echo(f"wrote {path}", err=True)
    if not writes:
        click.echo("nothing to do", err=True)
    for overlay in pems:
        _say_behind(session, overlay)
    return 0


def _say_behind(session: Session, overlay: str) -> None:
    """Say what is still sealed to an earlier certificate of an overlay's controller."""
    from compiler.kustomize.tree import DirTree
    from compiler.secrets import lock, pinned, recipients

    tree = DirTree(session.root)
    behind = pinned.behind(lock.read(tree).secrets, overlay, recipients.read(tree).certificate(overlay))
    if behind:
        click.echo(f"next: {pinned.told(behind, overlay)}", err=True)


def _pairs(option: str, values: Sequence[str]) -> list[tuple[str, str]]:
    pairs = []
    for value in values:
        overlay, separator, rest = value.partition("=")
        if not separator or not overlay or not rest:
            # The value is not repeated: it could be a private key.
            raise CompilerError(f"{option} wants OVERLAY=VALUE, e.g. {option} demo=…")
        pairs.append((overlay, rest))
    return pairs


@click.command()
@click.argument("overlays", nargs=-1, metavar="[OVERLAY…]")
@click.option("--prune", is_flag=True, help="Delete sealed files that no overlay wants any more.")
@click.option(
    "--prune-vault",
    is_flag=True,
    help="With --prune: delete all values and CAs of overlays that are gone as well, their database-field keys too.",
)
@click.option("--new", multiple=True, metavar="OVERLAY", help="This overlay is new, no gone one under another name.")
@session
def ensure(session: Session, overlays: tuple[str, ...], prune: bool, prune_vault: bool, new: tuple[str, ...]) -> int:
    """Create what is missing and seal what changed; touch nothing else.

    A second run changes nothing. Values that only you have are never invented: they stay unset until
    `compiler secrets set`. An overlay that has nobody to seal to is left out and reported; the others are done.

    \b
    Example:
      compiler secrets ensure
      compiler secrets ensure prod --identity ~/keys/admin.txt
    """
    from compiler.secrets import ksops
    from compiler.secrets.ensure import Gone
    from compiler.secrets.ensure import ensure as run
    from compiler.secrets.states import raise_all
    from compiler.workspace import secrets

    if prune_vault and (overlays or not prune):
        raise CompilerError("--prune-vault goes with --prune and without names: it is about overlays that are gone")
    missing: Gone = "forget" if prune_vault else "prune" if prune and not overlays else "keep"
    targets = secrets.targets(session.root, overlays)
    with secrets.exclusive(session.root) as tree, session.access() as access:
        outcome = run(
            tree,
            targets,
            access,
            progress=progress(),
            prune=prune,
            missing=missing,
            new=new,
            partly=True,
        )
        finish(session, tree, outcome)
    if any("ksops" in target.backends() for target in targets):
        click.echo(f"warning: {ksops.WARNING}", err=True)
    raise_all(outcome.failed)
    return 0
