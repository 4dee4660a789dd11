"""Comments at the end of a document whose last text keeps its empty lines (``|+``, ``>+``): the text grows by one.

Kustomize writes a document and reads it again, before a JSON patch and at the end. Before a comment at the end it
writes an empty line, which is one of the text's own to such a block.
"""

from __future__ import annotations

from typing import Any

from compiler.kustomize.lazy import Pattern
from compiler.kustomize.scalars import Quoted

_KEPT = Pattern(r"[|>][1-9]?\+")


def may_grow(text: str) -> bool:
    """Whether a YAML text with comments may end in such a block: cheap, and right when it says no."""
    return "+" in text and _KEPT.search(text) is not None


def grow_last_text(node: Any, tree: Any, text: str) -> None:
    """Add what the comment at the end of a document adds to its last text.

    Args:
        node: the object; its last text may change.
        tree: what it was read from, as PyYAML composes it.
        text: the YAML of that.
    """
    if not may_grow(text):
        return
    import yaml

    last = tree
    container: Any = None
    place: Any = None
    while isinstance(last, yaml.CollectionNode) and last.value and type(node) in (dict, list) and node:
        container, place = node, len(node) - 1 if type(node) is list else next(reversed(node))
        if isinstance(last, yaml.MappingNode):
            key, last = last.value[-1]
            if key.value != place:
                return
        else:
            last = last.value[-1]
        node = container[place]
    if not isinstance(last, yaml.ScalarNode) or last.style not in ("|", ">") or not isinstance(node, Quoted):
        return
    below = [line.strip() for line in text[last.end_mark.index :].split("\n")]
    if not any(below) or any(line and line[0] != "#" for line in below):
        return  # nothing, or what an alias of the block has behind it
    if node == "\n" or node.endswith("\n\n"):
        container[place] = type(node)(f"{node}\n")
