"""The spec: what a person wants. Typed models, layering, defaults by environment, errors with places.

Knows nothing of Kubernetes objects beyond the fragments (``resources``, ``affinity``, …) that it passes through.
"""

from compiler.spec.effective import EffectiveSpec, load, load_all
from compiler.spec.layers import FILE, Cache
from compiler.spec.unique import check_names, check_unique, overlay_name

__all__ = ["FILE", "Cache", "EffectiveSpec", "check_names", "check_unique", "load", "load_all", "overlay_name"]
