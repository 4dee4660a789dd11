"""``compiler build``."""

from __future__ import annotations

import click

from compiler.cli.render import Request, execute

_RESTRICTORS = ("LoadRestrictionsRootOnly", "LoadRestrictionsNone")


@click.command(name="build", short_help="Render overlays, byte for byte as `kustomize build` does.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path())
@click.option("-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True, help="Format.")
@click.option("--output-dir", type=click.Path(file_okay=False), help="Write one file per path here instead of stdout.")
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes for several paths.")
@click.option(
    "--load-restrictor",
    type=click.Choice(_RESTRICTORS),
    default=_RESTRICTORS[0],
    show_default=True,
    help="Whether files may lie outside their kustomization's folder.",
)
@click.option("--enable-helm", is_flag=True, help="Run helm for helmCharts; charts that it fetches stay in charts/.")
@click.option("--helm-command", default="helm", show_default=True, help="The helm binary.")
@click.option("--allow-remote", is_flag=True, help="Let git fetch remote bases, once for each commit.")
@click.option("--verify", is_flag=True, help="Compare with a kustomize or kubectl on PATH; exit 1 when they differ.")
def command(
    paths: tuple[str, ...],
    output: str,
    output_dir: str | None,
    jobs: int,
    load_restrictor: str,
    enable_helm: bool,
    helm_command: str,
    allow_remote: bool,
    verify: bool,
) -> int:
    """Render kustomizations as `kustomize build` 5.8.1 does.

    \b
    Example:
      compiler build overlays/prod
      compiler build overlays/* --output-dir build --jobs 4
      compiler build overlays/prod --allow-remote
      compiler build overlays/prod -o json | jq '.[].kind'
    """
    return execute(
        Request(
            paths=paths,
            output=output,
            output_dir=output_dir,
            jobs=jobs,
            restricted=load_restrictor == _RESTRICTORS[0],
            enable_helm=enable_helm,
            helm_command=helm_command,
            allow_remote=allow_remote,
            verify=verify,
        )
    )
