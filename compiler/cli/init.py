"""``compiler init``: a repository of one's own."""

from __future__ import annotations

import urllib.parse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from compiler import inputs

if TYPE_CHECKING:
    from compiler.workspace.scaffold import Scaffolded


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--name", default="pulp", show_default=True, help="Name of the installation; object names begin with it.")
@click.option("--host", required=True, help="Public host name of production, e.g. pulp.example.com.")
@click.option("--delivery", required=True, type=click.Choice(["argocd", "flux"]), help="What applies the overlays.")
@click.option("--repo", metavar="URL", help="Git URL that the new repository will have.")
@click.option(
    "--identity",
    type=click.Path(path_type=Path),
    envvar="COMPILER_IDENTITY",
    metavar="FILE",
    help="Your age identity, outside of DIR; made when it does not exist (default ~/.config/compiler/identity.txt).",
)
@click.option(
    "--cert",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Certificate of the cluster's sealed-secrets controller: it opens the sealed files then, and no age identity "
    "is made for the clusters.",
)
@click.option("--sops", envvar="COMPILER_SOPS", metavar="PATH", help="The sops to use (default: PATH, the wheel).")
def command(
    folder: Path,
    name: str,
    host: str,
    delivery: Literal["argocd", "flux"],
    repo: str | None,
    identity: Path | None,
    cert: Path | None,
    sops: str | None,
) -> int:
    """Scaffold a repository: specs, overlays, sealed secrets for a fresh identity, and a workflow.

    DIR must not exist yet, or be empty. Either everything is written or nothing.

    \b
    Example:
      compiler init ~/pulp-site --name pulp --host pulp.example.com --delivery flux
      compiler init ~/pulp-site --host pulp.example.com --delivery argocd --cert controller.pem
    """
    from compiler.cli.secrets_options import default_identity
    from compiler.workspace.scaffold import Answers, scaffold

    guessed = repo is None
    if repo is None:
        repo = f"https://git.example.com/acme/{urllib.parse.quote(folder.resolve().name)}.git"
    answers = Answers(name, host, delivery, repo, inputs.read(cert, "the certificate") if cert is not None else None)
    made = scaffold(
        folder,
        answers,
        identity=identity or default_identity(),
        now=datetime.now(UTC).replace(microsecond=0),
        sops=sops,
    )
    option = "" if made.identity == default_identity() else f" --identity {made.identity}"
    _tell(made, repo if guessed else None, option, ksops=delivery == "argocd" and cert is None)
    return 0


def _tell(made: Scaffolded, guessed_repo: str | None, option: str, *, ksops: bool) -> None:
    from compiler.secrets.ksops import WARNING

    def say(text: str) -> None:
        click.echo(text, err=True)

    say(f"made {made.root}" + (" (a Git repository)" if made.git else ""))
    if made.identity in made.made:
        say(f"your identity: {made.identity} (new; keep a copy offline: whoever has it can read every secret)")
    else:
        say(f"your identity: {made.identity}")
    for overlay, file in made.clusters.items():
        say(f"identity for the cluster of {overlay}: {file}{' (new)' if file in made.made else ''}")
    say("next:")
    if guessed_repo is not None:
        say(f"  put the repository's Git URL in place of {guessed_repo} in overlays/*/pulp.yaml")
    say("  edit overlays/prod/pulp.yaml, run `compiler generate`, then commit")
    if ksops:
        say(f"  decide who opens the secrets. {WARNING}.")
        say("    The end of overlays/prod/pulp.yaml says how a sealed-secrets controller does it instead")
    for secret in made.unset:
        say(f"  compiler secrets set {secret}{option}")
