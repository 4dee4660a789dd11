"""JSON 6902 patches with the semantics of evanphx/json-patch 4.12 (kustomize.md, section 10).

Not the ``jsonpatch`` library: the real one creates what it replaces, counts from the end, and drops the first segment
of a path without a leading slash.
"""

from __future__ import annotations

import copy
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.scalars import NULL, Quoted, Scalar, resolve_plain
from compiler.kustomize.setter import made_key
from compiler.kustomize.values import plain_object, require_readable_text
from compiler.kustomize.yaml11 import read_yaml11

Operations = list[dict[str, Any]]
_NUMBER = Pattern(r"[+-]?[0-9]+\Z")


def read_operations(text: str) -> Operations | None:
    """The operations of a patch; None for an empty document.

    Raises:
        KustomizeError: it is not a list of operations.
    """
    if not text:
        raise KustomizeError("empty json patch operations")
    if text[0] == "[":
        import json

        try:
            data = json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            said = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise KustomizeError(
                f"invalid JSON patch: {said}",
                hint="a patch that begins with [ is strict JSON: quote its keys, or write a YAML list of operations",
            ) from None
    else:
        data = read_yaml11(text)[0]
    if data is None:
        return None
    if not isinstance(data, list) or not all(item is None or isinstance(item, dict) for item in data):
        raise KustomizeError("a JSON patch is a list of operations")
    return [{str(key): value for key, value in (item or {}).items()} for item in data]


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def apply_operations(node: dict[str, Any], operations: Operations) -> dict[str, Any]:
    """The object after the operations, re-made from JSON (so numbers went through a double).

    Raises:
        KustomizeError: an operation does not apply.
    """
    _require_printable(node)
    document: Any = plain_object(node)
    for number, operation in enumerate(operations):
        try:
            document = _apply(document, operation)
        except KustomizeError as error:
            raise error.at(field=f"[{number}]") from None
    if not isinstance(document, dict):
        raise KustomizeError("a JSON patch replaced the object by something that is not one")
    result = from_json(document)
    assert isinstance(result, dict)  # noqa: S101 - a map becomes a map
    return result


def _require_printable(node: Any) -> None:
    """Refuse a block of text that begins with a tab: the real tool prints the object, and cannot read it again."""
    if type(node) is dict:
        for value in node.values():
            _require_printable(value)
    elif type(node) is list:
        for value in node:
            _require_printable(value)
    elif isinstance(node, str):
        require_readable_text(node)


def from_json(data: Any) -> Any:
    """The node of JSON data as the real tool makes it: numbers as doubles, strings tagged, quoted where ambiguous."""
    if isinstance(data, dict):
        made = {str(key): from_json(value) for key, value in data.items()}
        return _merged(made) if "<<" in made else made
    if isinstance(data, list):
        return [from_json(value) for value in data]
    if data is None:
        return NULL
    if isinstance(data, bool):
        return resolve_plain("true" if data else "false")
    if isinstance(data, int | float):
        return resolve_plain(go_float(float(data)))
    block = "\n" in data and data[0] != "\t"  # a block that begins with a tab cannot be printed
    return Quoted(data) if block or type(resolve_plain(data)) is Scalar else str(data)


def _merged(made: dict[str, Any]) -> dict[str, Any]:
    """A map with the key ``<<``, which the real tool writes plain and so merges when it reads its own text again."""
    value = made.pop("<<")
    sources = value if isinstance(value, list) else [value]
    if not all(isinstance(source, dict) for source in sources):
        return {**made, made_key("<<"): value}
    for source in sources:
        made = {**source, **made}
    return made


def go_float(value: float) -> str:
    """A double as Go's ``FormatFloat(value, 'g', -1, 64)`` writes it."""
    from compiler.kustomize.scalartext import general, shortest_digits

    if value == 0:
        return "-0" if str(value)[0] == "-" else "0"
    return general("-" if value < 0 else "", *shortest_digits(value))


def go_single(value: float) -> str:
    """A number as Go's ``FormatFloat(value, 'g', -1, 32)`` writes it: with the digits that tell a 32-bit float."""
    import struct

    from compiler.kustomize.scalartext import general

    sign, value = "-" if value < 0 else "", abs(value)
    (single,) = struct.unpack("f", struct.pack("f", value))  # in native mode, what is too large becomes infinite
    if single == float("inf"):
        return f"{sign or '+'}Inf"
    if single == 0:
        return f"{sign}0"
    for places in range(9):
        text = f"{single:.{places}e}"
        if struct.unpack("f", struct.pack("f", float(text))) == (single,):
            break
    mantissa, _, exponent = text.partition("e")
    return general(sign, mantissa.replace(".", "").rstrip("0"), int(exponent))


