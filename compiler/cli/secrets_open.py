"""``compiler secrets adopt`` and ``show``: what an administrator opens."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from compiler.cli.secrets_options import Session, finish, progress, session
from compiler.errors import CompilerError
from compiler.printable import printable

if TYPE_CHECKING:
    from compiler.secrets.plaintext import Plaintext

_TAB = "\t"


@click.command()
@click.argument("secret", metavar="ID")
@session
def adopt(session: Session, secret: str) -> int:
    """Take the vault's file of a Secret for true after it was edited by hand, and seal it anew for its cluster.

    When a file differs because somebody else changed it, restore it from Git instead.

    \b
    Example:
      compiler secrets adopt demo/pulp-admin-password
    """
    from compiler.secrets.adopt import adopt as run
    from compiler.workspace import secrets

    overlay = secret.rpartition("/")[0]
    targets = secrets.targets(session.root, [overlay] if overlay else [])
    with secrets.exclusive(session.root) as tree, session.access() as access:
        finish(session, tree, run(tree, targets, secret, access, progress=progress()))
    return 0


@click.command()
@click.argument("secret", metavar="ID")
@click.option("--key", metavar="KEY", help="This key only, without its name.")
@click.option("--force", is_flag=True, help="Print even when the output is not a terminal.")
@session
def show(session: Session, secret: str, key: str | None, force: bool) -> int:
    """Print the values of a Secret from the vault, on a terminal.

    What would drive the terminal is printed as escapes. With --key and --force a pipe gets the value byte for byte.

    \b
    Example:
      compiler secrets show demo/pulp-admin-password --key password
    """
    from compiler.kustomize.tree import DirTree
    from compiler.secrets.adopt import open_vault

    if not force and not sys.stdout.isatty():
        raise CompilerError(
            "values are printed on a terminal only", hint="--force prints them into a pipe or file all the same"
        )
    with session.access() as access:
        values = open_vault(DirTree(session.root), secret, access, "its values are to be shown")
    if key is not None and key not in values:
        raise CompilerError(f"{secret} has no key {key!r}", hint=f"its keys: {', '.join(sorted(values))}")
    if key is not None and sys.stdout.isatty():
        click.echo(printable(_text(values[key]), keep="\n\t"))
    elif key is not None:
        sys.stdout.flush()
        sys.stdout.buffer.write(values[key].reveal())
        sys.stdout.buffer.flush()
    if key is not None:
        return 0
    for name in sorted(values):
        click.echo(_listed(name, _text(values[name])))
    return 0


def _text(value: Plaintext) -> str:
    return value.reveal().decode("utf-8", "backslashreplace")


def _listed(name: str, text: str) -> str:
    """A value under its key. Of several lines, each stands behind a bar, so that none looks like a key of its own."""
    if "\n" not in text:
        return f"{printable(name)}: {printable(text, keep=_TAB)}"
    lines = text.removesuffix("\n").split("\n")
    count = "1 line" if len(lines) == 1 else f"{len(lines)} lines"
    head = f"{printable(name)}: {count}{'' if text.endswith(chr(10)) else ', the last without its end'}"
    return "\n".join([head, *(f"  | {printable(line, keep=_TAB)}" for line in lines)])
