"""``compiler secrets set``: a value that only a person has."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import click

from compiler.cli.secrets_options import Session, finish, progress, session
from compiler.errors import CompilerError, WorldError

if TYPE_CHECKING:
    from compiler.secrets.plaintext import Plaintext

_LARGEST = 2 * 1024 * 1024
_LAST_FD = 2**31 - 1
"""The largest number that a file descriptor can have: C's int."""


@click.command(name="set")
@click.argument("secret", metavar="ID")
@click.option("--key", metavar="KEY", help="Which key of the Secret; needed when it has several given ones.")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the value from standard input.")
@click.option("--fd", type=click.IntRange(0, _LAST_FD), metavar="N", help="Read the value from file descriptor N.")
@click.option("--from-env", metavar="VAR", help="Take the value of an environment variable.")
@click.option("--keep-newline", is_flag=True, help="Keep the line end of a value of one line.")
@click.option("--generated", is_flag=True, help="Take a value that would be made here, of an installation taken over.")
@session
def set_command(
    session: Session,
    secret: str,
    key: str | None,
    from_stdin: bool,
    fd: int | None,
    from_env: str | None,
    keep_newline: bool,
    generated: bool,
) -> int:
    """Give a value that only you have; asks for it when run on a terminal.

    There is no option that takes the value itself: it would stand in your shell's history and in the process list.

    \b
    Example:
      compiler secrets set prod/pulp-postgres-configuration
      compiler secrets set demo/pulp-db-fields-encryption --generated --stdin < fields.key
      vault read -field=key s3/pulp | compiler secrets set prod/pulp-s3 --key s3-secret-access-key --stdin
    """
    from compiler.kustomize.tree import DirTree
    from compiler.secrets.given import made_keys, set_values
    from compiler.secrets.lock import read as read_lock
    from compiler.secrets.plan import expected_keys
    from compiler.secrets.states import requirement_of
    from compiler.workspace import secrets

    overlay = secret.rpartition("/")[0]
    targets = secrets.targets(session.root, [overlay] if overlay else [])
    _, requirement = requirement_of(targets, secret)
    keys = expected_keys(requirement, read_lock(DirTree(session.root)).secrets.get(secret))
    keys = (*keys, *made_keys(requirement)) if generated else keys
    if key is None and len(keys) > 1:
        raise CompilerError(f"{secret} has several given keys", hint=f"choose one: --key {' | '.join(keys)}")
    name = key or (keys[0] if keys else "")
    value = _value(secret, name, from_stdin=from_stdin, fd=fd, variable=from_env, keep_newline=keep_newline)
    with secrets.exclusive(session.root) as tree, session.access() as access:
        outcome = set_values(tree, targets, secret, {name: value}, access, generated=generated, progress=progress())
        finish(session, tree, outcome)
    return 0


def _value(
    secret: str, key: str, *, from_stdin: bool, fd: int | None, variable: str | None, keep_newline: bool
) -> Plaintext:
    from compiler.secrets.plaintext import Plaintext

    if sum((from_stdin, fd is not None, variable is not None)) > 1:
        raise CompilerError("--stdin, --fd and --from-env exclude each other")
    if variable is not None:
        content = os.environb.get(os.fsencode(variable))
        if content is None:
            raise CompilerError(f"the environment variable {variable} is not set")
    elif from_stdin:
        content = sys.stdin.buffer.read(_LARGEST)
    elif fd is not None:
        content = _descriptor(fd)
    elif sys.stdin.isatty():
        content = str(click.prompt(f"{secret} {key}", hide_input=True, confirmation_prompt=True, err=True)).encode()
    else:
        raise CompilerError("there is no terminal to ask on", hint="pipe the value in and say --stdin")
    if not keep_newline and content.count(b"\n") == 1:  # of one line; a PEM keeps its last line end
        content = content.removesuffix(b"\n").removesuffix(b"\r")
    return Plaintext(content)


def _descriptor(fd: int) -> bytes:
    try:
        with os.fdopen(fd, "rb") as stream:
            return stream.read(_LARGEST)
    except OSError as error:
        kind = CompilerError if error.errno in (errno.EBADF, errno.EISDIR) else WorldError
        raise kind(f"file descriptor {fd} cannot be read: {error.strerror}") from error
