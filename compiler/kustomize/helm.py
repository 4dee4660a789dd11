"""``helmCharts``: local charts through a helm binary, when that is enabled (kustomize.md, 16.6)."""

from __future__ import annotations

import os
import posixpath
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.kustfile import Kustomization
from compiler.kustomize.loader import Loader
from compiler.kustomize.reader import decode, read_document, read_documents
from compiler.kustomize.resfile import make_resources
from compiler.kustomize.resource import Resource
from compiler.kustomize.scalars import plain
from compiler.kustomize.tree import DirTree

if TYPE_CHECKING:
    from compiler.kustomize.pipeline import Settings

_TIMEOUT = 300


def inflate(file: Kustomization, loader: Loader, settings: Settings) -> list[tuple[str, int | None, Resource]]:
    """The objects of every chart.

    Raises:
        KustomizeError: helm is not enabled, or fails, or the chart would have to be fetched.
    """
    made: list[tuple[str, int | None, Resource]] = []
    if file.get("helmChartInflationGenerator"):
        raise KustomizeError(
            "helmChartInflationGenerator is not supported",
            path=file.path,
            field="helmChartInflationGenerator",
            hint="use helmCharts",
            unsupported=True,
        )
    home = (file.get("helmGlobals") or {}).get("chartHome") or "charts"
    for index, chart in enumerate(file.items("helmCharts")):
        settings.inflated.add(file.path)
        try:
            if not settings.enable_helm:
                raise KustomizeError(
                    "trouble configuring builtin HelmChartInflationGenerator: must specify --enable-helm",
                    hint="give --enable-helm, or render the chart once and commit the result",
                )
            text = _template(chart, home, loader, settings.helm_command)
            documents = read_documents(text)
            resources = make_resources(documents, file.path)
        except KustomizeError as error:
            raise file.place(error, "helmCharts", index) from None
        for resource in resources:
            from compiler.kustomize.generators import Generated

            resource.generator = Generated("create", hashed=False)
            made.append(("helmCharts", index, resource))
    return made


def _template(chart: Mapping[str, Any], home: str, loader: Loader, command: str) -> bytes:
    name = chart.get("name", "")
    if not name:
        raise KustomizeError("chart name cannot be empty", hint="add a name")
    if not isinstance(loader.tree, DirTree):
        raise KustomizeError(
            "helm charts are only inflated from files on disk", hint="build the folder", unsupported=True
        )
    base = Path(loader.tree.folder) / loader.root
    folder = base / home / name
    version = chart.get("version", "")
    if version and not folder.is_dir():
        folder = base / home / f"{name}-{version}" / name
    if not folder.is_dir():
        raise KustomizeError(
            f"no chart found at '{posixpath.join(home, name)}'",
            hint=f"charts are not fetched: put it there, e.g. `helm pull --untar --untardir {home} …`",
            unsupported=True,
        )
    with tempfile.TemporaryDirectory(prefix="compiler-helm-") as scratch:
        arguments = ["template", *_release(chart), str(folder)]
        if chart.get("namespace"):
            arguments += ["--namespace", chart["namespace"]]
        if chart.get("nameTemplate"):
            arguments += ["--name-template", chart["nameTemplate"]]
        for path in _values(chart, folder, loader, scratch):
            arguments += ["-f", path]
        for version_name in chart.get("apiVersions", ()):
            arguments += ["--api-versions", version_name]
        if chart.get("kubeVersion"):
            arguments += ["--kube-version", chart["kubeVersion"]]
        flags = {"includeCRDs": "--include-crds", "skipTests": "--skip-tests", "skipHooks": "--no-hooks"}
        flags.update({"debug": "--debug", "devel": "--devel"})
        arguments += [flag for field, flag in flags.items() if chart.get(field)]
        return _run(command, arguments, scratch)


def _release(chart: Mapping[str, Any]) -> list[str]:
    return [chart["releaseName"]] if chart.get("releaseName") else ["--generate-name"]


def _values(chart: Mapping[str, Any], folder: Any, loader: Loader, scratch: str) -> list[str]:
    named = chart.get("valuesFile")
    if named:
        content = loader.load(named)[0]
    else:
        default = folder / "values.yaml"
        content = default.read_bytes() if default.is_file() else b""
    inline = chart.get("valuesInline")
    merge = chart.get("valuesMerge") or "override"
    if merge not in ("override", "replace", "merge"):
        raise KustomizeError("valuesMerge must be one of override, replace, merge")
    if inline:
        import json

        document = read_document(decode(content))
        values = plain(document.node) if document is not None and isinstance(document.node, dict) else {}
        if merge == "replace":
            values = inline
        else:
            values = _merged(values, inline) if merge == "override" else _merged(inline, values)
        content = json.dumps(values).encode()
    first = os.path.join(scratch, "values.yaml")
    with open(first, "wb") as file:
        file.write(content)
    found = [first]
    for path in chart.get("additionalValuesFiles", ()):
        found.append(
            os.path.join(loader.tree.folder, loader.locate(path)) if isinstance(loader.tree, DirTree) else path
        )
    return found


def _merged(under: Any, over: Any) -> Any:
    if isinstance(under, dict) and isinstance(over, dict):
        # A null takes the value away, as in a strategic merge.
        kept = {key: value for key, value in under.items() if over.get(key, value) is not None or value is None}
        new = {key: _merged(kept.get(key), value) for key, value in over.items() if value is not None}
        return {**kept, **new}
    return over


def _run(command: str, arguments: list[str], scratch: str) -> bytes:
    environment = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME")},
        **{f"HELM_{kind}_HOME": os.path.join(scratch, kind.lower()) for kind in ("CONFIG", "CACHE", "DATA")},
    }
    try:
        done = subprocess.run(
            [command, *arguments], capture_output=True, check=False, env=environment, timeout=_TIMEOUT
        )
    except OSError as error:
        raise KustomizeError(
            f"unable to run '{command}': {error.strerror}", hint="name it with --helm-command"
        ) from None
    except subprocess.TimeoutExpired:
        raise KustomizeError(f"'{command}' took more than {_TIMEOUT} s") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise KustomizeError(f"unable to run: '{command} {' '.join(arguments)}': {said}")
    return done.stdout
