"""Strict decoding of plain data into the shape of :mod:`compiler.kustomize.structs`, as Go's JSON decoder does it."""

from __future__ import annotations

from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.structs import EMBEDDED, STRUCTS, Type

_names: dict[str, dict[str, str]] = {}


def decode(
    data: Any,
    kind: str,
    *,
    what: str = "invalid Kustomization: ",
    known_only: bool = True,
    coerce: bool = False,
    any_case: bool = True,
) -> dict[str, Any]:
    """A struct as a dict with the canonical names of its fields; absent and null fields are left out.

    Args:
        data: plain data (YAML 1.1).
        kind: the name of the struct.
        what: what errors begin with.
        known_only: refuse unknown fields.
        coerce: take numbers and booleans where strings are wanted, as sigs.k8s.io/yaml does for everything but the
            kustomization itself.
        any_case: names of fields match in any case.

    Raises:
        KustomizeError: an unknown field or a value of the wrong type, with its path as ``field``.
    """
    if data is None:
        return {}
    result = _decode(data, kind, kind, "", _Context(kind, what, known_only, coerce, any_case))
    assert isinstance(result, dict)  # noqa: S101 - a struct decodes to a dict
    return result


class _Context:
    def __init__(self, root: str, what: str, known_only: bool, coerce: bool, any_case: bool) -> None:
        self.root = root
        self.what = what
        self.known_only = known_only
        self.coerce = coerce
        self.any_case = any_case


def _decode(data: Any, kind: Type, struct: str, path: str, context: _Context) -> Any:
    if isinstance(kind, list):
        if not isinstance(data, list):
            raise _mismatch(data, kind, struct, path, context)
        return [
            _zero(kind[0]) if item is None else _decode(item, kind[0], struct, f"{path}[{i}]", context)
            for i, item in enumerate(data)
        ]
    if isinstance(kind, dict):
        if not isinstance(data, dict):
            raise _mismatch(data, kind, struct, path, context)
        return {
            key: _zero(kind[""]) if value is None else _decode(value, kind[""], struct, f"{path}.{key}", context)
            for key, value in data.items()
        }
    if kind == "string":
        if not isinstance(data, str):
            if not context.coerce or isinstance(data, list | dict):
                raise _mismatch(data, kind, struct, path, context)
            return text_for(data)
        return data
    if kind == "bool":
        if not isinstance(data, bool):
            raise _mismatch(data, kind, struct, path, context)
        return data
    if kind == "int64":
        if isinstance(data, float) and data.is_integer():
            data = int(data)
        if isinstance(data, bool) or not isinstance(data, int):
            raise _mismatch(data, kind, struct, path, context)
        return data
    if kind == "any":
        return data
    return _struct(data, kind, struct, path, context)


def _struct(data: Any, kind: str, struct: str, path: str, context: _Context) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise _mismatch(data, kind, struct, path, context)
    fields = STRUCTS[kind]
    lowered = _names.get(kind)
    if lowered is None:
        lowered = _names[kind] = {name.lower(): name for name in fields}
    coerce = context.coerce
    embedded = EMBEDDED.get(kind, ()) if coerce else ()
    result: dict[str, Any] = {}
    for key in sorted(data):
        name = key if key in fields else lowered.get(key.lower()) if context.any_case else None
        below = f"{path}.{key}" if path else key
        if name is None:
            if not context.known_only:
                continue
            raise KustomizeError(
                f'{context.what}json: unknown field "{key}"', field=below, hint=suggestion(key, fields)
            )
        if data[key] is not None:
            context.coerce = coerce and name not in embedded
            result[name] = _decode(data[key], fields[name], kind, below, context)
    context.coerce = coerce
    return result


def text_for(data: bool | int | float) -> str:
    """A number or boolean where a string is wanted, as sigs.k8s.io/yaml writes it: floats with 32 bits."""
    if isinstance(data, bool):
        return "true" if data else "false"
    from compiler.kustomize.jsonpatch import go_single

    return go_single(data) if isinstance(data, float) else str(data)


def _zero(kind: Type) -> Any:
    if isinstance(kind, list):
        return []
    if isinstance(kind, dict):
        return {}
    return {"string": "", "bool": False, "int64": 0, "any": None}.get(kind, {})


def json_type(data: Any) -> str:
    """What Go's JSON decoder calls the type of a value."""
    if isinstance(data, bool):
        return "bool"
    if isinstance(data, int | float):
        return "number"
    return "string" if isinstance(data, str) else "array" if isinstance(data, list) else "object"


def _mismatch(data: Any, kind: Type, struct: str, path: str, context: _Context) -> KustomizeError:
    found = json_type(data)
    wanted = _go_type(kind)
    trail = ".".join(
        part for part in (context.root if struct == context.root else struct, _without_index(path)) if part
    )
    hint = None
    if wanted == "string" and found in ("number", "bool"):
        hint = (
            "quote the value" if found == "number" else "quote the value: yes, no, on, off, y and n are booleans here"
        )
    elif wanted == "string" and found == "object" and path.endswith("]"):
        hint = "quote the entry: a colon and a space make a map of it"
    return KustomizeError(
        f"{context.what}json: cannot unmarshal {found} into Go struct field {trail} of type {wanted}",
        field=path or None,
        hint=hint or f"expected {_words(kind)}",
    )


def _go_type(kind: Type) -> str:
    if isinstance(kind, list):
        return f"[]{_go_type(kind[0])}"
    if isinstance(kind, dict):
        return f"map[string]{_go_type(kind[''])}"
    return str(kind) if kind in ("string", "bool", "int64") else f"types.{kind}"


def _words(kind: Type) -> str:
    if isinstance(kind, list):
        return "a list"
    if isinstance(kind, dict) or kind in STRUCTS:
        return "a map"
    return {"string": "a string", "bool": "true or false", "int64": "a whole number"}.get(kind, "a value")


def _without_index(path: str) -> str:
    while "[" in path:
        before, _, rest = path.partition("[")
        path = before + rest.partition("]")[2]
    return path


def suggestion(name: str, known: Any) -> str:
    """A hint with the nearest valid name."""
    from difflib import get_close_matches

    lowered = {candidate.lower(): candidate for candidate in known}
    near = get_close_matches(name.lower(), lowered, 1, 0.6)
    if near:
        return f"did you mean {lowered[near[0]]}?"
    return f"valid fields: {', '.join(sorted(known))}"
