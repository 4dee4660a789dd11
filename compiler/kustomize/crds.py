"""``crds:``: OpenAPI definitions of kinds, whose extensions say what its fields are (kustomize.md, 16.4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from compiler.kustomize.config import Config, merge_references
from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.fieldspec import TABLES, FieldSpec, NameReference
from compiler.kustomize.loader import Loader
from compiler.kustomize.reader import decode
from compiler.kustomize.strict import json_type
from compiler.kustomize.yaml11 import read_yaml11

_Fields: TypeAlias = Mapping[str, Mapping[str, Any]]


def read_crds(path: str, loader: Loader) -> Config:
    """A file of ``crds:``.

    Raises:
        KustomizeError: it is no map of definitions (a CustomResourceDefinition manifest is not one).
    """
    content, where = loader.load(path)
    try:
        definitions = _definitions(decode(content))
    except KustomizeError as error:
        error.message = f"unable to parse open API definition from '{path}': {error.message}"
        raise error.at(
            where, hint="crds: wants OpenAPI definitions; put CustomResourceDefinitions under resources:"
        ) from None
    walk = _Walk(definitions)
    for name, fields in definitions.items():
        if all(field in fields for field in ("apiVersion", "kind", "metadata")):
            walk.run(fields, name.rpartition(".")[2], (), (name,))
    tables = {name: tuple(specs) for name, specs in walk.tables.items()}
    return Config(tables, merge_references((), walk.references))


def _definitions(text: str) -> Mapping[str, _Fields]:
    """The fields of what a file defines. One that begins with a brace is JSON and nothing else."""
    if text.startswith("{"):
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise KustomizeError(
                f"what begins with a brace is JSON: {error}", line=getattr(error, "lineno", None)
            ) from None
    elif text:
        data = read_yaml11(text)[0]
    else:
        raise KustomizeError("the file is empty")
    return {
        name: _fields(entry, (name,), text)
        for name, entry in _json_map(data, (), "accumulator.nameToApiMap", text).items()
    }


def _fields(definition: Any, path: tuple[str, ...], text: str) -> _Fields:
    """The fields of a definition. Its own two names may be written in any case."""
    found: _Fields = {}
    for key, value in _json_map(definition, path, "accumulator.OpenAPIDefinition", text).items():
        if key.lower() == "schema" and value is not None:
            found = _schema(value, (*path, key), text)
        elif key.lower() == "dependencies" and not isinstance(value, list | None):
            raise _mismatch(value, (*path, key), "[]string", text)
    return found


def _schema(data: Any, path: tuple[str, ...], text: str) -> _Fields:
    fields = _json_map(data, path, "spec.Schema", text)
    if not isinstance(fields.get("type"), str | list | None):
        raise _mismatch(fields["type"], (*path, "type"), "spec.StringOrArray", text)
    below = (*path, "properties")
    found = _json_map(fields.get("properties"), below, "map[string]spec.Schema", text)
    for name, schema in found.items():
        _schema(schema, (*below, name), text)
    return {name: schema or {} for name, schema in found.items()}


def _json_map(data: Any, path: tuple[str, ...], kind: str, text: str) -> Mapping[str, Any]:
    if data is None or isinstance(data, dict):
        return data or {}
    raise _mismatch(data, path, kind, text)


def _mismatch(data: Any, path: tuple[str, ...], kind: str, text: str) -> KustomizeError:
    from compiler.kustomize.marks import compose, find

    return KustomizeError(
        "error unmarshaling JSON: while decoding JSON: "
        f"json: cannot unmarshal {json_type(data)} into Go value of type {kind}",
        line=find(compose(text), path)[0],
    )


class _Walk:
    """Gathers what the extensions say, along the references from definition to definition."""

    def __init__(self, definitions: Mapping[str, _Fields]) -> None:
        self.definitions = definitions
        self.tables: dict[str, list[FieldSpec]] = {name: [] for name in TABLES}
        self.references: list[NameReference] = []

    def run(self, fields: _Fields, kind: str, path: tuple[str, ...], seen: tuple[str, ...]) -> None:
        """Take in the fields below a path of a kind."""
        for field, schema in fields.items():
            here = (*path, field)
            spec = FieldSpec("", "", kind, "/".join(here))
            for table, extension in _EXTENSIONS:
                if isinstance(schema.get(extension), str):
                    self.tables[table].append(spec)
            version = schema.get("x-kubernetes-object-ref-api-version")
            target = schema.get("x-kubernetes-object-ref-kind")
            if isinstance(version, str) and isinstance(target, str):
                key = schema.get("x-kubernetes-object-ref-name-key")
                referrer = spec._replace(path="/".join((*here, key if isinstance(key, str) else "name")))
                self.references.append(NameReference("", version, target, (referrer,)))
            below = schema.get("$ref")
            if isinstance(below, str) and below in self.definitions and below not in seen:
                self.run(self.definitions[below], kind, here, (*seen, below))


_EXTENSIONS = (
    ("commonAnnotations", "x-kubernetes-annotation"),
    ("commonLabels", "x-kubernetes-label-selector"),
    ("namePrefix", "x-kubernetes-identity"),
)
