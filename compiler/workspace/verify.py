"""The proof before writing: an overlay that was just computed renders to its model, byte for byte."""

from __future__ import annotations

import posixpath

from compiler.errors import CompilerError, Origin
from compiler.k8s.objects import Model
from compiler.k8s.tree import Tree
from compiler.kustomize import Cache, LayeredTree, Options, Rendering, build
from compiler.overlay import flat
from compiler.workspace.failures import translated

_FOLDER = "compiler-proof"
"""Where the definition of a model lies, in memory only."""


def verify(tree: Tree, folder: str, model: Model, secrets: str | None, cache: Cache) -> Rendering:
    """Build a computed overlay and the definition of its model, and compare what they print.

    Args:
        tree: the repository with the computed files in place and without anybody's ``custom/``.
        folder: the overlay.
        model: what it must render to.
        secrets: the folder of its sealed Secrets, which belong to both sides.
        cache: what builds of trees that agree with this one have read already.

    Returns:
        What the overlay renders to.

    Raises:
        CompilerError: they differ, or one of them cannot be built.
    """
    place = f"{_FOLDER}/{folder}"
    definition = flat(model, resources=[posixpath.relpath(secrets, place)] if secrets else [])
    over: dict[str, bytes | None] = {f"{place}/{path}": text.encode() for path, text in definition.items()}
    with translated(folder):
        wanted = build(LayeredTree(over, tree), place).text
    with translated(folder):
        got = build(tree, folder, Options(cache=cache))
    if wanted != got.text:
        raise CompilerError(
            f"the computed overlay does not render to its model ({_difference(wanted, got.text)}); nothing was written",
            origin=Origin(folder),
            hint="this is a mistake of the compiler or outside the domain in docs/overlays.md: please report it",
        )
    return got


def _difference(wanted: str, got: str) -> str:
    """Where two renderings differ, in words and without any value."""
    left, right = wanted.split("\n---\n"), got.split("\n---\n")
    for one, other in zip(left, right, strict=False):
        if one != other:
            return f"it differs in {_name(one)}"
    longer, what = (left, "misses") if len(left) > len(right) else (right, "has too much:")
    return f"it {what} {_name(longer[min(len(left), len(right))])}"


def _name(document: str) -> str:
    lines = document.splitlines()
    kind = next((line[6:] for line in lines if line.startswith("kind: ")), "an object")
    name = next((line[8:] for line in lines if line.startswith("  name: ")), "without a name")
    return f"{kind} {name}"
