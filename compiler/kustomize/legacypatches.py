"""Patches under their old fields: ``patchesStrategicMerge`` and ``patchesJson6902`` (kustomize.md, section 9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.jsonpatch import Operations, read_operations
from compiler.kustomize.loader import Loader
from compiler.kustomize.patches import find_target, merge_selected, patch_json
from compiler.kustomize.reader import read_documents
from compiler.kustomize.resfile import make_resources
from compiler.kustomize.resource import Resource, Resources
from compiler.kustomize.schema import Table
from compiler.kustomize.selectors import select


def read_legacy_merges(paths: list[str], loader: Loader, path: str) -> list[Resource]:
    """The documents of ``patchesStrategicMerge``: inline YAML first, else a file.

    Raises:
        KustomizeError: an entry is neither.
    """
    found: list[Resource] = []
    for index, entry in enumerate(paths):
        try:
            documents = make_resources(read_documents(entry.encode("utf-8", "surrogatepass")), path)
        except KustomizeError:
            try:
                content, where = loader.load(entry)
                documents = make_resources(loader.cache.read(content), where)
            except KustomizeError as error:
                raise error.at(field=f"patchesStrategicMerge[{index}]") from None
        found.extend(documents)
    if not found:
        raise KustomizeError("patch appears to be empty", hint="remove the entry")
    return found


def apply_legacy_merges(resources: Resources, documents: list[Resource], *, path: str, table: Table | None) -> None:
    """Apply ``patchesStrategicMerge``.

    Args:
        path: the kustomization file, where inline documents come from.
    """
    for document in documents:
        try:
            merge_selected(resources, [find_target(resources, document)], document, None, table=table)
        except KustomizeError as error:
            if document.origin.path != path:
                error.at(document.origin.path, line=document.origin.line)
            raise


def read_legacy_json(entry: Mapping[str, Any], loader: Loader) -> tuple[Operations, str | None, str]:
    """The operations of an entry of ``patchesJson6902``, their file and its text; None and no text when inline.

    Raises:
        KustomizeError: no target name, no patch, or not a list of operations.
    """
    target = entry.get("target")
    if target is None or not target.get("name"):
        raise KustomizeError("must specify the target name", hint="add target.name")
    inline, file = entry.get("patch", ""), entry.get("path", "")
    if inline and file:
        raise KustomizeError("must specify a json patch file path or inline json patch, not both")
    if not inline and not file:
        raise KustomizeError("must specify a json patch file path or inline json patch")
    where: str | None = None
    if file:
        content, where = loader.load(file)
        inline = content.decode("utf-8", "replace")
    operations = read_operations(inline)
    if not operations:
        raise KustomizeError("patched file is empty", path=where)
    return operations, where, inline if file else ""


def apply_legacy_json(
    resources: Resources, target: Mapping[str, Any], operations: Operations, path: str, text: str
) -> None:
    """Apply an entry of ``patchesJson6902``."""
    for resource in select(resources, target):
        patch_json(resource, operations, path, text, history=False)
    resources.changed()
