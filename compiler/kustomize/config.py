"""The transformer configuration: built-in tables, ``configurations:`` and ``crds:`` (kustomize.md, 16.3 and 16.4)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.fieldspec import (
    TABLES,
    FieldSpec,
    NameReference,
    Specs,
    default_references,
    defaults,
    merge_specs,
)
from compiler.kustomize.kustfile import line_of
from compiler.kustomize.loader import Loader
from compiler.kustomize.order import kind_rank
from compiler.kustomize.reader import decode
from compiler.kustomize.strict import decode as decode_struct
from compiler.kustomize.strict import json_type
from compiler.kustomize.yaml11 import read_yaml11


class Config(NamedTuple):
    """Which fields transformers touch.

    Args:
        tables: field specs by table.
        references: name references by target.
    """

    tables: Mapping[str, tuple[FieldSpec, ...]]
    references: tuple[NameReference, ...]

    def specs(self, table: str) -> Specs:
        """A table, ready to apply."""
        key = (id(self.tables), table)
        found = _memo.get(key)
        if found is None or found[0] is not self.tables:
            found = _memo[key] = (self.tables, Specs(self.tables[table]))
            if len(_memo) > _MAX_MEMO:
                _memo.clear()
        return found[1]


_MAX_MEMO = 1000
_memo: dict[tuple[int, str], tuple[Any, Specs]] = {}
_default: list[Config] = []


def default_config() -> Config:
    """The built-in configuration (one object, so that merging it with itself costs nothing)."""
    if not _default:
        _default.append(_sorted(dict(defaults()), default_references()))
    return _default[0]


@cache
def empty_config() -> Config:
    """What a kustomization knows before its resources are read: nothing."""
    return Config(dict.fromkeys(TABLES, ()), ())


def merged(config: Config, other: Config) -> Config:
    """Two configurations as one, in the order of the kinds.

    An entry for any kind is left out where one for a certain kind and the same path stands before it, but not the other
    way round: the order, and when what is merged, decide whether an entry adds to a built-in one or takes its place.

    Raises:
        KustomizeError: they disagree about creating a field.
    """
    if other is default_config() and (config is other or config is empty_config()):
        return other
    tables = {name: merge_specs(config.tables[name], other.tables.get(name, ()), name) for name in TABLES}
    return _sorted(tables, _merge_references(config.references, other.references))


def _sorted(tables: Mapping[str, Iterable[FieldSpec]], references: Iterable[NameReference]) -> Config:
    return Config(
        {name: tuple(sorted(specs, key=_place)) for name, specs in tables.items()},
        tuple(sorted(references, key=_place)),
    )


def _place(entry: FieldSpec | NameReference) -> tuple[int, str]:
    kind = entry.kind
    return kind_rank(kind), f"{entry.group or '~G'}_{entry.version or '~V'}_{kind or '~K'}"


def _merge_references(old: Iterable[NameReference], new: Iterable[NameReference]) -> tuple[NameReference, ...]:
    result = list(old)
    for reference in new:
        for i, known in enumerate(result):
            if known[:3] == reference[:3]:
                referrers = merge_specs(known.referrers, reference.referrers, "nameReference")
                result[i] = known._replace(referrers=referrers)
                break
        else:
            result.append(reference)
    return tuple(result)


def read_configuration(path: str, loader: Loader) -> Config:
    """A file of ``configurations:``.

    Raises:
        KustomizeError: it is malformed or has an unknown field.
    """
    content, where = loader.load(path)
    text = ""
    try:
        text = decode(content)
        data, _, duplicate = read_yaml11(text)
        if duplicate is not None:
            raise KustomizeError(
                f"error converting YAML to JSON: yaml: unmarshal errors:\n  line {duplicate[1]}: {duplicate[0]}",
                line=duplicate[1],
                hint="each field comes once",
            )
        fields = decode_struct(
            data, "TransformerConfig", what="error unmarshaling JSON: while decoding JSON: ", coerce=True
        )
    except KustomizeError as error:
        raise error.at(where, line=line_of(text, error.field) if error.field else None) from None
    tables = {name: tuple(_spec(entry) for entry in fields.get(name, ())) for name in TABLES}
    references = tuple(
        NameReference(
            entry.get("group", ""),
            entry.get("version", ""),
            entry.get("kind", ""),
            tuple(_spec(spec) for spec in entry.get("fieldSpecs", ())),
        )
        for entry in fields.get("nameReference", ())
    )
    return Config(tables, references)


def _spec(entry: Mapping[str, Any]) -> FieldSpec:
    return FieldSpec(
        entry.get("group", ""),
        entry.get("version", ""),
        entry.get("kind", ""),
        entry.get("path", ""),
        entry.get("create", False),
    )


def read_crds(path: str, loader: Loader) -> Config:
    """A file of ``crds:``: OpenAPI definitions whose extensions say what refers to what.

    Raises:
        KustomizeError: it is no map of definitions (a CustomResourceDefinition manifest is not one).
    """
    content, where = loader.load(path)
    try:
        schemas = _definitions(decode(content))
    except KustomizeError as error:
        error.message = f"unable to parse open API definition from '{path}': {error.message}"
        raise error.at(
            where, hint="crds: wants OpenAPI definitions; put CustomResourceDefinitions under resources:"
        ) from None
    tables: dict[str, list[FieldSpec]] = {name: [] for name in TABLES}
    references: list[NameReference] = []
    for name, schema in schemas.items():
        properties = schema.get("properties") or {}
        if not all(field in properties for field in ("apiVersion", "kind", "metadata")):
            continue
        kind = name.rpartition(".")[2]
        _crd_fields(schemas, properties, kind, (), tables, references, (name,))
    merged_references = _merge_references((), references)
    return Config({name: tuple(specs) for name, specs in tables.items()}, merged_references)


def _definitions(text: str) -> dict[str, Any]:
    """The schemas of a file of ``crds:``. One that begins with a brace is JSON and nothing else."""
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
    schemas = {}
    for name, entry in _json_map(data, (), "accumulator.nameToApiMap", text).items():
        fields = _json_map(entry, (name,), "accumulator.OpenAPIDefinition", text)
        field = "Schema" if "Schema" in fields else "schema"
        schemas[name] = _schema(fields.get(field), (name, field), text)
    return schemas


def _schema(data: Any, path: tuple[str, ...], text: str) -> dict[str, Any]:
    fields = _json_map(data, path, "spec.Schema", text)
    below = (*path, "properties")
    for name, schema in _json_map(fields.get("properties"), below, "map[string]spec.Schema", text).items():
        _schema(schema, (*below, name), text)
    return fields


def _json_map(data: Any, path: tuple[str, ...], kind: str, text: str) -> dict[str, Any]:
    if data is None or isinstance(data, dict):
        return data or {}
    from compiler.kustomize.marks import compose, find

    raise KustomizeError(
        "error unmarshaling JSON: while decoding JSON: "
        f"json: cannot unmarshal {json_type(data)} into Go value of type {kind}",
        line=find(compose(text), path)[0],
    )


def _crd_fields(
    schemas: Mapping[str, Any],
    properties: Mapping[str, Any],
    kind: str,
    path: tuple[str, ...],
    tables: dict[str, list[FieldSpec]],
    references: list[NameReference],
    seen: tuple[str, ...],
) -> None:
    for field, schema in properties.items():
        if not isinstance(schema, dict):
            continue
        here = (*path, field)
        spec = FieldSpec("", "", kind, "/".join(here))
        if "x-kubernetes-annotation" in schema:
            tables["commonAnnotations"].append(spec._replace(create=False))
        if "x-kubernetes-label-selector" in schema:
            tables["commonLabels"].append(spec)
        if "x-kubernetes-identity" in schema:
            tables["namePrefix"].append(spec)
        version = schema.get("x-kubernetes-object-ref-api-version")
        target = schema.get("x-kubernetes-object-ref-kind")
        if version is not None and target is not None:
            key = schema.get("x-kubernetes-object-ref-name-key") or "name"
            referrer = FieldSpec("", "", kind, "/".join((*here, str(key))))
            references.append(NameReference("", str(version), str(target), (referrer,)))
        below = str(schema.get("$ref", "")).removeprefix("#/definitions/")
        if below in schemas and below not in seen:
            nested = schemas[below].get("properties") or {}
            _crd_fields(schemas, nested, kind, here, tables, references, (*seen, below))
