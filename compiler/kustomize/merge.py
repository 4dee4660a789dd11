"""Strategic merge: one patch document onto one object (kustomize.md, section 9).

The algorithm follows the real tool step by step, because its oddities reach the output: patch elements come first,
elements without their merge key can empty a list, lists with two keys keep the old order.
"""

from __future__ import annotations

from typing import Any

from compiler.kustomize.misfit import Misfit, unknown_directive, wrong_kind
from compiler.kustomize.scalars import (
    EMPTY_NULL,
    Quoted,
    Repeated,
    Scalar,
    copy,
    is_nil_or_empty,
    is_null,
    text_of,
)
from compiler.kustomize.schema import Schema, Table, schema_of
from compiler.kustomize.setter import is_misread, is_undecided, put, reads_otherwise, set_field, set_style, untagged
from compiler.kustomize.values import from_plain, plain_object

_DIRECTIVE = "$patch"
_DIRECTIVES = ("delete", "replace", "merge")


def strategic_merge(dest: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any] | None:
    """Merge a patch into an object as a ``patches`` entry without a target does; both are plain data and stay as is.

    Args:
        dest: the object (with apiVersion and kind, which choose the merge lists).
        patch: the patch document.

    Returns:
        The merged object with the name, namespace and kind of ``dest``, or None when the patch deletes it.

    Raises:
        KustomizeError: the two do not fit (a list where a map is, an unknown ``$patch`` directive).
    """
    node = from_plain(dest)
    merged = merge_resource(node, from_plain(patch))
    if merged is None:
        return None
    restore_identity(merged, node_identity(from_plain(dest)))
    return plain_object(merged)


def merge_resource(dest: dict[str, Any], patch: dict[str, Any], *, table: Table | None = None) -> dict[str, Any] | None:
    """Merge ``patch`` into ``dest`` (both are consumed); None when nothing is left.

    Args:
        table: the merge lists when ``openapi.path`` replaced the built-in ones.
    """
    if text_of(patch.get(_DIRECTIVE)) == "replace":
        return dest
    merged = _walk(dest, patch, None, table)
    return merged if isinstance(merged, dict) and merged else None


