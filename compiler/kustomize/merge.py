"""Strategic merge: one patch document onto one object (kustomize.md, section 9).

The algorithm follows the real tool step by step, because its oddities reach the output.
"""

from __future__ import annotations

from typing import Any

from compiler.kustomize.mergelists import merge_lists
from compiler.kustomize.misfit import DIRECTIVE, DIRECTIVES, Misfit, kind_of, require_kind, unknown_directive
from compiler.kustomize.scalars import EMPTY_NULL, Quoted, Repeated, Scalar, copy, is_null, text_of
from compiler.kustomize.schema import Schema, Table, schema_of
from compiler.kustomize.setter import is_misread, is_undecided, put, reads_otherwise, set_field, set_style, untagged
from compiler.kustomize.values import from_plain, plain_object


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
    if text_of(patch.get(DIRECTIVE)) == "replace":
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
    kind = kind_of(dest) or kind_of(patch)
    if kind is None or kind is dict:
        if kind is dict:
            require_kind(dict, dest, patch)
        return _walk_map(dest, patch, schema or _own_schema(dest, patch, table), table)
    require_kind(kind, dest, patch)
    if kind is list:
        if schema is not None and schema.merges:
            return merge_lists(dest, patch, schema, table, _walk)
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
    if type(patch) is not dict or DIRECTIVE not in patch:
        return "merge"
    value = text_of(patch[DIRECTIVE])
    if value in DIRECTIVES:
        del patch[DIRECTIVE]
        return value
    if strict:
        raise unknown_directive(value)
    return "merge"


def merge_copy(dest: dict[str, Any], patch: dict[str, Any], *, table: Table | None = None) -> dict[str, Any] | None:
    """As :func:`merge_resource`, leaving ``patch`` as it is."""
    return merge_resource(dest, copy(patch), table=table)