def _apply(document: Any, operation: dict[str, Any]) -> Any:
    kind = operation.get("op", "unknown")
    if kind not in ("add", "remove", "replace", "move", "copy", "test"):
        raise KustomizeError(f"Unexpected kind: {kind}", hint="use add, remove, replace, move, copy or test")
    path = operation.get("path")
    if not isinstance(path, str):
        raise KustomizeError(f"{kind} operation does not apply: missing or invalid path: missing value")
    value = copy.deepcopy(operation.get("value"))
    if kind == "replace" and path == "":
        return value
    if kind == "test" and path == "":
        if document != value:
            raise KustomizeError("testing value  failed: test failed")
        return document
    if kind in ("move", "copy"):
        return _move(document, operation, path, keep=kind == "copy")
    container, key = _find(document, path, kind)
    if kind == "add":
        _add(container, key, value, path)
    elif kind == "remove":
        _remove(container, key, path)
    elif kind == "replace":
        if isinstance(container, list):
            try:
                container[_index(container, key, "replace", path)] = value
            except KustomizeError:
                raise KustomizeError(
                    f"replace operation does not apply: doc is missing key: {path}: missing value"
                ) from None
        else:
            container[key] = value
    else:
        _test(container, key, value, path)
    return document


def _move(document: Any, operation: dict[str, Any], path: str, *, keep: bool) -> Any:
    kind = "copy" if keep else "move"
    source = operation.get("from")
    if not isinstance(source, str):
        raise KustomizeError(f"{kind} operation does not apply: missing or invalid from: missing value")
    container, key = _find(document, source, kind)
    # A field that is not there is copied as null.
    value = container[_index(container, key, kind, source)] if isinstance(container, list) else container.get(key)
    if keep:
        value = copy.deepcopy(value)
    else:
        _remove(container, key, source)
    container, key = _find(document, path, kind)
    _add(container, key, value, path)
    return document


def _find(document: Any, path: str, kind: str) -> tuple[Any, str]:
    parts = path.split("/")
    missing = KustomizeError(f'{kind} operation does not apply: doc is missing path: "{path}": missing value')
    if len(parts) < 2:
        raise missing
    current = document
    if not isinstance(current, dict | list):
        raise missing
    for part in parts[1:-1]:
        key = _decode(part)
        if isinstance(current, list):
            try:
                current = current[_index(current, key, kind, path)]
            except KustomizeError:
                raise missing from None
        else:
            current = current.get(key)
        if not isinstance(current, dict | list):
            raise missing
    return current, _decode(parts[-1])


def _decode(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _index(container: list[Any], key: str, kind: str, path: str) -> int:
    try:
        index = int(key) if _NUMBER.match(key) else None
    except ValueError:  # more digits than Python converts
        index = None
    if index is None:
        raise KustomizeError(f"error in {kind} for path: '{path}': strconv.Atoi: parsing \"{key}\": invalid syntax")
    if index >= len(container) or index < -len(container):
        raise KustomizeError(
            f"error in {kind} for path: '{path}': Unable to access invalid index: {index}: invalid index referenced",
            hint=f"the list has {len(container)} elements",
        )
    return index


def _add(container: Any, key: str, value: Any, path: str) -> None:
    if isinstance(container, dict):
        container[key] = value
        return
    if key == "-":
        container.append(value)
        return
    index = _index([*container, None], key, "add", path)
    container.insert(index if index >= 0 else index + len(container) + 1, value)


def _remove(container: Any, key: str, path: str) -> None:
    if isinstance(container, list):
        del container[_index(container, key, "remove", path)]
    elif key in container:
        del container[key]
    else:
        raise KustomizeError(
            f"error in remove for path: '{path}': Unable to remove nonexistent key: {key}: missing value"
        )


def _test(container: Any, key: str, value: Any, path: str) -> None:
    found = container[_index(container, key, "test", path)] if isinstance(container, list) else container.get(key)
    if not _equal(found, value):
        raise KustomizeError(f"testing value {path} failed: test failed")


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, bool) is not isinstance(b, bool):
        return False
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_equal(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)
