"""The transformer configuration: built-in tables and ``configurations:`` (kustomize.md, 16.3)."""

from __future__ import annotations

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
from compiler.kustomize.order import gvk_text, kind_rank
from compiler.kustomize.reader import decode
from compiler.kustomize.strict import decode as decode_struct
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
    return _sorted(tables, merge_references(config.references, other.references))


def _sorted(tables: Mapping[str, Iterable[FieldSpec]], references: Iterable[NameReference]) -> Config:
    return Config(
        {name: tuple(sorted(specs, key=_place)) for name, specs in tables.items()},
        tuple(sorted(references, key=_place)),
    )


def _place(entry: FieldSpec | NameReference) -> tuple[int, str]:
    return kind_rank(entry.kind), gvk_text(entry.group, entry.version, entry.kind)


def merge_references(old: Iterable[NameReference], new: Iterable[NameReference]) -> tuple[NameReference, ...]:
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
    return _sorted(tables, references)


def _spec(entry: Mapping[str, Any]) -> FieldSpec:
    return FieldSpec(
        entry.get("group", ""),
        entry.get("version", ""),
        entry.get("kind", ""),
        entry.get("path", ""),
        entry.get("create", False),
    )
