"""The schemas as functions: each type of the tables becomes a closure once, and is then called per value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from compiler.check.finding import Path
from compiler.check.schema.formats import FORMATS
from compiler.check.schema.tables import Tables, load_tables


@dataclass
class Faults:
    """What is wrong with one object.

    Args:
        secret: whether values must not be shown.
        sealed: whether sops' placeholders stand for values.
    """

    secret: bool = False
    sealed: bool = False
    found: list[tuple[str, Path, str]] = field(default_factory=list)

    def add(self, rule: str, path: Path, message: str) -> None:
        """Note a fault: the rule's id, the place and what was expected."""
        self.found.append((rule, path, message))

    def wrong_type(self, path: Path, expected: str, value: Any) -> None:
        """Note a value of the wrong type."""
        self.add("schema/type", path, f"expected {expected}, found {self.describe(value)}")

    def describe(self, value: Any) -> str:
        """The type of ``value`` in words, with its text where that is short and no secret."""
        kind = _WORDS.get(type(value), type(value).__name__)
        if isinstance(value, bool | int | float) and not self.secret:
            return f"{kind} {str(value).lower()}"
        if isinstance(value, str) and not self.secret and len(value) <= 40:
            return f'{kind} "{value}"'
        return kind


Check = Callable[[Any, Path, Faults], None]
_WORDS: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "a list",
    dict: "a map",
    type(None): "null",
}
_BOUNDS = {"i": 31, "l": 63}


class Validator:
    """The compiled schemas of one Kubernetes version; a definition is compiled when it is first met."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._types: dict[str, Check] = {}

    def check(self, kind: str, obj: Any, faults: Faults) -> bool:
        """Check an object of ``kind`` (``apps/v1/Deployment``); whether there is a schema for it."""
        name = self.tables.kinds.get(kind)
        if name is None:
            return False
        self.type(f"#{name}")(obj, (), faults)
        return True

    def type(self, text: str) -> Check:
        """The check of a type (the grammar stands in :mod:`.tables`)."""
        check = self._types.get(text)
        if check is None:
            check = self._types[text] = self._compile(text)
        return check

    def _compile(self, text: str) -> Check:
        match text[0]:
            case "#":
                return self._reference(text[1:])
            case "[":
                keys, _, item = text[1:].partition("]")
                return self._list(keys, item)
            case "{":
                return self._map(text[1:])
            case "=":
                return _enum(tuple(text[1:].split("|")))
            case _:
                return _SCALARS[text]

    def _reference(self, name: str) -> Check:
        body = self.tables.definitions[name]
        if isinstance(body, str):
            return self.type(body)
        types = {key.rstrip("!"): text for key, text in body.items()}
        required = tuple(key[:-1] for key in body if key.endswith("!"))
        checks: dict[str, Check] = {}  # filled as fields are met: most objects use few of a definition's fields

        def check(value: Any, path: Path, faults: Faults) -> None:
            if not isinstance(value, dict):
                faults.wrong_type(path, "a map", value)
                return
            for key, item in value.items():
                run = checks.get(key)
                if run is None:
                    text = types.get(key)
                    if text is None:
                        faults.add("schema/unknown-field", (*path, str(key)), _unknown(str(key), tuple(types)))
                        continue
                    run = checks[key] = self.type(text)
                if item is not None:
                    run(item, (*path, key), faults)
            for key in required:
                if value.get(key) is None:
                    faults.add("schema/required", (*path, key), f"required field {key} is missing")

        return check

    def _list(self, keys: str, item: str) -> Check:
        inner = self.type(item) if item[0] != "#" else None
        names = tuple(keys.split(",")) if keys not in ("", "=") else ()

        def check(value: Any, path: Path, faults: Faults) -> None:
            if not isinstance(value, list):
                faults.wrong_type(path, "a list", value)
                return
            run = inner or self.type(item)
            for index, one in enumerate(value):
                run(one, (*path, index), faults)
            if keys == "=":
                _distinct(value, path, faults)
            elif names:
                _distinct_by(names, value, path, faults)

        return check

    def _map(self, item: str) -> Check:
        def check(value: Any, path: Path, faults: Faults) -> None:
            if not isinstance(value, dict):
                faults.wrong_type(path, "a map", value)
                return
            run = self.type(item)
            for key, one in value.items():
                if not isinstance(key, str):
                    faults.wrong_type((*path, str(key)), "a string as key", key)
                run(one, (*path, str(key)), faults)

        return check


@lru_cache(maxsize=8)
def validator(version: str) -> Validator:
    """The validator of a Kubernetes minor version; CompilerError when there are no schemas for it."""
    return Validator(load_tables(version))


def nearest(word: str, words: tuple[str, ...]) -> str | None:
    """The one of ``words`` that ``word`` was probably meant to be."""
    from difflib import get_close_matches

    for other in words:
        if other.lower() == word.lower():
            return other
    return next(iter(get_close_matches(word, words, n=1, cutoff=0.7)), None)


def _unknown(key: str, known: tuple[str, ...]) -> str:
    meant = nearest(key, known)
    if meant:
        return f'unknown field "{key}"; did you mean "{meant}"?'
    listed = ", ".join(known) if len(known) <= 12 else f"{', '.join(known[:12])}, …"
    return f'unknown field "{key}"; known here: {listed}'


def _distinct(items: list[Any], path: Path, faults: Faults) -> None:
    seen: list[Any] = []
    for index, item in enumerate(items):
        if item in seen:
            faults.add("schema/duplicate-item", (*path, index), f"{faults.describe(item)} stands here twice")
        seen.append(item)


def _distinct_by(names: tuple[str, ...], items: list[Any], path: Path, faults: Faults) -> None:
    seen: set[str] = set()
    for index, item in enumerate(items):
        if isinstance(item, dict):
            values = [item.get(name, "TCP" if name == "protocol" else None) for name in names]
            key = repr(values)
            if key in seen:
                shown = ", ".join(f"{name} {faults.describe(value)}" for name, value in zip(names, values, strict=True))
                faults.add("schema/duplicate-item", (*path, index), f"an item with {shown} stands here twice")
            seen.add(key)


def _enum(values: tuple[str, ...]) -> Check:
    def check(value: Any, path: Path, faults: Faults) -> None:
        if not isinstance(value, str):
            faults.wrong_type(path, "a string", value)
        elif value not in values:
            meant = nearest(value, values)
            hint = f'; did you mean "{meant}"?' if meant else ""
            faults.add(
                "schema/value", path, f"expected one of {', '.join(values)}, found {faults.describe(value)}{hint}"
            )

    return check


def _string(value: Any, path: Path, faults: Faults) -> None:
    if not isinstance(value, str):
        hint = "; quote it" if isinstance(value, bool | int | float) else ""
        faults.add("schema/type", path, f"expected a string, found {faults.describe(value)}{hint}")


def _boolean(value: Any, path: Path, faults: Faults) -> None:
    if not isinstance(value, bool):
        faults.wrong_type(path, "a boolean", value)


def _number(value: Any, path: Path, faults: Faults) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        faults.wrong_type(path, "a number", value)


def _whole(value: Any) -> bool:
    """JSON has one kind of number: 3.0 is an integer to the API server."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


