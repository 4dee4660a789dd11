"""The namespace transformer (kustomize.md, 8.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler.kustomize.bookkeeping import HELM_GENERATED
from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.fieldspec import Specs, apply_spec, made_scalar
from compiler.kustomize.identity import CLUSTER, Id, id_text
from compiler.kustomize.resource import Resource, Resources
from compiler.kustomize.scalars import EMPTY_NULL, is_null, text_of
from compiler.kustomize.setter import put, set_style

Write = Callable[[Any, Any], None]
_SUBJECT_MODES = ("", "defaultOnly", "allServiceAccounts", "none")
_ROLE_BINDINGS = ("RoleBinding", "ClusterRoleBinding")


def set_namespace(
    resources: Resources, namespace: str, specs: Specs, *, unset_only: bool = False, subjects: str = ""
) -> None:
    """Put every namespaced resource into a namespace, and rename Namespace objects.

    Args:
        specs: further fields that hold the namespace.
        unset_only: leave what is set.
        subjects: which role-binding subjects follow: ``defaultOnly`` (also ``""``), ``allServiceAccounts``, ``none``.

    Raises:
        KustomizeError: two resources end up with one id.
    """
    if not namespace:
        return
    if subjects not in _SUBJECT_MODES:
        raise KustomizeError(
            f'invalid value "{subjects}" for setRoleBindingSubjects: '
            'must be one of "defaultOnly", "allServiceAccounts" or "none"'
        )

    write = _writer(namespace, unset_only)
    # Without what is written anyway; a path that begins with a slash is none of these to the real tool.
    further = Specs(
        spec
        for spec in specs.specs
        if spec.path != "metadata/namespace" and (spec.kind not in _ROLE_BINDINGS or spec.path != "subjects/namespace")
    )
    ids: set[tuple[str, str, str, str]] = set()
    for resource in resources:
        if not resource.node or _helm_made(resource):
            ids.add(resource.current())
            continue
        current = resource.push_history()
        api_version, kind, name, space = current
        _put(resource, current, subjects, write)
        others = further.of(resource)
        for spec in others:
            if spec.path == "metadata/name" and api_version != "v1":
                continue
            if spec not in further.of(resource):  # an earlier one has written the kind
                continue
            apply_spec(resource, spec, write, made_scalar)
        if others or unset_only or space == CLUSTER:
            ids.add(resource.current())
        else:
            ids.add((api_version, kind, name, namespace))
    resources.changed()
    if len(ids) != len(resources):
        _refuse_twins(resources)


def _helm_made(resource: Resource) -> bool:
    """Whether helm made it: a chart puts its objects into namespaces itself."""
    annotations = resource.metadata.get("annotations")
    return type(annotations) is dict and text_of(annotations.get(HELM_GENERATED)) == "true"


def put_namespace(resource: Resource, namespace: str) -> None:
    """Set the namespace of one resource, and of a role binding's default subjects, as :func:`set_namespace` does."""
    _put(resource, resource.current(), "", _writer(namespace, False))


def _put(resource: Resource, current: Id, subjects: str, write: Write) -> None:
    if current.namespace != CLUSTER:
        metadata = resource.node.get("metadata")
        if type(metadata) is not dict:
            metadata = resource.node["metadata"] = {}
        metadata.setdefault("namespace", EMPTY_NULL)
        write(metadata, "namespace")
    if current.kind in _ROLE_BINDINGS:
        _set_subjects(resource, subjects, write)


def _writer(namespace: str, unset_only: bool) -> Write:
    plain = set_style(EMPTY_NULL, namespace)

    def write(container: Any, key: Any) -> None:
        old = container[key]
        if old is EMPTY_NULL:
            container[key] = plain
            return
        if isinstance(old, dict | list):
            raise KustomizeError(
                "namespace field specs must target scalar nodes",
                hint="name the field that holds the namespace; subjects of role bindings need no field spec",
            )
        if not unset_only or not text_of(old) or is_null(old):
            put(container, key, set_style(old, namespace))

    return write


def _set_subjects(resource: Resource, mode: str, write: Write) -> None:
    if mode == "none":
        return
    subjects = resource.node.get("subjects")
    if subjects is None or is_null(subjects):
        return
    if type(subjects) is not list:
        raise KustomizeError(
            "setting namespace on (cluster)role binding subjects: wrong node kind: expected SequenceNode",
            path=resource.origin.path,
            line=resource.origin.line,
            field="subjects",
        )
    field, wanted = ("kind", "ServiceAccount") if mode == "allServiceAccounts" else ("name", "default")
    for subject in subjects:
        if type(subject) is dict and text_of(subject.get(field)) == wanted:
            subject.setdefault("namespace", made_scalar())
            write(subject, "namespace")


def _refuse_twins(resources: Resources) -> None:
    seen: dict[Id, Resource] = {}
    for resource in resources:
        current = resource.current()
        other = seen.setdefault(current, resource)
        if other is not resource:
            raise KustomizeError(
                "namespace transformation produces ID conflict: "
                f"{id_text(current, resource.namespace)} from {other.origin.path}:{other.origin.line} "
                f"and {resource.origin.path}:{resource.origin.line}",
                hint="give the two different names, or set the namespace in their own bases",
            )
