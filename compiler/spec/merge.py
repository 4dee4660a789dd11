"""Merging layers: maps merge, lists and scalars replace, ``null`` removes.

On normalised layers the merge is associative, so a chain may be folded from any end: a mapping that has replaced
something else keeps that in its ``fresh`` mark, and a ``null`` stays in the tree until the effective spec is made.
"""

from __future__ import annotations

from dataclasses import replace

from compiler.spec.node import Node


def merge(lower: Node, upper: Node) -> Node:
    """What ``upper`` says, over what ``lower`` says."""
    if not isinstance(upper.value, dict) or upper.fresh:
        return upper
    if not isinstance(lower.value, dict):
        return replace(upper, fresh=True)
    merged = dict(lower.value)
    for key, child in upper.value.items():
        below = merged.get(key)
        merged[key] = child if below is None else merge(below, child)
    return Node(merged, upper.mark, key=upper.key, fresh=lower.fresh)
