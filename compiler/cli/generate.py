"""``compiler generate``: write bases and overlays from their specs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli.allow import allowing
from compiler.printable import printable

if TYPE_CHECKING:
    from compiler.workspace.allowed import Allowed
    from compiler.workspace.changes import Change


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; list what is out of date and exit 1 if anything is.")
@click.option("--dry-run", is_flag=True, help="Write nothing; show the change as a diff.")
@click.option("--force", is_flag=True, help="Discard edits by hand of generated files.")
@click.option("--upgrade-pin", is_flag=True, help="Pin this version of the compiler in .compiler.yaml.")
@allowing
def command(
    paths: tuple[Path, ...], check: bool, dry_run: bool, force: bool, upgrade_pin: bool, allowed: Allowed
) -> int:
    """Write bases and overlays from their specs.

    PATH is a folder with a pulp.yaml, or one above such folders; all of the repository by default. What a folder
    builds on, and what builds on it, is brought up to date with it. Every overlay is rendered in memory first, and
    written only if it renders to what its spec means. Files that the compiler did not write are never touched.

    \b
    Example:
      compiler generate
      compiler generate overlays/prod --dry-run
      compiler generate --check
    """
    if check and dry_run:
        raise click.UsageError("--check and --dry-run do not go together")
    from compiler.workspace import Workspace, journal
    from compiler.workspace.generate import plan, write

    start = Path.cwd()
    workspace = Workspace.find(start)
    message = journal.recover(workspace.root)
    if message:
        click.echo(message, err=True)
    chosen = workspace.chosen(paths, start) if paths else None
    planned = plan(workspace, chosen, force=force, upgrade=upgrade_pin, allowed=allowed)
    if dry_run:
        for change in planned.changes:
            text = _diff(change)
            click.echo(printable(text, keep="\n\t") if sys.stdout.isatty() else text, nl=False)
        return 0
    if check:
        for change in planned.changes:
            click.echo(f"{change.state} {printable(change.path)}")
        if planned.changes:
            click.echo(f"{len(planned.changes)} files are not as their specs say: run `compiler generate`", err=True)
        return 1 if planned.changes else 0
    write(workspace, planned)
    for change in planned.changes:
        click.echo(f"{'removed' if change.after is None else 'wrote'} {printable(change.path)}", err=True)
    counted = f"{len(planned.folders)} folders"
    click.echo(
        f"{counted}: {len(planned.changes)} files changed" if planned.changes else f"{counted}: up to date", err=True
    )
    return 0


def _diff(change: Change) -> str:
    """A change as a unified diff."""
    import difflib

    before = (change.before or b"").decode(errors="replace").splitlines(keepends=True)
    after = (change.after or b"").decode(errors="replace").splitlines(keepends=True)
    lines = difflib.unified_diff(
        before,
        after,
        "/dev/null" if change.before is None else f"a/{change.path}",
        "/dev/null" if change.after is None else f"b/{change.path}",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
