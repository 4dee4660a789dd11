"""The kustomization file: finding it, reading it strictly, and where in it something stands."""

from __future__ import annotations

from typing import Any, NamedTuple

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.reader import decode as decode_text
from compiler.kustomize.strict import decode
from compiler.kustomize.yaml11 import read_yaml11

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_DEPRECATED = (
    ("bases", "resources", ""),
    ("commonLabels", "labels", ""),
    ("imageTags", "images", ""),
    ("patchesJson6902", "patches", ""),
    ("patchesStrategicMerge", "patches", ""),
    ("vars", "replacements", "[EXPERIMENTAL] "),
)


class Kustomization(NamedTuple):
    """A kustomization file, read.

    Args:
        path: the file, relative to the tree's root.
        fields: its fields by canonical name; null ones are absent.
        text: its source, to find lines in.
        warnings: what the real tool says about deprecated fields, and what we noticed.
    """

    path: str
    fields: dict[str, Any]
    text: str
    warnings: tuple[str, ...]

    @property
    def is_component(self) -> bool:
        """Whether it is a Component."""
        return bool(self.fields["kind"] == "Component")

    def get(self, name: str) -> Any:
        """A field, or None."""
        return self.fields.get(name)

    def items(self, name: str) -> list[Any]:
        """A list field, empty when absent."""
        found = self.fields.get(name)
        return found if isinstance(found, list) else []

    def place(self, error: KustomizeError, field: str, index: int | None = None) -> KustomizeError:
        """Put the place of a field into an error that has none yet; a field that begins with a dot lies below it."""
        path = field if index is None else f"{field}[{index}]"
        if error.field is not None and error.field[:1] == ".":
            error.field = path + error.field
        if error.field is not None:
            if error.path is None and error.field.startswith(field):
                error.at(self.path, line=line_of(self.text, error.field))
            return error
        if error.path is None:
            error.at(self.path, line=line_of(self.text, path))
        return error.at(field=path)


def read_kustomization(content: bytes, path: str, folder: str) -> Kustomization:
    """Read a kustomization file.

    Raises:
        KustomizeError: it is malformed, has an unknown field or a wrong type, or is empty.
    """
    text = ""
    try:
        text = decode_text(content)
        data, _, duplicate = read_yaml11(text)
    except KustomizeError as error:
        error.message = "invalid Kustomization: " + error.message.removeprefix("MalformedYAMLError: ")
        raise error.at(path) from None
    if data is not None and not isinstance(data, dict):
        raise KustomizeError(
            f"invalid Kustomization: json: cannot unmarshal {'array' if isinstance(data, list) else 'value'} "
            "into Go value of type types.Kustomization",
            path=path,
            line=1,
            hint="a kustomization is a map",
        )
    try:
        fields = decode(data, "Kustomization")
    except KustomizeError as error:
        raise error.at(path, line=line_of(text, error.field or "")) from None
    warnings = [_deprecation(name, new, tag) for name, new, tag in _DEPRECATED if name in fields]
    if duplicate is not None:
        warnings.append(f"# Warning: {path}:{duplicate[1]}: {duplicate[0]}; the last one counts")
    _fix(fields)
    _enforce(fields, path, folder, text)
    return Kustomization(path, fields, text, tuple(warnings))


def _deprecation(name: str, new: str, tag: str) -> str:
    return (
        f"# Warning: '{name}' is deprecated. Please use '{new}' instead. "
        f"{tag}Run 'kustomize edit fix' to update your Kustomization automatically."
    )


def _fix(fields: dict[str, Any]) -> None:
    fields["_empty"] = not any(name not in ("apiVersion", "kind") for name in fields)
    fields.setdefault("kind", "Kustomization")
    fields["kind"] = fields["kind"] or "Kustomization"
    if not fields.get("apiVersion"):
        version = "v1alpha1" if fields["kind"] == "Component" else "v1beta1"
        fields["apiVersion"] = f"kustomize.config.k8s.io/{version}"
    for old, new in (("bases", "resources"), ("imageTags", "images")):
        if old in fields:
            fields[new] = [*fields.get(new, []), *fields.pop(old)]
    _fix_charts(fields)
    for name in ("configMapGenerator", "secretGenerator"):
        for entry in fields.get(name, ()):
            if entry.get("env"):
                entry["envs"] = [*entry.get("envs", []), entry.pop("env")]


_CHART_FIELDS = {
    "name": "chartName",
    "version": "chartVersion",
    "repo": "chartRepoUrl",
    "valuesFile": "values",
    "valuesInline": "valuesLocal",
    "valuesMerge": "valuesMerge",
    "releaseName": "releaseName",
}


def _fix_charts(fields: dict[str, Any]) -> None:
    """Turn ``helmChartInflationGenerator`` into helmCharts; the real tool drops the fields that have no successor."""
    old = fields.pop("helmChartInflationGenerator", None)
    if not old:
        return
    charts = [{new: entry[name] for new, name in _CHART_FIELDS.items() if entry.get(name)} for entry in old]
    fields["helmCharts"] = [*fields.get("helmCharts", ()), *charts]
    common: dict[str, str] = {}
    for entry in old:
        for new, name in (("configHome", "helmHome"), ("chartHome", "chartHome")):
            if entry.get(name):
                common[new] = entry[name]
    if common and "helmGlobals" not in fields:
        fields["helmGlobals"] = common


def _enforce(fields: dict[str, Any], path: str, folder: str, text: str) -> None:
    wrong = []
    if fields["kind"] not in ("Kustomization", "Component"):
        wrong.append(("kind", "kind should be Kustomization or Component"))
    version = "v1alpha1" if fields["kind"] == "Component" else "v1beta1"
    if fields["apiVersion"] != f"kustomize.config.k8s.io/{version}":
        kind = "Component" if fields["kind"] == "Component" else "Kustomization"
        wrong.append(("apiVersion", f"apiVersion for {kind} should be kustomize.config.k8s.io/{version}"))
    if wrong:
        raise KustomizeError(
            f"Failed to read kustomization file under {folder}:\n" + "\n".join(said for _, said in wrong),
            path=path,
            line=line_of(text, wrong[0][0]),
            field=wrong[0][0],
        )
    if fields.pop("_empty"):
        raise KustomizeError("kustomization.yaml is empty", path=path, hint="list something under resources")


_STEP = Pattern(r"\[(\d+)\]|([^.\[]+)")


def line_of(text: str, field: str) -> int | None:
    """The 1-based line of a field path such as ``patches[2].target`` in the first document of a file, as near as it can
    be found.
    """
    import yaml
    from yaml import CSafeLoader

    try:
        node = next(iter(yaml.compose_all(text, Loader=CSafeLoader)), None)
    except (yaml.YAMLError, RecursionError):
        return None
    line: int | None = node.start_mark.line + 1 if node is not None else None
    for index, name in _STEP.findall(field):
        if index:
            if not isinstance(node, yaml.SequenceNode) or int(index) >= len(node.value):
                return line
            node = node.value[int(index)]
            line = node.start_mark.line + 1
            continue
        if not isinstance(node, yaml.MappingNode):
            return line
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value.lower() == name.lower():
                node, line = value, key.start_mark.line + 1
                break
        else:
            return line
    return line
