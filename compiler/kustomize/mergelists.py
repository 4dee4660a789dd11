"""The lists of a strategic merge whose elements are joined by their merge keys (kustomize.md, section 9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from compiler.kustomize.misfit import DIRECTIVE, DIRECTIVES, Misfit, require_kind, unknown_directive
from compiler.kustomize.scalars import is_nil_or_empty, is_null, text_of
from compiler.kustomize.schema import Schema, Table
from compiler.kustomize.setter import untagged

_Walk: TypeAlias = "Callable[[Any, Any, Schema | None, Table | None], Any]"


def merge_lists(dest: Any, patch: Any, schema: Schema, table: Table | None, walk: _Walk) -> Any:
    """Merge the list ``patch`` into ``dest`` (both are consumed); None when the list goes.

    Patch elements come first, elements without their merge key can empty a list, and lists with two keys keep the old
    order.

    Args:
        dest: the list of the object, or nothing.
        patch: the list of the patch, or nothing.
        schema: what is known of the list: its merge keys, its elements.
        table: the merge lists when ``openapi.path`` replaced the built-in ones.
        walk: merges two elements.

    Raises:
        Misfit: an unknown ``$patch`` directive, or an element of another kind than its list has.
    """
    if dest is None or is_null(dest):
        dest = patch
    elif is_null(patch):
        return None
    else:
        directive = _list_directive(patch)
        if directive == "delete":
            return None
        if directive == "replace":
            dest = patch
    if dest is None or is_null(dest):
        return dest
    sources = [dest, patch if type(patch) is list else None]
    values = _values(sources, schema.keys)
    if values or schema.keys:
        return _merge_elements(sources, values, list(schema.keys), schema, table, walk)
    return _merge_elements(sources, _primitives(sources), [""], schema, table, walk)


def _list_directive(patch: Any) -> str:
    if type(patch) is not list:
        return "merge"
    for element in patch:
        if type(element) is dict and DIRECTIVE in element and not is_null(element[DIRECTIVE]):
            if len(element) > 1:
                return "merge"
            value = text_of(element[DIRECTIVE])
            if value not in DIRECTIVES:
                raise unknown_directive(value)
            _set_element(patch, None, [DIRECTIVE], [value])
            return value
    return "merge"


def _values(sources: list[Any], keys: tuple[str, ...]) -> list[list[str]]:
    found: list[list[str]] = []
    seen: set[tuple[str, ...]] = set()
    for source in (sources[1], sources[0]):
        for element in source or ():
            row = [_key_text(element, key) for key in keys]
            if row and tuple(row) not in seen:
                found.append(row)
                seen.add(tuple(row))
    return found


def _key_text(element: Any, key: str) -> str:
    field = element.get(key) if type(element) is dict else None
    return "" if is_nil_or_empty(field) else text_of(field)


def _primitives(sources: list[Any]) -> list[list[str]]:
    found = dict.fromkeys(text_of(item) for source in (sources[1], sources[0]) for item in source or ())
    return [[text] for text in found]


def _merge_elements(
    sources: list[Any], values: list[list[str]], keys: list[str], schema: Schema, table: Table | None, walk: _Walk
) -> Any:
    added: list[Any] = []
    dest = sources[0]
    below = schema.elements()
    if len(keys) > 1:
        _join_rows(values)
    valid_keys: list[str] = []
    for row in values:
        valid_keys, valid_values = _valid(values, row, keys)
        look_keys, look_values = _valid([valid_values], valid_values, valid_keys)
        pair = [None if source is None else _find_element(source, look_keys, look_values) for source in sources]
        try:
            value = walk(pair[0], pair[1], below, table)
        except Misfit as error:
            error.steps.append(dict(zip(valid_keys, valid_values, strict=True)))
            raise
        if value is None or is_null(value) or value == {}:
            for _ in valid_keys:
                _set_element(dest, None, valid_keys, valid_values)
            continue
        for key, text in zip(valid_keys, valid_values, strict=True):
            if key and type(value) is dict and key not in value and text:
                value[key] = untagged(None, text)
        _set_element(added, value, valid_keys, valid_values)
    if values:
        return _append_all(added, dest, valid_keys)
    return dest


def _join_rows(values: list[list[str]]) -> None:
    for i in range(len(values)):
        first = values[i]
        for j in range(len(values)):
            joined = _joined(first, values[j])
            if joined is not None:
                values[i] = joined
                values[j] = joined


def _joined(first: list[str], second: list[str]) -> list[str] | None:
    common = False
    result = []
    for a, b in zip(first, second, strict=True):
        if a == b:
            common = True
        elif a and b:
            return None
        result.append(a or b)
    return result if common else None


def _valid(rows: list[list[str]], row: list[str], keys: list[str]) -> tuple[list[str], list[str]]:
    used = {key for values in rows for key, value in zip(keys, values, strict=True) if value}
    if not used:
        return keys, row
    chosen = [key for key in keys if key in used]
    return chosen, [value for key, value in zip(keys, row, strict=True) if value or key in used]


def _find_element(elements: list[Any], keys: list[str], values: list[str]) -> Any:
    if not keys or not keys[0]:
        return next((element for element in elements if text_of(element) == values[0]), None)
    for element in elements:
        if type(element) is dict and all(
            key in element and text_of(element[key]) == value for key, value in zip(keys, values, strict=True)
        ):
            return element
    return None


def _match_field(element: Any, name: str, value: str) -> bool:
    if not name:
        require_kind(str, element)
        return text_of(element) == value
    require_kind(dict, element)
    return name in element and (not value or text_of(element[name]) == value)


def _set_element(elements: list[Any], new: Any, keys: list[str], values: list[str]) -> None:
    """Replace, append or (``new`` is None) remove the matching elements, in place."""
    keys = keys or [""]
    by_map = bool(keys[0]) and bool(values) and bool(values[0])
    kept: list[Any] = []
    found_any = False
    for element in elements:
        if is_null(element) or element == {}:
            continue
        if by_map and type(element) is not dict:
            kept.append(element)
            continue
        found = True
        matched = False
        for j, key in enumerate(keys):
            if j < len(values):
                matched = _match_field(element, key, values[j])
            if not matched:
                found = False
                break
        if not found:
            if values:
                kept.append(element)
            continue
        found_any = True
        if new is not None and not is_null(new):
            kept.append(new)
    elements[:] = kept
    if new is not None and not is_null(new) and not found_any:
        elements.append(new)


def _append_all(result: list[Any], source: list[Any], keys: list[str]) -> list[Any]:
    for element in list(source):
        if not keys[0]:
            _set_element(result, element, [""], [text_of(element)])
            continue
        values: list[str] = []
        for key in keys:
            if not is_null(element):
                require_kind(dict, element)
            field = element.get(key) if type(element) is dict else None
            if field is None:
                result.append(element)
                continue
            values.append(text_of(field))
        if len(keys) > 1:
            _set_element(result, None, keys, values)
        _set_element(result, element, keys, values)
    return result
