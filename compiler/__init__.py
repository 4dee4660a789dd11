"""A GitOps manifest compiler for Pulp: spec in, sealed and reviewable Kustomize overlays out."""

from compiler.version import __version__

__all__ = ["__version__"]
