"""``buildMetadata``: origin and transformation annotations, and the managed-by label (kustomize.md, 17.2)."""

from __future__ import annotations

import posixpath
import textwrap
from typing import Any

from compiler.kustomize.accumulator import Settings
from compiler.kustomize.fieldspec import FieldSpec, Specs
from compiler.kustomize.kustfile import Kustomization
from compiler.kustomize.labels import set_pairs
from compiler.kustomize.printer import print_document
from compiler.kustomize.resource import Resource, Resources
from compiler.kustomize.steps import Step

ORIGIN = "config.kubernetes.io/origin"
TRANSFORMATIONS = "alpha.config.kubernetes.io/transformations"
_MANAGED_BY = {"app.kubernetes.io/managed-by": "kustomize-v5.8.1"}


def annotate(resources: list[Resource], settings: Settings) -> None:
    """Write what the root's ``buildMetadata`` asks for."""
    for resource in resources:
        values = resource.strings("annotations")
        if "originAnnotations" in settings.metadata:
            values[ORIGIN] = _origin(resource, settings)
        if "transformerAnnotations" in settings.metadata and resource.trail:
            values[TRANSFORMATIONS] = "".join(f"- {_indented(_configured(entry))}" for entry in resource.trail)
        if values:
            resource.set_strings("annotations", values)
    if "managedByLabel" in settings.metadata:
        specs = Specs([FieldSpec("", "", "", "metadata/labels", True)])
        set_pairs(Resources(resources), _MANAGED_BY, specs)


def record(resources: Resources, file: Kustomization, settings: Settings, step: Step) -> None:
    """Note on every resource that a transformer has run on it (``buildMetadata``).

    The real tool writes the note into the annotations, which become strings by that.
    """
    entry = {
        **configured_in(file.path if step.origin is None else step.origin.path, settings),
        "configuredBy": {"apiVersion": "builtin", **(step.by or {"kind": step.kind})},
    }
    for resource in resources:
        if resource.claim == {}:
            resource.claim = entry
        else:
            resource.trail = [*(resource.trail or ()), entry]
        resource.rewrite_annotations()


def configured_in(path: str, settings: Settings) -> dict[str, Any]:
    """Where a step or generator is configured: the file as seen from the root, and the repository of a remote base."""
    found = place_of(path, settings)
    return {**{name: found[name] for name in ("repo", "ref") if name in found}, "configuredIn": found["path"]}


def place_of(path: str, settings: Settings) -> dict[str, str]:
    """A file as the real tool names it; in a remote base by the path in its repository.

    A repository that is itself the base goes by ``notCloned``, the real tool's name for one that it has yet to fetch.
    """
    label, mark, inside = path.rpartition("//")
    if not mark or settings.remotes is None or settings.root.startswith(f"{label}/"):
        return {"path": posixpath.relpath(path or ".", settings.root or ".")}
    spec = settings.remotes.specs[label]
    found = {"path": inside if spec.path else f"notCloned/{inside}", "repo": spec.url}
    return {**found, "ref": spec.ref} if spec.ref else found


def _origin(resource: Resource, settings: Settings) -> str:
    if resource.claim:
        return _configured(resource.claim)
    if resource.origin.document is not None:
        return _fields(place_of(resource.origin.path, settings))
    by = (resource.generator.by if resource.generator is not None else None) or {"kind": f"{resource.kind}Generator"}
    where = configured_in(resource.origin.path, settings)
    return _configured({**where, "configuredBy": {"apiVersion": "builtin", **by}})


def _configured(entry: dict[str, Any]) -> str:
    by = textwrap.indent(print_document(entry["configuredBy"]), "  ")
    return f"{_fields({name: text for name, text in entry.items() if name != 'configuredBy'})}configuredBy:\n{by}"


def _fields(values: dict[str, Any]) -> str:
    """A map in its own order."""
    return "".join(print_document({name: value}) for name, value in values.items())


def _indented(text: str) -> str:
    first, *rest = text.splitlines()
    return "\n".join([first, *(f"  {line}" for line in rest)]) + "\n"
