"""The helm binary: which one, its version, fetching a chart, printing a chart's objects."""

from __future__ import annotations

import os
import posixpath
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.lazy import Pattern

_TIMEOUT = 300
_VERSION = Pattern(r"v?\d+(\.\d+)+")
_FLAGS = {
    "includeCRDs": "--include-crds",
    "skipTests": "--skip-tests",
    "skipHooks": "--no-hooks",
    "debug": "--debug",
}


class Helm:
    """A helm binary.

    Args:
        command: its name or path.
        home: where helm keeps its configuration, cache and data; as ``HELM_CONFIG_HOME``.
    """

    def __init__(self, command: str, home: str) -> None:
        self.command = command
        self._home = {
            "HELM_CONFIG_HOME": home,
            "HELM_CACHE_HOME": f"{home}/.cache",
            "HELM_DATA_HOME": f"{home}/.data",
        }

    def run(self, arguments: Sequence[str]) -> bytes:
        """What a command prints.

        Raises:
            KustomizeError: the binary is missing, fails, or takes longer than 300 s.
        """
        shown = f"'{self.command} {' '.join(arguments)}'"
        try:
            done = subprocess.run(
                [self.command, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                env={**os.environ, **self._home},
                timeout=_TIMEOUT,
            )
        except OSError as error:
            raise KustomizeError(
                f"unable to run: {shown} (is '{self.command}' installed?): {error.strerror}",
                hint="install helm, or name it with --helm-command",
            ) from None
        except subprocess.TimeoutExpired:
            raise KustomizeError(f"unable to run: {shown}: it took more than {_TIMEOUT} s") from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise KustomizeError(f"{said}: unable to run: {shown}: exit status {done.returncode}")
        return done.stdout

    def check_version(self) -> None:
        """Refuse a helm that is neither version 3 nor 4.

        Raises:
            KustomizeError: it is another one, or does not say which.
        """
        said = self.run(["version", "--short"]).decode("utf-8", "replace")
        found = _VERSION.search(said)
        if found is None:
            raise KustomizeError(f"cannot find version string in {said}", hint="name helm with --helm-command")
        version = found.group().removeprefix("v")
        if version.partition(".")[0] not in ("3", "4"):
            raise KustomizeError(f"this plugin requires helm V3 or V4 but got v{version}")

    def pull(self, chart: Mapping[str, Any], home: str) -> None:
        """Fetch a chart into a folder, where it appears whole or not at all.

        Args:
            chart: the entry of ``helmCharts``, with a ``repo``.
            home: the folder; the chart becomes ``home/NAME``.

        Raises:
            KustomizeError: helm cannot fetch it.
        """
        try:
            os.makedirs(home, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".compiler-pull-", dir=home) as scratch:
                self.run(pull_arguments(chart, scratch))
                found, place = f"{scratch}/{chart['name']}", f"{home}/{chart['name']}"
                if not os.path.isdir(found):
                    names = ", ".join(sorted(os.listdir(scratch))) or "nothing"
                    raise KustomizeError(f"helm pull made {names} and no '{chart['name']}'", hint="correct the name")
                try:
                    os.rename(found, place)
                except OSError:
                    if not os.path.isdir(place):  # another process may have been first
                        raise
        except OSError as error:
            raise KustomizeError(f"cannot write the chart to {home}: {error.strerror or error}") from None


def pull_arguments(chart: Mapping[str, Any], folder: str) -> list[str]:
    """The arguments of ``helm pull`` for an entry of ``helmCharts``."""
    arguments = ["pull", "--untar", "--untardir", folder]
    repo: str = chart["repo"]
    if repo.startswith("oci://"):
        arguments.append(f"{repo.removesuffix('/')}/{chart['name']}")
    else:
        arguments += ["--repo", repo, chart["name"]]
    if chart.get("version"):
        arguments += ["--version", chart["version"]]
    if chart.get("devel"):
        arguments.append("--devel")
    return arguments


def template_arguments(chart: Mapping[str, Any], home: str, values: Sequence[str]) -> list[str]:
    """The arguments of ``helm template`` for an entry of ``helmCharts``.

    Args:
        home: the folder that the chart is in.
        values: the files with its values, the last one wins.
    """
    arguments = ["template", chart.get("releaseName") or "--generate-name", posixpath.join(home, chart["name"])]
    for field, flag in (("namespace", "--namespace"), ("nameTemplate", "--name-template")):
        if chart.get(field):
            arguments += [flag, chart[field]]
    for path in values:
        arguments += ["-f", path]
    for version in chart.get("apiVersions", ()):
        arguments += ["--api-versions", version]
    if chart.get("kubeVersion"):
        arguments += ["--kube-version", chart["kubeVersion"]]
    return arguments + [flag for field, flag in _FLAGS.items() if chart.get(field)]
