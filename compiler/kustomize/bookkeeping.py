"""Annotations in which Kustomize keeps its own notes about an object: read from files, and dropped at the end."""

from __future__ import annotations

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.resource import Resource
from compiler.kustomize.scalars import is_null, text_of

INTERNAL = "internal.config.kubernetes.io/"
HELM_GENERATED = INTERNAL + "helm-generated"
INTERNAL_DROPPED = (
    *("previousKinds", "previousNames", "previousNamespaces", "prefixes", "suffixes", "allowNameChange"),
    *("allowKindChange", "refBy", "generatorBehavior", "needsHashSuffix", "path", "index", "seqindent", "id"),
    *("annotations-migration-resource-id",),
)
DROPPED_ANNOTATIONS = (
    *(INTERNAL + name for name in INTERNAL_DROPPED),
    *("config.kubernetes.io/path", "config.kubernetes.io/index", "config.k8s.io/id"),
    HELM_GENERATED,
    *("config.kubernetes.io/origin", "alpha.config.kubernetes.io/transformations"),
)


def take_bookkeeping(resource: Resource) -> None:
    """Move history that a file carries in its annotations into the resource, where transformers look for it."""
    annotations = resource.metadata.get("annotations")
    if type(annotations) is not dict or not any(key.startswith(INTERNAL) for key in annotations):
        return
    values = {key: text_of(value) for key, value in annotations.items()}
    names = _csv(values.get(INTERNAL + "previousNames"))
    spaces = _csv(values.get(INTERNAL + "previousNamespaces"))
    kinds = _csv(values.get(INTERNAL + "previousKinds"))
    if not len(names) == len(spaces) == len(kinds):
        raise KustomizeError(
            "number of previous names, number of previous namespaces, number of previous kinds not equal",
            path=resource.origin.path,
            line=resource.origin.line,
        )
    resource.previous = list(zip(names, spaces, kinds, strict=True))
    resource.prefixes = _csv(values.get(INTERNAL + "prefixes"))
    resource.suffixes = _csv(values.get(INTERNAL + "suffixes"))
    resource.needs_hash = values.get(INTERNAL + "needsHashSuffix") == "enabled"
    for name in INTERNAL_DROPPED:
        annotations.pop(INTERNAL + name, None)
    if not annotations and not is_null(annotations):
        resource.metadata.pop("annotations", None)


def _csv(text: str | None) -> list[str]:
    return text.split(",") if text else []
