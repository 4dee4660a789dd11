"""``buildMetadata``: origin and transformation annotations, and the managed-by label (kustomize.md, 17.2)."""

from __future__ import annotations

import posixpath
import textwrap
from typing import Any

from compiler.kustomize.fieldspec import FieldSpec, Specs
from compiler.kustomize.labels import set_pairs
from compiler.kustomize.pipeline import Settings
from compiler.kustomize.printer import print_document
from compiler.kustomize.resource import Resource, Resources

ORIGIN = "config.kubernetes.io/origin"
TRANSFORMATIONS = "alpha.config.kubernetes.io/transformations"
_MANAGED_BY = {"app.kubernetes.io/managed-by": "kustomize-v5.8.1"}


def annotate(resources: list[Resource], settings: Settings) -> None:
    """Write what the root's ``buildMetadata`` asks for."""
    for resource in resources:
        values = resource.strings("annotations")
        if "originAnnotations" in settings.metadata:
            values[ORIGIN] = _origin(resource, settings.root)
        if "transformerAnnotations" in settings.metadata and resource.trail:
            values[TRANSFORMATIONS] = "".join(f"- {_indented(_configured(entry))}" for entry in resource.trail)
        if values:
            resource.set_strings("annotations", values)
    if "managedByLabel" in settings.metadata:
        specs = Specs([FieldSpec("", "", "", "metadata/labels", True)])
        set_pairs(Resources(resources), _MANAGED_BY, specs)


def _origin(resource: Resource, root: str) -> str:
    path = posixpath.relpath(resource.origin.path or ".", root or ".")
    if resource.origin.document is not None:
        return print_document({"path": path})
    by = (resource.generator.by if resource.generator is not None else None) or {"kind": f"{resource.kind}Generator"}
    return _configured({"configuredIn": path, "configuredBy": {"apiVersion": "builtin", **by}})


def _configured(entry: dict[str, Any]) -> str:
    by = textwrap.indent(print_document(entry["configuredBy"]), "  ")
    return f"{print_document({'configuredIn': entry['configuredIn']})}configuredBy:\n{by}"


def _indented(text: str) -> str:
    first, *rest = text.splitlines()
    return "\n".join([first, *(f"  {line}" for line in rest)]) + "\n"
