"""Overlay computation: the smallest readable Kustomize folder that turns a parent model into a wanted one.

Knows nothing of Pulp. Its semantics are those of the engine, whose merge it uses to see what a patch does.
"""

from compiler.overlay.compute import compute
from compiler.overlay.files import HEADER

__all__ = ["HEADER", "compute"]
