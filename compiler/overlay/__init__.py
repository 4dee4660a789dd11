"""Overlay computation: the smallest readable Kustomize folder that turns a parent model into a wanted one.

Knows nothing of Pulp. Its semantics are those of the engine, whose merge it uses to see what a patch does. Names are
loaded on first use: a delivery file needs the header, not the computation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.overlay.files import HEADER

if TYPE_CHECKING:
    from compiler.overlay.definition import flat as flat
    from compiler.overlay.folder import compute as compute

__all__ = ["HEADER", "compute", "flat"]

_HOMES = {"compute": "compiler.overlay.folder", "flat": "compiler.overlay.definition"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
