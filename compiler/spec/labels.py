"""Rules for labels, annotations and node selectors: their names, and the values of those that select.

The form of names and values is that of Kubernetes' "Labels and Selectors" and "Annotations". A name that YAML readers
take for a number, a boolean or null is refused although Kubernetes allows it: kustomize takes such a name's quotes away
where it generates and transforms (``json: unsupported type: map[interface {}]interface {}``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from compiler.k8s.names import is_qualified, is_subdomain
from compiler.spec.models import Spec
from compiler.spec.node import Path
from compiler.spec.reader import shorten
from compiler.spec.wrong import Wrong

_NO_TEXT = re.compile(
    # integers, floats and dates as go-yaml resolves them, as far as a name can look like one
    r"[0-9][0-9_]*(\.[0-9_]*)?(e-?[0-9]+)?|0x[0-9a-f_]+|0b[01_]+|0o[0-7_]+|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"|true|false|null",
    re.IGNORECASE,
)
_OWN_LABELS = frozenset(
    f"app.kubernetes.io/{name}" for name in ("component", "instance", "managed-by", "name", "part-of", "version")
)
_OWN_PREFIX = "pulp-compiler/"
_ROLES = ("api", "content", "worker", "web")


def check_labels(spec: Spec, wrong: Wrong) -> None:
    """Every map of labels, of annotations, and of labels of nodes."""
    for path, labels in _labels(spec):
        for name, value in labels.items():
            place = (*path, name)
            _name(name, "label", place, wrong)
            if name in _OWN_LABELS:
                wrong.add("the compiler sets this label itself", place)
            _value(value, place, wrong)
    for path, notes in _annotations(spec):
        for name in notes:
            _name(name, "annotation", (*path, name), wrong)
    for role in _ROLES:
        for name, value in getattr(spec, role).node_selector.items():
            _name(name, "label", (role, "node_selector", name), wrong)
            _value(value, (role, "node_selector", name), wrong)


def _labels(spec: Spec) -> Iterator[tuple[Path, Mapping[str, str]]]:
    yield ("labels",), spec.labels
    for role in _ROLES:
        yield (role, "pod_labels"), getattr(spec, role).pod_labels


def _annotations(spec: Spec) -> Iterator[tuple[Path, Mapping[str, str]]]:
    for role in _ROLES:
        yield (role, "pod_annotations"), getattr(spec, role).pod_annotations
    exposure = spec.exposure
    if exposure is not None and exposure.ingress is not None:
        yield ("exposure", "ingress", "annotations"), exposure.ingress.annotations
    if exposure is not None and exposure.load_balancer is not None:
        yield ("exposure", "load_balancer", "annotations"), exposure.load_balancer.annotations
    if spec.storage is not None and spec.storage.s3 is not None:
        yield ("storage", "s3", "service_account_annotations"), spec.storage.s3.service_account_annotations


def _name(name: str, what: str, path: Path, wrong: Wrong) -> None:
    prefix, slash, base = name.rpartition("/")
    if not is_qualified(base) or (slash and not is_subdomain(prefix)):
        wrong.add(
            f'"{shorten(name)}" is not the name of a Kubernetes {what}',
            path,
            hint="at most 63 letters, digits, dashes, dots and underscores; a DNS name and a slash may stand before",
        )
    elif _NO_TEXT.fullmatch(name):
        wrong.add(
            f'expected a name that is text for every YAML reader, found "{shorten(name)}"',
            path,
            hint=f"put a prefix before it, like example.com/{shorten(name)}; quotes do not help",
        )
    elif name.startswith(_OWN_PREFIX):
        wrong.add(f"the compiler sets what begins with {_OWN_PREFIX} itself", path)


def _value(value: str, path: Path, wrong: Wrong) -> None:
    if value and not is_qualified(value):
        wrong.add("a label's value has at most 63 letters, digits, dashes, dots and underscores", path)
