"""Which keys a spec may have: the shape of the models, read from their fields."""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from compiler.spec.models import Section, Spec
from compiler.spec.node import Path, render


@dataclass(frozen=True)
class Key:
    """One key of a section.

    Args:
        name: as written in a file.
        info: pydantic's description of the field.
        section: the model of its value, when that is a section.
        members: the model of each value, when it is a map of sections under names of one's own.
    """

    name: str
    info: FieldInfo
    section: type[Section] | None
    members: type[Section] | None = None


@cache
def keys_of(section: type[Section]) -> dict[str, Key]:
    """The keys of ``section`` by name, in the model's order."""
    found = {}
    for field, info in section.model_fields.items():
        name = info.alias or field
        found[name] = Key(name, info, _section_in(info.annotation), _members_in(info.annotation))
    return found


def _members_in(annotation: Any) -> type[Section] | None:
    return _section_in(get_args(annotation)[1]) if get_origin(annotation) is dict else None


def _section_in(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    if get_origin(annotation) is Annotated:
        return _section_in(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return next((found for part in get_args(annotation) if (found := _section_in(part))), None)
    return None


def walk(section: type[Section] = Spec, path: Path = ()) -> Iterator[tuple[Path, Key]]:
    """Every key of the spec with its path, a section before its own keys."""
    for name, key in keys_of(section).items():
        yield (*path, name), key
        if key.section is not None:
            yield from walk(key.section, (*path, name))


@cache
def _places_by_name() -> dict[str, tuple[Path, ...]]:
    places: dict[str, tuple[Path, ...]] = {"extends": ((),)}
    for path, key in walk():
        places[key.name] = (*places.get(key.name, ()), path[:-1])
    return places


def suggest_key(name: str, section: type[Section]) -> str | None:
    """A hint for an unknown key: the nearest key of the section, or where a key of that name belongs."""
    known = [*keys_of(section), *(["extends"] if section is Spec else [])]
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).replace("-", "_").lower()
    near = nearest_word(snake, known)
    if near:
        return f'did you mean "{near}"?'
    places = _places_by_name().get(snake)
    if places and len(places) <= 4:
        names = " or ".join(f'"{render(place)}"' if place else "the top" for place in places)
        return f'"{snake}" is a key of {names}'
    return f"keys here are {', '.join(known)}"


def nearest_word(word: str, known: list[str]) -> str | None:
    """The one of ``known`` that ``word`` most likely meant, if any is near."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return near[0] if near else None
