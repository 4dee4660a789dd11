"""The options that let a command's renderings run helm and git."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click


def allowing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--enable-helm``, ``--helm-command`` and ``--allow-remote``, and pass an ``Allowed`` as ``allowed``."""

    @click.option("--enable-helm", is_flag=True, help="Run helm for helmCharts.")
    @click.option("--helm-command", default="helm", show_default=True, help="The helm binary.")
    @click.option("--allow-remote", is_flag=True, help="Let git fetch remote bases, once for each commit.")
    @functools.wraps(command)
    def wrapped(*args: Any, enable_helm: bool, helm_command: str, allow_remote: bool, **options: Any) -> Any:
        from compiler.cli.render import remotes
        from compiler.workspace.allowed import Allowed

        fetcher = remotes() if allow_remote else None
        try:
            return command(*args, allowed=Allowed(enable_helm, helm_command, fetcher), **options)
        finally:
            for message in () if fetcher is None else fetcher.said:
                click.echo(message, err=True)

    return wrapped
