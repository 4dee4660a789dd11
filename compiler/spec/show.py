"""Showing an effective spec: every value with the layer it came from, as text, YAML or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from compiler.printable import printable
from compiler.spec.effective import EffectiveSpec
from compiler.spec.keys import keys_of
from compiler.spec.models import Section
from compiler.spec.node import Path, render


@dataclass(frozen=True)
class Value:
    """One value of the effective spec.

    Args:
        path: where it stands.
        value: plain data.
        source: ``overlays/prod/pulp.yaml:12``, ``environment production`` or ``default``.
    """

    path: Path
    value: Any
    source: str


def values(effective: EffectiveSpec) -> Iterator[Value]:
    """Every value in the order of the models; sections that are absent are left out."""
    yield from _section(effective, effective.spec, ())


def _section(effective: EffectiveSpec, section: Section, path: Path) -> Iterator[Value]:
    for name, field in zip(keys_of(type(section)), type(section).model_fields, strict=True):
        value = getattr(section, field)
        here = (*path, name)
        if isinstance(value, Section):
            yield from _section(effective, value, here)
        elif value is not None:
            yield from _free(effective, value, here)


def _free(effective: EffectiveSpec, value: Any, path: Path) -> Iterator[Value]:
    """Maps under names of one's own (labels, settings, Kubernetes objects, sections) by their entries, which may come
    from several layers."""
    if isinstance(value, Section):
        yield from _section(effective, value, path)
    elif isinstance(value, dict) and value:
        for name, child in value.items():
            yield from _free(effective, child, (*path, name))
    else:
        yield Value(path, value, effective.value_source(path))


def as_text(effective: EffectiveSpec) -> str:
    """Aligned lines: the value and its path on the left, the source on the right."""
    lines = [(f"{render(one.path)}: {_scalar(one.value)}", one.source) for one in values(effective)]
    width = min(max((len(left) for left, _ in lines), default=0), 60)
    return "".join(f"{printable(f'{left:<{width}}  # {source}')}\n" for left, source in lines)


def as_yaml(effective: EffectiveSpec) -> str:
    """The effective spec as YAML, without sources: it could be a layer that extends nothing."""
    from compiler.k8s.yaml import dump

    return dump(plain_spec(effective))


def as_json(effective: EffectiveSpec) -> str:
    """``{"folder", "layers", "spec", "values": [{"path", "value", "source"}]}``."""
    document = {
        "folder": effective.folder,
        "parent": effective.parent,
        "layers": list(effective.layers),
        "spec": plain_spec(effective),
        "values": [{"path": render(one.path), "value": one.value, "source": one.source} for one in values(effective)],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def plain_spec(effective: EffectiveSpec) -> dict[str, Any]:
    """The effective spec as plain data, keys as written in files, absent sections left out."""
    return effective.spec.model_dump(by_alias=True, exclude_none=True)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        first = value.splitlines()[0] if value else ""
        text = f"{first} …" if "\n" in value else value
        return json.dumps(text, ensure_ascii=False) if not text or _needs_quotes(value) else text
    return json.dumps(value, ensure_ascii=False)


def _needs_quotes(text: str) -> bool:
    from compiler.k8s.yaml import dump

    return "\n" not in text and dump(text).startswith('"')
