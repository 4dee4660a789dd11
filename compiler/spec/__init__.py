"""The spec: what a person wants. Typed models, layering, defaults by environment, errors with places.

Knows nothing of Kubernetes objects beyond the fragments (``resources``, ``affinity``, …) that it passes through.
"""

from compiler.spec.effective import EffectiveSpec, load, load_all
from compiler.spec.layers import Cache

__all__ = ["Cache", "EffectiveSpec", "load", "load_all"]
