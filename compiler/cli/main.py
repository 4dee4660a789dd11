"""The command group. Commands are imported only when they run, so that ``compiler --version`` starts in a blink."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import click

from compiler.version import __version__

_COMMANDS = {
    "build": ("compiler.cli.build", "Render overlays, byte for byte as `kustomize build` does."),
    "check": ("compiler.cli.check", "Check renderings: schemas, references, secret hygiene."),
    "diff": ("compiler.cli.diff", "Show what a change does to every rendering."),
    "explain": ("compiler.cli.explain", "Say where a rendered field has its value from."),
    "generate": ("compiler.cli.generate", "Write bases and overlays from their specs."),
    "init": ("compiler.cli.init", "Scaffold a repository of your own."),
    "secrets": ("compiler.cli.secrets", "Create, seal, watch and renew keys and certificates."),
    "spec": ("compiler.cli.spec", "Show the effective spec, its schema and its reference."),
}


class LazyGroup(click.Group):
    """A group whose commands are modules with a ``command`` attribute, imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(_COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)  # noqa: S101 - a bug, not input
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][1]) for name in sorted(_COMMANDS)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="compiler")
def cli() -> None:
    """Compile, render, check and review the manifests of Pulp.

    \b
    Example:
      compiler build overlays/prod
      compiler diff main
      compiler generate --check
    """


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code (0, 1, 2 or 3)."""
    from compiler.cli.failure import report

    try:
        outcome = cli.main(args=list(arguments), prog_name="compiler", standalone_mode=False)
    except (click.ClickException, click.Abort, Exception) as error:  # noqa: BLE001 - told apart in report()
        return report(error)
    return outcome if isinstance(outcome, int) else 0
