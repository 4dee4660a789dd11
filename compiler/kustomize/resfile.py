"""Resources from the documents of a file: expanding lists and refusing what is no object (kustomize.md, section 5)."""

from __future__ import annotations

from typing import Any

from compiler.kustomize.bookkeeping import take_bookkeeping
from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.identity import Origin
from compiler.kustomize.mergekeys import unmerged
from compiler.kustomize.reader import Document, read_document
from compiler.kustomize.resource import Resource
from compiler.kustomize.scalars import TEMPLATE_HINT, Repeated, is_nil_or_empty, is_null, repeated_key, text_of
from compiler.kustomize.values import value_of


def make_resources(documents: list[Document], path: str) -> list[Resource]:
    """The resources of a file, in the order in which the real tool has them.

    Args:
        documents: what :mod:`compiler.kustomize.reader` found; they become the resources'.
        path: the file.

    Raises:
        KustomizeError: a document is no object, or lacks a kind or a name.
    """
    found = [
        (document.node, Origin(path, document.line, index), document.flow) for index, document in enumerate(documents)
    ]
    if len(documents) == 1 and documents[0].alone:
        found = _unwrap_single(*found[0])
    result: list[Resource] = []
    while found:
        later: Found = []
        for node, origin, flow in found:
            if type(node) is not dict or not node:
                if is_nil_or_empty(node):
                    continue
                raise KustomizeError(
                    "missing Resource metadata", path=origin.path, line=origin.line, hint="an object is a map"
                )
            items = _list_items(node, origin) if "items" in node else None
            if items is None:
                resource = _resource(node, origin)
                resource.flow = flow
                if origin.document is not None:
                    document = documents[origin.document]
                    resource.schemas = document.schemas
                    if node is document.node:
                        resource.commented = document.commented
                result.append(resource)
            else:
                for item in items:
                    later.extend(_unwrap_single(_from_json(item), origin, True))
        found = later
    return result


Found = list[tuple[Any, Origin, bool]]
"""Nodes, where they come from, and whether each was read from one flow map."""


def _unwrap_single(node: Any, origin: Origin, flow: bool) -> Found:
    """The items of a ``List`` that is read by itself, where it stands and as they are; else the node."""
    if type(node) is not dict or text_of(node.get("kind")) not in ("List", "ResourceList"):
        return [(node, origin, flow)]
    items = node.get("items")
    if (items is None and "functionConfig" not in node) or (type(items) is dict and items):
        return [(node, origin, flow)]
    return [(item, origin, flow) for item in items if not is_null(item)] if type(items) is list else []


def _list_items(node: dict[str, Any], origin: Origin) -> list[Any] | None:
    """The items of an object that has a field of that name; None where it is not a list of objects by its kind."""
    if not text_of(node.get("kind")).endswith("List"):
        return None
    items = node["items"]
    if is_null(items):
        return []
    if type(items) is not list:
        found = "a map" if type(items) is dict else "a scalar"
        raise KustomizeError(
            f"expected array in {text_of(node['kind'])}/items, but found {found}",
            path=origin.path,
            line=origin.line,
            field="items",
            hint="a kind that ends in List is a list of objects",
        )
    _data({key: value for key, value in node.items() if key != "items"})  # the whole list has to make sense
    return items


def _from_json(item: Any) -> Any:
    """An item of a list as the real tool reads it: from JSON, so that numbers and dates lose their form."""
    from compiler.kustomize.hashing import go_json

    document = read_document(go_json(_data(item), exact=True))
    return None if document is None else document.node


def _data(node: Any) -> Any:
    """Plain data of nodes that were never written: an empty value in ``{a: }`` is null still."""
    if type(node) is dict:
        return {str(key): _data(value) for key, value in unmerged(node).items()}
    if type(node) is list:
        return [_data(value) for value in node]
    return None if is_null(node) else str(node) if isinstance(node, str) else value_of(node)


_AGAIN = repeated_key({"annotations": None}, "annotations")


def _join_annotations(metadata: dict[str, Any]) -> None:
    """Annotations that stand there twice become one map, as rewriting them does; what comes first wins."""
    again = _AGAIN
    while type(metadata.get(again)) is Repeated:
        first, second = metadata["annotations"], metadata.pop(again).node
        if type(second) is dict:
            metadata["annotations"] = {**second, **first} if type(first) is dict else second
        again += "\0"


def _resource(node: dict[str, Any], origin: Origin) -> Resource:
    resource = Resource(node, origin)
    given, name = node.get("kind"), resource.name
    kind = given if type(given) is str else "" if is_null(given) else text_of(given)
    if kind and (name or kind.endswith("List")):
        metadata = resource.metadata
        if "annotations" in metadata:
            if _AGAIN in metadata:
                _join_annotations(metadata)
            take_bookkeeping(resource)
        return resource
    about = f"object {{{{{resource.api_version} {kind}}} {{{{{name} {resource.namespace}}} map[] map[]}}}}"
    if not kind:
        if not _has_meta(node):
            raise KustomizeError(
                "missing Resource metadata",
                path=origin.path,
                line=origin.line,
                hint="it is not a Kubernetes object: it has no apiVersion, kind or metadata",
            )
        raise KustomizeError(f"missing kind in {about}", path=origin.path, line=origin.line, hint="add a kind")
    hint = "add metadata.name"
    if "generateName" in resource.metadata:
        hint = "generateName is not enough: Kustomize needs metadata.name"
    elif type(resource.metadata.get("name")) is dict:
        hint = TEMPLATE_HINT
    raise KustomizeError(f"missing metadata.name in {about}", path=origin.path, line=origin.line, hint=hint)


def _has_meta(node: dict[str, Any]) -> bool:
    """Whether an object says anything of what it is, be it empty."""
    metadata = node.get("metadata")
    fields = [node.get("apiVersion"), node.get("kind")]
    if type(metadata) is dict:
        fields.extend(metadata.get(field) for field in ("name", "namespace", "labels", "annotations"))
    return any(value is not None and value != {} and not is_null(value) for value in fields)
