"""Resources from the documents of a file: expanding lists and refusing what is no object (kustomize.md, section 5)."""

from __future__ import annotations

from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.reader import Document
from compiler.kustomize.resource import Origin, Resource, take_bookkeeping
from compiler.kustomize.scalars import is_null, text_of


def make_resources(documents: list[Document], path: str) -> list[Resource]:
    """The resources of a file, in the order in which the real tool has them.

    Args:
        documents: what :mod:`compiler.kustomize.reader` found; they become the resources'.
        path: the file.

    Raises:
        KustomizeError: a document is no object, or lacks a kind or a name.
    """
    found = [(document.node, Origin(path, document.line, index)) for index, document in enumerate(documents)]
    found = _unwrap_single(found)
    schemas = any(document.schemas for document in documents)
    result: list[Resource] = []
    while found:
        later: Found = []
        for node, origin in found:
            if node is None or is_null(node) or node == {}:
                continue
            if type(node) is not dict:
                raise KustomizeError(
                    "missing Resource metadata", path=origin.path, line=origin.line, hint="an object is a map"
                )
            items = _list_items(node, origin)
            if items is None:
                resource = _resource(node, origin)
                resource.schemas = schemas
                result.append(resource)
            else:
                later.extend((item, origin) for item in items)
        found = later
    return result


Found = list[tuple[Any, Origin]]


def _unwrap_single(found: Found) -> Found:
    while len(found) == 1 and type(found[0][0]) is dict:
        node, origin = found[0]
        if text_of(node.get("kind")) not in ("List", "ResourceList") or type(node.get("items")) is not list:
            break
        items = [item for item in node["items"] if not is_null(item)]
        if not items:
            return []
        found = [(item, origin) for item in items]
    return found


def _list_items(node: dict[str, Any], origin: Origin) -> list[Any] | None:
    if not text_of(node.get("kind")).endswith("List") or "items" not in node:
        return None
    items = node["items"]
    if is_null(items):
        return []
    if type(items) is not list:
        raise KustomizeError(
            "items in List is type string, expected array", path=origin.path, line=origin.line, field="items"
        )
    return items


def _resource(node: dict[str, Any], origin: Origin) -> Resource:
    resource = Resource(node, origin)
    kind, name = "" if is_null(node.get("kind")) else resource.kind, resource.name
    if kind and (name or kind.endswith("List")):
        take_bookkeeping(resource)
        return resource
    about = f"object {{{{{resource.api_version} {kind}}} {{{{{name} {resource.namespace}}} map[] map[]}}}}"
    if not kind:
        raise KustomizeError(f"missing kind in {about}", path=origin.path, line=origin.line, hint="add a kind")
    generated = "generateName" in resource.metadata
    hint = "generateName is not enough: Kustomize needs metadata.name" if generated else "add metadata.name"
    raise KustomizeError(f"missing metadata.name in {about}", path=origin.path, line=origin.line, hint=hint)
