"""Rules for amounts: the requests and limits of containers, and the sizes of volumes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from compiler.k8s.quantity import is_quantity, parse_quantity
from compiler.spec.keys import nearest_word
from compiler.spec.models import Spec
from compiler.spec.node import Path
from compiler.spec.reader import shorten
from compiler.spec.wrong import Wrong

_NAMES = ("cpu", "memory", "ephemeral-storage")
"""The resources of a container that Kubernetes itself knows ("Resource Management for Pods and Containers")."""


def check_resources(spec: Spec, wrong: Wrong) -> None:
    """Every ``resources``, and every size."""
    for path, resources in _resources(spec):
        for kind in ("requests", "limits"):
            amounts = resources.get(kind)
            if amounts is None:
                continue
            if not isinstance(amounts, Mapping):
                wrong.add("expected a mapping of cpu, memory and the like to quantities", (*path, kind))
                continue
            for name, amount in amounts.items():
                _resource(name, (*path, kind, name), wrong)
                _amount(amount, (*path, kind, name), wrong)
    for path, size in _sizes(spec):
        if not parse_quantity(size):
            wrong.add("expected a quantity above zero, like 10Gi", path)


def _resource(name: str, path: Path, wrong: Wrong) -> None:
    prefix, slash, base = name.partition("/")
    if slash and prefix and base:
        return  # of a device plugin: `example.com/gpu`
    if name not in _NAMES and not name.startswith("hugepages-"):
        near = nearest_word(name, list(_NAMES))
        hint = f'did you mean "{near}"?' if near else "a device has the name of its maker before it: example.com/gpu"
        wrong.add(f'expected {", ".join(_NAMES)} or hugepages-SIZE, found "{shorten(name)}"', path, hint=hint)


def _amount(amount: Any, path: Path, wrong: Wrong) -> None:
    number = isinstance(amount, int | float | str) and not isinstance(amount, bool)
    if not number or not is_quantity(str(amount)):
        found = f', found "{shorten(amount)}"' if isinstance(amount, str) else ""
        wrong.add(f"expected a Kubernetes quantity, like 500m or 2Gi{found}", path)
    elif parse_quantity(amount) < 0:
        wrong.add(f"expected a quantity of at least 0, found {amount}", path)


def _resources(spec: Spec) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for role in ("api", "content", "worker", "web"):
        yield (role, "resources"), getattr(spec, role).resources or {}
    for section in ("database", "cache"):
        chosen = getattr(spec, section)
        if chosen is not None and chosen.embedded is not None:
            yield (section, "embedded", "resources"), chosen.embedded.resources or {}


def _sizes(spec: Spec) -> Iterator[tuple[Path, str]]:
    yield ("worker", "scratch"), spec.worker.scratch
    if spec.database is not None and spec.database.embedded is not None:
        yield ("database", "embedded", "size"), spec.database.embedded.size
    if spec.cache is not None and spec.cache.embedded is not None:
        yield ("cache", "embedded", "memory"), spec.cache.embedded.memory
    if spec.storage is not None and spec.storage.volume is not None:
        yield ("storage", "volume", "size"), spec.storage.volume.size
