"""``helmCharts`` and ``HelmChartInflationGenerator``: charts become objects through helm (kustomize.md, 16.6)."""

from __future__ import annotations

import os
import posixpath
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from compiler.kustomize.bookkeeping import HELM_GENERATED
from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.generators import Generated
from compiler.kustomize.helmtool import Helm, template_arguments
from compiler.kustomize.identity import Origin
from compiler.kustomize.kustfile import Kustomization, line_of
from compiler.kustomize.loader import Loader
from compiler.kustomize.merge import merge_resource
from compiler.kustomize.mergekeys import unmerged
from compiler.kustomize.misfit import Misfit
from compiler.kustomize.reader import decode, read_document, read_documents
from compiler.kustomize.resfile import make_resources
from compiler.kustomize.resource import Resource, Resources
from compiler.kustomize.scalars import Scalar
from compiler.kustomize.strict import text_for
from compiler.kustomize.structs import STRUCTS
from compiler.kustomize.tree import DirTree, Resolving, Tree
from compiler.kustomize.values import from_plain, value_of

if TYPE_CHECKING:
    from compiler.kustomize.accumulator import Settings

_MERGES = ("merge", "override", "replace")


def inflate(file: Kustomization, loader: Loader, settings: Settings) -> list[tuple[str, int | None, Resource]]:
    """The objects of every entry of ``helmCharts``.

    Raises:
        KustomizeError: helm is not enabled or fails, or an entry is wrong.
    """
    made: list[tuple[str, int | None, Resource]] = []
    common = file.get("helmGlobals") or {}
    for index, chart in enumerate(file.items("helmCharts")):
        entry = {**common, **chart, "namespace": chart.get("namespace") or loader.namespace}
        origin = Origin(file.path, line_of(file.text, f"helmCharts[{index}]") or 1)
        try:
            objects = chart_objects(entry, loader, settings, origin)
        except KustomizeError as error:
            raise file.place(error, "helmCharts", index) from None
        made.extend(("helmCharts", index, resource) for resource in objects)
    return made


def chart_objects(chart: Mapping[str, Any], loader: Loader, settings: Settings, origin: Origin) -> list[Resource]:
    """The objects of one chart.

    Args:
        chart: an entry of ``helmCharts`` with the fields of ``helmGlobals``.
        origin: where the entry stands.

    Raises:
        KustomizeError: helm is not enabled or fails, or the entry is wrong.
    """
    if not settings.enable_helm:
        raise KustomizeError(
            "trouble configuring builtin HelmChartInflationGenerator: must specify --enable-helm",
            hint="give --enable-helm, or render the chart once and commit the result",
        )
    _check(chart, loader)
    with tempfile.TemporaryDirectory(prefix="compiler-helm-") as scratch:
        helm = Helm(settings.helm_command, chart.get("configHome") or f"{scratch}/helm")
        if settings.helm_command not in settings.helm_checked:
            helm.check_version()
            settings.helm_checked.add(settings.helm_command)
        home = _locate(chart, loader, helm, scratch, keep=settings.keep_charts)
        values = [_values_file(chart, home, loader, scratch), *_more_values(chart, loader, scratch)]
        text = helm.run(template_arguments(chart, home, values))
    try:
        resources = make_resources(read_documents(text), origin.path)
        Resources().extend(resources)
    except KustomizeError as error:
        line = f" (line {error.line} of what helm printed)" if error.line else ""
        raise KustomizeError(
            f"could not parse what helm made of chart '{chart['name']}': {error.message}{line}",
            hint="run helm template, and see what the chart prints",
        ) from None
    for resource in resources:
        resource.origin = origin
        resource.generator = Generated("unspecified", hashed=False, by={"kind": "HelmChartInflationGenerator"})
        _mark(resource)
    return resources


def _mark(resource: Resource) -> None:
    """Mark an object as helm's, as the real tool does: ``namespace`` passes it by."""
    metadata = resource.node.get("metadata")
    if type(metadata) is not dict:
        metadata = resource.node["metadata"] = {}
    annotations = metadata.get("annotations")
    if type(annotations) is not dict:
        annotations = metadata["annotations"] = {}
    annotations[HELM_GENERATED] = "true"


def _check(chart: Mapping[str, Any], loader: Loader) -> None:
    name, release = chart.get("name", ""), chart.get("releaseName", "")
    if not name:
        raise KustomizeError("chart name cannot be empty", hint="add a name")
    if "/" in name or name.startswith(("-", ".")):
        raise KustomizeError(
            f"failed to write values file: '{name}' is no name of a chart", hint="put the address into repo"
        )
    if release.startswith("-"):
        raise KustomizeError(f"'{release}' is no name of a release: helm would read an option", hint="correct it")
    if (chart.get("valuesMerge") or "override") not in _MERGES:
        raise KustomizeError(f"valuesMerge must be one of [{' '.join(_MERGES)}]")
    for path in chart.get("additionalValuesFiles", ()):
        try:
            loader.load(path)
        except KustomizeError as error:
            error.message = f"could not load additionalValuesFile: {error.message}"
            raise


def _home(chart: Mapping[str, Any]) -> str:
    """Where the chart's folder is or will be, relative to the kustomization."""
    home: str = chart.get("chartHome") or "charts"
    if chart.get("version") and chart.get("repo"):
        return posixpath.join(home, f"{chart['name']}-{chart['version']}")
    return home