def _integer(letter: str) -> Check:
    bits = _BOUNDS[letter]

    def check(value: Any, path: Path, faults: Faults) -> None:
        if not _whole(value):
            faults.wrong_type(path, "an integer", value)
        elif not -(2**bits) <= value < 2**bits:
            faults.add("schema/value", path, f"{value} does not fit in {bits + 1} bits")

    return check


def _formatted(letter: str) -> Check:
    expected, matches = FORMATS[letter]

    def check(value: Any, path: Path, faults: Faults) -> None:
        if letter == "q" and isinstance(value, int | float) and not isinstance(value, bool):
            return
        if not isinstance(value, str):
            faults.wrong_type(path, expected, value)
        elif not matches(value) and not (faults.sealed and value.startswith("ENC[")):
            faults.add("schema/format", path, f"expected {expected}, found {faults.describe(value)}")

    return check


def _int_or_string(value: Any, path: Path, faults: Faults) -> None:
    if not isinstance(value, str) and not _whole(value):
        faults.wrong_type(path, "an integer or a string", value)


def _object(value: Any, path: Path, faults: Faults) -> None:
    if not isinstance(value, dict):
        faults.wrong_type(path, "a map", value)


def _anything(value: Any, path: Path, faults: Faults) -> None:
    del value, path, faults


_SCALARS: dict[str, Check] = {
    "s": _string,
    "b": _boolean,
    "n": _number,
    "i": _integer("i"),
    "l": _integer("l"),
    "q": _formatted("q"),
    "y": _formatted("y"),
    "t": _formatted("t"),
    "I": _int_or_string,
    "o": _object,
    "*": _anything,
}
