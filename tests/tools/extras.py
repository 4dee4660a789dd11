"""Fields of a random kustomization that need files of their own, and JSON patches with odd pointers."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

Files = dict[str, str]

_POINTERS = (
    *("/metadata/annotations/a~1b", "/metadata/annotations/a~0b~1c", "/metadata/labels/x~01", "/spec/b/-"),
    *("/spec/b/0", "/spec/b/-1", "/spec/b/1", "/spec/b/7", "/spec/b/01", "/data/new", "/data/k", "data/k"),
    *("/spec/d/e", "/spec/", "/", "/spec/template/spec/containers/0/image"),
    *("/spec/template/spec/containers/-1/name", "/kind", "/metadata/namespace", "/spec/template/spec/containers/-"),
    *("/spec//x", "/metadata/name", "/spec/d/a~b", "/DATA/k", "", "/spec/ports/0/port"),
)
_VALUES: tuple[Any, ...] = (
    *("text", "5", "yes", 5, 1.5, 1e6, 1234567.5, True, None, [], {}, ["a", 1], {"k": "v", "n": None}, -0.0, 1e21),
    *(9007199254740993, "", " x ", "a\nb", "2020-01-01", {"name": "n", "image": "i"}, {"y": 1, "1": 2}, "<&>"),
    *("é\u2028",),
)


def json_patch(random: Random) -> str:
    """Operations on odd places."""
    operations = []
    for _ in range(random.randint(1, 3)):
        operation: dict[str, Any] = {
            "op": random.choice(("add", "add", "add", "replace", "remove", "test", "copy", "move")),
            "path": random.choice(_POINTERS),
        }
        if operation["op"] in ("copy", "move"):
            operation["from"] = random.choice(_POINTERS)
        elif operation["op"] != "remove" and random.random() < 0.97:
            operation["value"] = random.choice(_VALUES)
        operations.append(operation)
    if random.random() < 0.5:
        return json.dumps(operations)
    import yaml

    return str(yaml.safe_dump(operations, default_flow_style=random.choice((None, False))))


def add_extras(fields: dict[str, Any], folder: str, files: Files, random: Random) -> None:
    """Add fields to a kustomization, and the files that they name to its folder."""
    for make in _EXTRAS:
        if random.random() < 0.06:
            make(fields, folder, files, random)


def _patch(fields: dict[str, Any], folder: str, files: Files, random: Random) -> None:
    kind = random.choice(("Widget", "ConfigMap", "Deployment", "Service", "Secret"))
    entry: dict[str, Any] = {"target": {"kind": kind}}
    if random.random() < 0.5:
        files[f"{folder}/patch.yaml"] = json_patch(random)
        entry["path"] = "patch.yaml"
    else:
        entry["patch"] = json_patch(random)
    if random.random() < 0.2:
        entry["target"] = random.choice(
            (
                {"labelSelector": "app"},
                {"labelSelector": "app in (a,web),!x"},
                {"annotationSelector": "note"},
                {"annotationSelector": "note!=5"},
                {"kind": "Deploy.*|Widget", "name": "a|app"},
                {"namespace": "x|default"},
                {"version": "v1", "group": "apps"},
                {},
            )
        )
    fields.setdefault("patches", []).append(entry)


def _configurations(fields: dict[str, Any], folder: str, files: Files, random: Random) -> None:
    table = random.choice(
        (
            "namePrefix:\n- path: spec/a\n  kind: Widget\n",
            "nameReference:\n- kind: ConfigMap\n  fieldSpecs:\n  - path: spec/a\n    kind: Widget\n",
            "nameReference:\n- kind: Secret\n  version: v1\n  fieldSpecs:\n  - {path: spec/b, kind: Widget}\n",
            "commonLabels:\n- path: spec/d\n  create: true\n  kind: Widget\n",
            "commonAnnotations:\n- path: spec/note\n  create: true\n",
            "images:\n- path: spec/a\n  kind: Widget\n",
            "replicas:\n- path: spec/size\n  kind: Widget\n  create: true\n",
            "varReference:\n- path: spec/a\n- path: data\n  kind: ConfigMap\n",
            "namespace:\n- path: spec/ns\n  create: true\n  kind: Widget\n",
            "labels:\n- path: spec/labels\n  create: true\n  kind: Widget\n",
        )
    )
    files[f"{folder}/config.yaml"] = table
    fields["configurations"] = ["config.yaml"]


def _crds(fields: dict[str, Any], folder: str, files: Files, random: Random) -> None:
    reference = {
        "x-kubernetes-object-ref-api-version": "v1",
        "x-kubernetes-object-ref-kind": random.choice(("ConfigMap", "Secret", "Service")),
    }
    properties: dict[str, Any] = {
        "a": {"type": "string", **(reference if random.random() < 0.5 else {})},
        "d": {"type": "object", random.choice(("x-kubernetes-annotation", "x-kubernetes-label-selector")): ""},
    }
    if random.random() < 0.3:
        properties["a"] = {"x-kubernetes-object-ref-name-key": "e", **reference}
    widget = {
        "Schema": {
            "properties": {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                "metadata": {"type": "object"},
                "spec": {"$ref": "example.WidgetSpec"},
            }
        }
    }
    content = {"example.Widget": widget, "example.WidgetSpec": {"Schema": {"properties": properties}}}
    files[f"{folder}/crd.json"] = json.dumps(content)
    fields["crds"] = ["crd.json"]


def _openapi(fields: dict[str, Any], folder: str, files: Files, random: Random) -> None:
    listed = {
        "type": "array",
        "items": {"$ref": "#/definitions/Item"},
        "x-kubernetes-patch-strategy": random.choice(("merge", "merge,retainKeys", "replace")),
        **random.choice(
            ({"x-kubernetes-patch-merge-key": "name"}, {"x-kubernetes-list-map-keys": ["name", "port"]}, {})
        ),
    }
    gvk = {"group": "example.com", "version": "v1", "kind": "Widget"}
    schema = {
        "definitions": {
            "Widget": {
                "properties": {"spec": {"$ref": "#/definitions/Spec"}},
                "x-kubernetes-group-version-kind": [gvk],
            },
            "Spec": {"properties": {"b": listed, "items": listed}},
            "Item": {"properties": {"name": {"type": "string"}}},
        },
        "paths": {
            random.choice(("/widgets", "/namespaces/{namespace}/widgets")): {
                "get": {"x-kubernetes-group-version-kind": gvk}
            }
        },
    }
    files[f"{folder}/schema.json"] = json.dumps(schema)
    fields["openapi"] = {"path": "schema.json"}


def _generator_files(fields: dict[str, Any], folder: str, files: Files, random: Random) -> None:
    text = random.choice(
        ("A=1\nB = two \n#c\n\nC\n", "\ufeffX=y\r\nZ='q'\r\n", "K=v=w\n  L=\u00e9", "a b=c\nexport D=e\n")
    )
    files[f"{folder}/one.env"] = text
    files[f"{folder}/file.txt"] = random.choice(
        ("a\nb\n", "\ttab\n", "x" * 200, " lead\n", "a \nb", "\r\nx\r\n", "", "\n\n")
    )
    field = random.choice(("configMapGenerator", "secretGenerator"))
    sources: dict[str, Any] = random.choice(
        (
            {"envs": ["one.env"]},
            {"env": "one.env"},
            {"files": ["file.txt", "other=file.txt"]},
            {"envs": ["one.env"], "files": ["k.txt=file.txt"], "literals": ["l=x"]},
        )
    )
    options: dict[str, Any] = random.choice(
        ({}, {"annotations": {"z": "5"}}, {"labels": {"q": "yes"}, "immutable": True}, {"disableNameSuffixHash": True})
    )
    entry = {"name": f"files{random.randint(0, 999)}", **sources, "options": options}
    fields.setdefault(field, []).append(entry)


def _transformers(fields: dict[str, Any], folder: str, files: Files, random: Random) -> None:
    body = random.choice(
        (
            "kind: PrefixTransformer\nmetadata: {name: t}\nprefix: t-\nfieldSpecs:\n- path: metadata/name\n",
            "kind: LabelTransformer\nmetadata: {name: t}\nlabels: {t: 'yes'}\nfieldSpecs:\n"
            "- path: metadata/labels\n  create: true\n",
            "kind: AnnotationsTransformer\nmetadata: {name: t}\nannotations: {t: '5'}\nfieldSpecs:\n"
            "- path: metadata/annotations\n  create: true\n",
            "kind: NamespaceTransformer\nmetadata: {name: t, namespace: tns}\nunsetOnly: true\nfieldSpecs:\n"
            "- path: metadata/namespace\n  create: true\n",
            "kind: ImageTagTransformer\nmetadata: {name: t}\nimageTag: {name: nginx, newTag: t}\nfieldSpecs:\n"
            "- path: spec/template/spec/containers/image\n",
            "kind: PatchTransformer\nmetadata: {name: t}\ntarget: {kind: Widget}\n"
            "patch: '[{op: add, path: /spec/t, value: 1}]'\n",
            "kind: ReplicaCountTransformer\nmetadata: {name: t}\nreplica: {name: web, count: 5}\nfieldSpecs:\n"
            "- path: spec/replicas\n  kind: Deployment\n  create: true\n",
        )
    )
    files[f"{folder}/transformer.yaml"] = f"apiVersion: builtin\n{body}"
    fields["transformers"] = ["transformer.yaml"]


def _replacement_file(fields: dict[str, Any], folder: str, files: Files, random: Random) -> None:
    files[f"{folder}/replacement.yaml"] = (
        "source:\n  kind: " + random.choice(("ConfigMap", "Widget")) + "\n"
        f"  fieldPath: {random.choice(('metadata.name', 'data.k', 'spec.b.0', 'spec.d', 'spec.b'))}\n"
        + random.choice(("", "  options: {delimiter: '-', index: 0}\n", "  options: {delimiter: x, index: 1}\n"))
        + "targets:\n- select: {kind: "
        + random.choice(("Widget", "Deployment", ".*", "Config.*"))
        + "}\n  reject:\n  - {name: web}\n  fieldPaths:\n  - "
        + random.choice(
            ("spec.new", "spec.b.*", "spec.b.-", "spec.d.e", "metadata.labels.[app.x/y]", "spec.a", "data.k")
        )
        + "\n  options: "
        + random.choice(("{create: true}", "{create: true, delimiter: '-', index: 1}", "{delimiter: a, index: -1}"))
        + "\n"
    )
    fields["replacements"] = [{"path": "replacement.yaml"}]


_Extra = Callable[[dict[str, Any], str, Files, Random], None]
_EXTRAS: tuple[_Extra, ...] = (
    *(_patch, _patch, _configurations, _crds, _openapi, _generator_files, _transformers, _replacement_file),
)
