"""``compiler secrets``: keys, certificates and passwords."""

from __future__ import annotations

import click

from compiler.cli.secrets_ca import ca
from compiler.cli.secrets_give import set_command
from compiler.cli.secrets_guard import guard
from compiler.cli.secrets_make import ensure, init
from compiler.cli.secrets_members import recipients, rekey, reseal
from compiler.cli.secrets_open import adopt, show
from compiler.cli.secrets_rename import rename
from compiler.cli.secrets_replace import renew, rotate
from compiler.cli.secrets_watch import check, status


@click.group(name="secrets")
def command() -> None:
    """Create, seal, watch and renew keys and certificates.

    What each overlay needs comes from its spec. Values are kept in a vault that administrators can open; each cluster
    gets its own sealed copy. Nothing is ever written in clear.

    \b
    Example:
      compiler secrets init --generate-identity ~/.config/compiler/identity.txt
      compiler secrets ensure
      compiler secrets status
    """


command.add_command(init)
command.add_command(ensure)
command.add_command(set_command)
command.add_command(status)
command.add_command(check)
command.add_command(renew)
command.add_command(rotate)
command.add_command(rename)
command.add_command(guard)
command.add_command(recipients)
command.add_command(rekey)
command.add_command(reseal)
command.add_command(ca)
command.add_command(adopt)
command.add_command(show)