def _locate(chart: Mapping[str, Any], loader: Loader, helm: Helm, scratch: str, *, keep: bool) -> str:
    """The folder on disk that holds the chart, fetched if it is not there."""
    tree, path = loader.tree, posixpath.normpath(posixpath.join("/", loader.root, _home(chart))).lstrip("/")
    on_disk = f"{'' if tree.root_is_filesystem else tree.folder}/{path}" if isinstance(tree, DirTree) else None
    if tree.is_dir(posixpath.join(path, chart["name"])):
        if on_disk is not None:
            return on_disk
        _export(tree, posixpath.join(path, chart["name"]), f"{scratch}/charts/{chart['name']}")
        return f"{scratch}/charts"
    if not chart.get("repo"):
        raise KustomizeError(
            f"no repo specified for pull, no chart found at '{posixpath.join(path, chart['name'])}'",
            hint=f"put the chart into {_home(chart)}, or add repo and version",
        )
    home = on_disk if keep and on_disk is not None else f"{scratch}/charts"
    helm.pull(chart, home)
    return home


def _export(tree: Tree, path: str, to: str) -> None:
    """Copy a folder of a tree to disk; a link to a file becomes the file, one to a folder is left out."""
    os.makedirs(to)
    real = tree.resolve(path) if isinstance(tree, Resolving) else path
    for name in tree.listdir(real):
        below = f"{real}/{name}"
        if tree.is_dir(below):
            if isinstance(tree, Resolving) and tree.resolve(below) != below:
                continue
            _export(tree, below, f"{to}/{name}")
        elif tree.is_file(below):
            with open(f"{to}/{name}", "wb") as file:
                file.write(tree.read(below))


def _values_file(chart: Mapping[str, Any], home: str, loader: Loader, scratch: str) -> str:
    """A file with the chart's values: those of ``valuesFile``, else the chart's own, and ``valuesInline``."""
    inline, how = _as_texts(chart.get("valuesInline") or {}), chart.get("valuesMerge") or "override"
    if inline and how == "replace":
        return _written(inline, scratch)
    content = _base_values(chart, home, loader, scratch)
    if inline:
        return _written(_merged(content, inline, over=how == "override"), scratch)
    path = f"{scratch}/values.yaml"
    with open(path, "wb") as file:
        file.write(content)
    return path


_NO_VALUES = "the chart has no values.yaml: add an empty one, or name a valuesFile"


def _base_values(chart: Mapping[str, Any], home: str, loader: Loader, scratch: str) -> bytes:
    named, own = chart.get("valuesFile"), posixpath.join(_home(chart), chart["name"], "values.yaml")
    if not named and home == f"{scratch}/charts" and not loader.tree.is_file(posixpath.join(loader.root, own)):
        fetched = f"{home}/{chart['name']}/values.yaml"
        if not os.path.isfile(fetched):
            raise KustomizeError(f"evalsymlink failure on '{own}' : no such file or directory", hint=_NO_VALUES)
        with open(fetched, "rb") as file:
            return file.read()
    try:
        return loader.load(named or own)[0]
    except KustomizeError as error:
        if not named:
            error.at(hint=_NO_VALUES)
        raise


def _merged(content: bytes, inline: dict[str, Any], *, over: bool) -> Any:
    document = read_document(decode(content))
    if document is None or document.node is None:
        raise KustomizeError(
            "could not parse values file into rnode: EOF", hint="the values file is empty: use valuesMerge: replace"
        )
    if type(document.node) is not dict:
        raise KustomizeError("could not merge values: wrong node kind: expected MappingNode", hint="values are a map")
    given, own = from_plain(inline), document.node
    try:
        merged = merge_resource(own, given) if over else merge_resource(given, own)
    except Misfit as error:
        error.message = f"could not merge values: {error.message}: {error.where}"
        error.hint = "valuesInline has to fit the values of the chart"
        raise
    return {str(key): _decoded(value) for key, value in (merged or {}).items()}


def _decoded(node: Any) -> Any:
    """Plain data by the tags of scalars: one that took the quotes of another stays what it is."""
    if type(node) is dict:
        return {str(key): _decoded(value) for key, value in unmerged(node).items()}
    if type(node) is list:
        return [_decoded(value) for value in node]
    return value_of(Scalar(node.text, node.tag) if type(node) is Scalar and node.tag else node)


def _as_texts(inline: Mapping[str, Any]) -> dict[str, Any]:
    """Inline values with numbers and booleans as texts where the chart's own struct has a string of that name.

    The real tool's decoder (sigs.k8s.io/yaml) takes the struct that it embeds for the type of the field in it.
    """
    fields = {name.lower(): kind for name, kind in STRUCTS["HelmChart"].items()}

    def text(value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 1 << 53:
            value = _through_double(value)
        return text_for(value) if isinstance(value, bool | int | float) else value

    result: dict[str, Any] = {}
    for name, value in inline.items():
        kind = fields.get(name.lower())
        listed = isinstance(kind, list) and isinstance(value, list)
        result[name] = text(value) if kind == "string" else list(map(text, value)) if listed else value
    return result


def _through_double(value: int) -> int | float:
    """A number that JSON has carried as a double, with as many digits as tell that."""
    from decimal import Decimal

    rounded = float(value)
    whole = int(Decimal(repr(rounded)))
    return whole if -(1 << 63) <= whole < 1 << 64 else rounded


def _written(values: Any, scratch: str) -> str:
    import json

    path = f"{scratch}/values.yaml"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(values, file)
    return path


def _more_values(chart: Mapping[str, Any], loader: Loader, scratch: str) -> list[str]:
    found = []
    for index, path in enumerate(chart.get("additionalValuesFiles", ())):
        found.append(f"{scratch}/values-{index}.yaml")
        with open(found[-1], "wb") as file:
            file.write(loader.load(path)[0])
    return found
