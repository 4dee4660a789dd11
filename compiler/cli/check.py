"""``compiler check``: what is wrong with what overlays render to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import halfway
from compiler.cli.allow import allowing

if TYPE_CHECKING:
    from compiler.workspace.allowed import Allowed

_FORMATS = ["text", "json", "sarif", "github"]


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option("-o", "output", type=click.Choice(_FORMATS), default="text", show_default=True, help="Format.")
@click.option("--strict", is_flag=True, help="Exit 1 for warnings too.")
@allowing
def command(paths: tuple[Path, ...], output: str, strict: bool, allowed: Allowed) -> int:
    """Check renderings: schemas, references, secret hygiene, policy.

    PATH is an overlay, a folder above overlays, or any folder with a kustomization; every overlay that is deployed by
    default. Nothing is fetched unless allowed, and no key is needed. Exits 1 when there is an error.

    \b
    Example:
      compiler check
      compiler check overlays/prod --strict
      compiler check -o sarif > check.sarif
    """
    from compiler.check.report import FORMATS
    from compiler.workspace import Workspace
    from compiler.workspace.check import check_folders, folders_to_check

    start = Path.cwd()
    workspace = Workspace.find(start)
    halfway.refuse(str(workspace.root))
    reports = check_folders(workspace, folders_to_check(workspace, paths, start), allowed=allowed)
    click.echo(FORMATS[output](reports), nl=False)
    if not reports:
        click.echo("no overlay is deployed from here", err=True)
    errors = sum(report.count("error") for report in reports)
    warnings = sum(report.count("warning") for report in reports)
    return 1 if errors or (strict and warnings) else 0
