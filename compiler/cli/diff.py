"""``compiler diff``: what a change does to every rendering."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import halfway
from compiler.cli.allow import allowing

if TYPE_CHECKING:
    from compiler.review import Report
    from compiler.workspace.allowed import Allowed
    from compiler.workspace.git import Repository


@click.command()
@click.argument("arguments", metavar="[REV] [PATH]...", nargs=-1)
@click.option(
    "-o",
    "--output",
    "output",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="Format. Markdown always fits into a comment of 65,536 characters.",
)
@click.option("--exit-zero", is_flag=True, help="Exit 0 where there are differences, too.")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colour the text; auto: on a terminal, unless NO_COLOR is set.",
)
@allowing
def command(arguments: tuple[str, ...], output: str, exit_zero: bool, color: str, allowed: Allowed) -> int:
    """Show what a change does to every rendering: what changes, where, what restarts, what could lose data.

    Compares the overlays of a revision with those of the working tree, object by object; nothing is checked out. REV
    is by default where this branch left the main one; REV..REV compares two revisions. Secrets are never shown, only
    that they changed. Exits 0 without a difference, 1 with one.

    \b
    Example:
      compiler diff
      compiler diff main overlays/prod
      compiler diff v1.0..v1.1 -o markdown
    """
    from compiler.errors import ErrorGroup
    from compiler.workspace import git
    from compiler.workspace.diff import diff, folder_of, sides_of
    from compiler.workspace.repository import Workspace

    root = Workspace.find(Path.cwd()).root
    repository = git.find(root)
    revision, paths = _split(repository, arguments)
    sides = sides_of(repository, revision)
    if revision is None or ".." not in revision:  # one side is the folder on disk
        halfway.refuse(str(root))
    outcome = diff(root, sides, [folder_of(root, Path(path)) for path in paths], allowed)
    click.echo(_printed(outcome.report, output, _colored(color)), nl=False, color=True)
    if outcome.errors:
        raise outcome.errors[0] if len(outcome.errors) == 1 else ErrorGroup(outcome.errors)
    return 1 if outcome.report.differs() and not exit_zero else 0


def _split(repository: Repository, arguments: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """The first argument is a revision or a path, never by guess: both is an error, as in git."""
    from compiler.errors import CompilerError
    from compiler.workspace.diff import is_revision

    if not arguments:
        return None, ()
    first, rest = arguments[0], arguments[1:]
    revision, path = is_revision(repository, first), os.path.lexists(first)
    if revision and path:
        raise CompilerError(
            f"{first} is both a revision and a path", hint=f"write ./{first} for the path, or refs/heads/{first}"
        )
    if revision:
        return first, rest
    if not path and ("/" not in first or ".." in first) and not first.startswith("."):
        raise CompilerError(
            f"{first} is neither a revision nor a path", hint="`git log --oneline --all` lists revisions"
        )
    return None, arguments


def _printed(report: Report, output: str, color: bool) -> str:
    from compiler.review import print_json, print_markdown, print_text

    if output == "markdown":
        return print_markdown(report)
    return print_json(report) if output == "json" else print_text(report, color=color)


def _colored(color: str) -> bool:
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()
