"""The spec: what a person wants. Typed models, layering, defaults by environment, errors with places.

Knows nothing of Kubernetes objects beyond the fragments (``resources``, ``affinity``, …) that it passes through.
"""
