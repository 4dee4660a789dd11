"""Hold the compact tables against the schemas that they were made from, with generated objects.

In an environment of its own (jsonschema and kubernetes-validate are no dependencies of ours)::

    python -m tests.tools.compare_schemas /tmp/schemas/kubernetes_validate-*.whl [--objects 20]

For every kind of every version it generates objects from the *source* schema, breaks each of them in one place, and
compares the verdict of jsonschema with ours. We are stricter on purpose in what OpenAPI does not say (quantities,
base64, times, ranges, enumerations, repeated keys, null inside lists and maps) and take null for every optional field,
as the API server does: generated values keep clear of the first, and the second is not generated. Any other difference
fails.
"""

from __future__ import annotations

import argparse
import copy
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped,unused-ignore]

from compiler.check.schema.tables import load_tables
from compiler.check.schema.validator import Faults, Validator
from compiler.k8s.versions import SUPPORTED_KUBERNETES
from tests.tools.make_schemas import REFERENCE, SPECIAL, kinds_of, read_definitions, short
from tests.tools.schema_enums import ENUMS

DEPTH = 6
JUNK: tuple[Any, ...] = ("text", 7, True, [], {}, ["x"], {"unknownField": 1}, 1.5)


class Source:
    """The schemas of one version as the package has them."""

    def __init__(self, wheel: Path, version: str) -> None:
        self.definitions = read_definitions(wheel, version)
        self.kinds = dict(kinds_of(self.definitions))
        self.full = {short(name): name for name in self.definitions}

    def accepts(self, definition: str, obj: Any) -> bool:
        """jsonschema's verdict."""
        root = {"$ref": f"{REFERENCE}{self.full[definition]}", "$defs": self.definitions}
        return bool(jsonschema.Draft202012Validator(root).is_valid(obj))

    def generate(self, schema: dict[str, Any], rng: random.Random, depth: int, owner: str = "", field: str = "") -> Any:
        """A value that the schema admits, and that keeps clear of where we are stricter."""
        if "$ref" in schema:
            name = short(schema["$ref"].removeprefix(REFERENCE))
            if name in SPECIAL:
                return rng.choice([1, "2"])
            return self.generate(self.definitions[self.full[name]], rng, depth, name)
        kinds = schema.get("type", "object")
        kind = next(one for one in kinds if one != "null") if isinstance(kinds, list) else kinds
        if kind == "object" and "properties" in schema:
            return self._object(schema, rng, depth, owner)
        if kind == "object":
            values = schema.get("additionalProperties")
            return {"key": self.generate(values, rng, depth - 1)} if isinstance(values, dict) else {}
        if kind == "array":
            return [self.generate(schema.get("items", {}), rng, depth - 1, owner, field)] if depth > 0 else []
        if kind == "string":
            return self._string(schema, owner, field)
        return {"integer": 3, "number": 0.5, "boolean": True}[kind]

    def _object(self, schema: dict[str, Any], rng: random.Random, depth: int, owner: str) -> dict[str, Any]:
        required = set(schema.get("required", ()))
        made = {}
        for name, value in schema["properties"].items():
            if name in required or (depth > 0 and rng.random() < 0.5):
                made[name] = self.generate(value, rng, depth - 1, owner, name)
        return made

    @staticmethod
    def _string(schema: dict[str, Any], owner: str, field: str) -> str:
        if "enum" in schema:
            return str(schema["enum"][0])
        if (owner, field) in ENUMS:
            return ENUMS[owner, field][0]
        return {"byte": "AAAA", "date-time": "2026-01-31T12:00:00Z"}.get(schema.get("format", ""), "text")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place inside ``value``."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield (*path, key)
        yield from places(item, (*path, key))


def broken(obj: Any, rng: random.Random) -> Any:
    """A copy with one place replaced, removed or added to.

    What we look kinds up by stays: the source has enumerations for it.
    """
    made = copy.deepcopy(obj)
    choices = [place for place in places(made) if place[-1] not in ("apiVersion", "kind")]
    if not choices:
        return made | {"unknownField": 1}
    where = rng.choice(choices)
    holder = made
    for key in where[:-1]:
        holder = holder[key]
    match rng.randrange(3):
        case 0:
            del holder[where[-1]]
        case 1 if isinstance(holder, dict):
            holder["unknownField"] = 1
        case _:
            holder[where[-1]] = rng.choice(JUNK)
    return made


OURS_ALONE = {"schema/format", "schema/value", "schema/duplicate-item"}
"""Rules that ask for more than OpenAPI says."""


def compare(wheel: Path, version: str, objects: int) -> tuple[int, int, list[str]]:
    """How many verdicts were compared, how many of them were rejections, and the differences."""
    source, ours, rng = Source(wheel, version), Validator(load_tables(version)), random.Random(version)
    compared = rejected = 0
    differences = []
    for kind, definition in source.kinds.items():
        for number in range(objects):
            obj = source.generate(source.definitions[source.full[definition]], rng, DEPTH)
            obj["apiVersion"], _, obj["kind"] = kind.rpartition("/")
            for candidate in (obj, broken(obj, rng)):
                faults = Faults()
                ours.check(kind, candidate, faults)
                accepted = source.accepts(definition, candidate)
                strict = [fault for fault in faults.found if fault[0] not in OURS_ALONE]
                compared += 1
                rejected += not accepted
                if accepted == bool(strict) or (not accepted and not faults.found):
                    differences.append(
                        f"{version} {kind} #{number}: source accepts={accepted}, ours: {faults.found[:2]}"
                    )
    return compared, rejected, differences


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--objects", type=int, default=10, help="objects for each kind of each version")
    arguments = parser.parse_args()
    failed = 0
    for version in SUPPORTED_KUBERNETES:
        compared, rejected, differences = compare(arguments.wheel, version, arguments.objects)
        print(f"{version}: {compared} verdicts ({rejected} rejections), {len(differences)} differences", flush=True)
        print("\n".join(differences[:10]))
        failed += len(differences)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
