"""``compiler secrets status`` and ``check``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from compiler.cli.secrets_options import Session, session
from compiler.printable import printable

if TYPE_CHECKING:
    from compiler.secrets.status import Row


@click.command()
@click.argument("overlays", nargs=-1, metavar="[OVERLAY…]")
@click.option("-o", "output", type=click.Choice(["text", "json", "html"]), default="text", show_default=True)
@session
def status(session: Session, overlays: tuple[str, ...], output: str) -> int:
    """Show every secret: what it is, who reads it, and what is due. Exit 1 when something is.

    \b
    Example:
      compiler secrets status
      compiler secrets status prod -o json
      compiler secrets status --now 2027-08-01
      compiler secrets status -o html > secrets.html
    """
    from compiler.kustomize.tree import DirTree
    from compiler.secrets.status import status as run
    from compiler.workspace import secrets

    targets = secrets.targets(session.root, overlays)
    with session.access() as access:
        rows = run(DirTree(session.root), targets, access, lost=not overlays)
    due = [row for row in rows if row.condition != "ok"]
    if output == "json":
        click.echo(json.dumps({"secrets": [asdict(row) for row in rows], "due": len(due)}, indent=2))
    elif output == "html":
        from compiler.secrets.page import page

        click.echo(page(rows, session.now), nl=False)
    else:
        click.echo(_table(rows, session.now))
        click.echo(f"{len(rows)} entries, {len(due)} to look at", err=True)
    return 1 if due else 0


def _table(rows: Sequence[Row], now: datetime) -> str:
    from compiler.secrets.page import age

    head = ("SECRET", "KIND", "STATE", "GEN", "AGE", "DUE", "VALID UNTIL", "SEALED TO", "NOTE")
    lines = [head] + [
        (
            printable(row.id),
            row.kind,
            row.condition,
            str(row.generation or ""),
            f"{days} d" if (days := age(row, now)) else "",
            (row.renew_at or "")[:10],
            (row.not_after or "")[:10],
            ", ".join(row.readers),
            printable(row.note),
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    shown = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(printable(line.rstrip()) for line in shown)


@click.command()
@click.option("--deep", is_flag=True, help="Open everything with an identity and compare the values.")
@click.option("--errors", is_flag=True, help="Exit 1 for errors only: what is merely due is shown (for pull requests).")
@click.option("-o", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@session
def check(session: Session, deep: bool, errors: bool, output: str) -> int:
    """Check that what is sealed is what the lock, the recipients and the specs say. Exit 1 when it is not.

    Without --deep no identity is needed.

    \b
    Example:
      compiler secrets check
      compiler secrets check --errors
      compiler secrets check --deep
    """
    from compiler.kustomize.tree import DirTree
    from compiler.secrets.check import check as run
    from compiler.workspace import secrets

    targets = secrets.targets(session.root)
    with session.access() as access:
        findings = run(DirTree(session.root), targets, access, open_everything=deep)
    if output == "json":
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(printable(f"{finding.severity}: {finding.path}: {finding.message}"))
    if not findings:
        click.echo("secrets: no finding", err=True)
    return 1 if any(finding.severity == "error" or not errors for finding in findings) else 0