def node_identity(node: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Kind, name and namespace as nodes, to put back after a merge."""
    metadata = node.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    return node.get("kind"), metadata.get("name"), metadata.get("namespace")


def restore_identity(
    node: dict[str, Any], identity: tuple[Any, Any, Any], *, kind: bool = True, name: bool = True
) -> None:
    """Put back what a patch said of kind, name and namespace, without a tag: what reads as a number becomes one."""
    old_kind, old_name, old_namespace = identity
    if kind and old_kind is not None:
        _put_back(node, "kind", old_kind)
    metadata = node.get("metadata")
    if not isinstance(metadata, dict):
        metadata = node["metadata"] = {}
    if name and old_name is not None:
        _put_back(metadata, "name", old_name)
    elif name:
        metadata["name"] = EMPTY_NULL
    if is_null(old_namespace) or not text_of(old_namespace):
        metadata.pop("namespace", None)
    else:
        _put_back(metadata, "namespace", old_namespace)


def _put_back(container: dict[str, Any], field: str, old: Any) -> None:
    if container.get(field) is not old:  # else the patch had no such field, and the tag stays
        set_field(container, field, untagged(None, text_of(old)))


def _walk(dest: Any, patch: Any, schema: Schema | None, table: Table | None) -> Any:
    kind = _kind(dest) or _kind(patch)
    if kind is None or kind is dict:
        if kind is dict:
            _require(dict, dest, patch)
        return _walk_map(dest, patch, schema or _own_schema(dest, patch, table), table)
    _require(kind, dest, patch)
    if kind is list:
        if schema is not None and schema.merges:
            return _walk_list(dest, patch, schema, table)
        return patch if patch is not None else dest
    return patch if patch is not None else dest


def _own_schema(dest: Any, patch: Any, table: Table | None) -> Schema | None:
    """The schema that a map without one gets by its own apiVersion and kind: the root, or an object in a field."""
    for source in (dest, patch):
        if type(source) is dict and "kind" in source and "apiVersion" in source:
            found = schema_of(text_of(source["apiVersion"]), text_of(source["kind"]), table)
            if found is not None:
                return found
    return None


def _kind(node: Any) -> type | None:
    if node is None or is_null(node):
        return None
    if type(node) is dict:
        return dict
    return list if type(node) is list else str


def _require(kind: type, *nodes: Any) -> None:
    for node in nodes:
        found = _kind(node)
        if found is not None and found is not kind:
            raise wrong_kind(kind, found)


def _walk_map(dest: Any, patch: Any, schema: Schema | None, table: Table | None) -> Any:
    result = _visit_map(dest, patch)
    if type(result) is not dict:
        return result
    dest = result
    names = set(dest)
    if type(patch) is dict and patch is not dest:
        names.update(patch)
    source = patch if type(patch) is dict else {}
    if "" in names:  # the real tool sets a field without a name on the map itself
        raise Misfit("wrong node kind: expected ScalarNode but got MappingNode", hint="name the empty field")
    for name in sorted(names):
        old = dest.get(name)
        new = source.get(name)
        if new is None and (type(old) is str or (is_null(old) and old.text)):
            if type(old) is str and is_misread(old):
                dest[name] = Quoted(old)
            continue
        below = schema.field(name) if schema is not None else None
        try:
            value = _walk(old, new, below, table)
        except Misfit as error:
            error.steps.append(name)
            raise
        if value is None or is_null(value):
            again = dest.pop(name + "\0", None) if dest.pop(name, None) is not None else None
            if type(again) is Repeated:  # the first of two keys goes, the second stays
                dest[name] = again.node
        elif value is old:
            if type(old) is str:
                if is_misread(old):
                    dest[name] = Quoted(old)
            elif not isinstance(old, dict | list) and is_undecided(old) and reads_otherwise(text_of(old)):
                dest[name] = Quoted(text_of(old))
        elif name in dest:
            put(dest, name, set_style(old, value))
        elif type(value) is not Repeated or patch is dest:
            dest[name] = Quoted(value) if type(value) is str and is_misread(value) else value
    return dest


def _visit_map(dest: Any, patch: Any) -> Any:
    if dest is None or is_null(dest):
        if _map_directive(patch, strict=False) == "delete":
            return None
        if patch is None and dest is not None and dest is not EMPTY_NULL and dest.text:
            return Scalar(dest.text, "")
        return patch
    if is_null(patch):
        return None
    directive = _map_directive(patch, strict=True)
    if directive == "delete":
        return None
    return patch if directive == "replace" else dest


def _map_directive(patch: Any, *, strict: bool) -> str:
    if type(patch) is not dict or _DIRECTIVE not in patch:
        return "merge"
    value = text_of(patch[_DIRECTIVE])
    if value in _DIRECTIVES:
        del patch[_DIRECTIVE]
        return value
    if strict:
        raise unknown_directive(value)
    return "merge"


def _walk_list(dest: Any, patch: Any, schema: Schema, table: Table | None) -> Any:
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
        return _merge_elements(sources, values, list(schema.keys), schema, table)
    return _merge_elements(sources, _primitives(sources), [""], schema, table)


def _list_directive(patch: Any) -> str:
    if type(patch) is not list:
        return "merge"
    for element in patch:
        if type(element) is dict and _DIRECTIVE in element and not is_null(element[_DIRECTIVE]):
            if len(element) > 1:
                return "merge"
            value = text_of(element[_DIRECTIVE])
            if value not in _DIRECTIVES:
                raise unknown_directive(value)
            _set_element(patch, None, [_DIRECTIVE], [value])
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
    sources: list[Any], values: list[list[str]], keys: list[str], schema: Schema, table: Table | None
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
            value = _walk(pair[0], pair[1], below, table)
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
        _require(str, element)
        return text_of(element) == value
    _require(dict, element)
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
                _require(dict, element)
            field = element.get(key) if type(element) is dict else None
            if field is None:
                result.append(element)
                continue
            values.append(text_of(field))
        if len(keys) > 1:
            _set_element(result, None, keys, values)
        _set_element(result, element, keys, values)
    return result


def merge_copy(dest: dict[str, Any], patch: dict[str, Any], *, table: Table | None = None) -> dict[str, Any] | None:
    """As :func:`merge_resource`, leaving ``patch`` as it is."""
    return merge_resource(dest, copy(patch), table=table)
