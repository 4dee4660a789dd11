"""``compiler spec``: the schema that editors use, the reference, and the effective spec of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from compiler.spec import EffectiveSpec


@click.group()
def command() -> None:
    """Show the effective spec, its schema and its reference.

    \b
    Example:
      compiler spec show overlays/prod
    """


@command.command()
def schema() -> int:
    """Print the JSON Schema (2020-12) of a layer, for editors.

    \b
    Example:
      compiler spec schema > pulp.schema.json
    """
    import json

    from compiler.spec.schema import layer_schema

    click.echo(json.dumps(layer_schema(), indent=2, ensure_ascii=False))
    return 0


@command.command()
def reference() -> int:
    """Print the reference of every key, as Markdown.

    \b
    Example:
      compiler spec reference > docs/spec.md
    """
    from compiler.spec.reference import reference as page

    click.echo(page(), nl=False)
    return 0


@command.command()
@click.argument("path", type=click.Path(), default=".")
@click.option("-o", "output", type=click.Choice(["text", "yaml", "json"]), default="text", help="Format (text).")
def show(path: str, output: str) -> int:
    """Print the effective spec of a folder: layers merged, defaults filled in.

    Text and JSON say for each value which layer it came from.

    \b
    Example:
      compiler spec show overlays/prod
      compiler spec show overlays/prod -o yaml
    """
    from compiler.spec.show import as_json, as_text, as_yaml

    effective = _load(path)
    click.echo({"text": as_text, "yaml": as_yaml, "json": as_json}[output](effective), nl=False)
    return 0


def _load(path: str) -> EffectiveSpec:
    """The effective spec of a folder (or of the ``pulp.yaml`` in it) of the repository around it."""
    from compiler.kustomize import DirTree
    from compiler.spec import FILE, load
    from compiler.workspace import Workspace

    place = Path(path).resolve()
    folder = place.parent if place.name == FILE else place
    root = Workspace.find(folder).root.resolve()
    return load(DirTree(root), folder.relative_to(root).as_posix())
