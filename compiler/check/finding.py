"""What a check says: findings, and the report of one rendering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from compiler.errors import Origin
from compiler.k8s.objects import Object, ObjectKey, key_of

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Item:
    """One rendered object.

    Args:
        data: the object, plain data, never changed by a check.
        origin: the file (and line) that it came from, where the engine knows it.
    """

    data: Object
    origin: Origin | None = None

    @cached_property
    def key(self) -> ObjectKey:
        """The object's identity; of malformed metadata, what can be read."""
        metadata = self.data.get("metadata")
        return key_of(self.data if isinstance(metadata, dict) else {**self.data, "metadata": {}})


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Args:
        rule: the rule's id, e.g. ``reference/secret-key``; stable between releases (``docs/check.md``).
        severity: ``error``: it will not work, or not safely; ``warning``: it should be better.
        message: what is wrong and what was expected; never a secret's value.
        object: the object that it is about.
        field: the path inside the object, e.g. ``spec.template.spec.containers[0].image``; empty for the whole.
        origin: the object's file and line, where known.
    """

    rule: str
    severity: Severity
    message: str
    object: ObjectKey
    field: str = ""
    origin: Origin | None = None


@dataclass(frozen=True)
class Report:
    """What was found in one rendering.

    Args:
        path: the overlay, relative to the repository.
        findings: sorted by object, field and rule.
        objects: how many objects were looked at.
        unvalidated: ``apiVersion Kind`` without a schema, to how many objects.
        abstract: whether references were left out, since the overlay is only a layer.
    """

    path: str
    findings: tuple[Finding, ...]
    objects: int
    unvalidated: Mapping[str, int] = field(default_factory=dict)
    abstract: bool = False

    def count(self, severity: Severity) -> int:
        """How many findings of ``severity``."""
        return sum(finding.severity == severity for finding in self.findings)


Path = tuple[str | int, ...]
"""A place inside an object: keys and list indexes."""


def format_path(path: Path) -> str:
    """``("spec", "ports", 0, "app.kubernetes.io/x")`` as ``spec.ports[0]["app.kubernetes.io/x"]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif "." in part or "/" in part or not part:
            text += f'["{part}"]'
        else:
            text += f".{part}" if text else part
    return text
