"""The engine: a tree and a folder in it in, what `kustomize build` 5.8.1 prints out.

It imports nothing of the other rooms and could be released alone. Names are loaded on first use, so that a small build
starts in a blink.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compiler.kustomize.errors import KustomizeError as KustomizeError
    from compiler.kustomize.git import GitError as GitError
    from compiler.kustomize.git import GitTree as GitTree
    from compiler.kustomize.identity import Origin as Origin
    from compiler.kustomize.loader import Cache as Cache
    from compiler.kustomize.merge import strategic_merge as strategic_merge
    from compiler.kustomize.remote import Remotes as Remotes
    from compiler.kustomize.rendering import Options as Options
    from compiler.kustomize.rendering import RenderedObject as RenderedObject
    from compiler.kustomize.rendering import Rendering as Rendering
    from compiler.kustomize.rendering import build as build
    from compiler.kustomize.rendering import build_url as build_url
    from compiler.kustomize.schema import merge_keys as merge_keys
    from compiler.kustomize.trace import Trace as Trace
    from compiler.kustomize.tree import DirTree as DirTree
    from compiler.kustomize.tree import LayeredTree as LayeredTree
    from compiler.kustomize.tree import MemoryTree as MemoryTree
    from compiler.kustomize.tree import Tree as Tree

_HOMES = {
    "Cache": "compiler.kustomize.loader",
    "DirTree": "compiler.kustomize.tree",
    "GitError": "compiler.kustomize.git",
    "GitTree": "compiler.kustomize.git",
    "KustomizeError": "compiler.kustomize.errors",
    "LayeredTree": "compiler.kustomize.tree",
    "MemoryTree": "compiler.kustomize.tree",
    "Options": "compiler.kustomize.rendering",
    "Origin": "compiler.kustomize.resource",
    "Remotes": "compiler.kustomize.remote",
    "RenderedObject": "compiler.kustomize.rendering",
    "Rendering": "compiler.kustomize.rendering",
    "Trace": "compiler.kustomize.trace",
    "Tree": "compiler.kustomize.tree",
    "build": "compiler.kustomize.rendering",
    "build_url": "compiler.kustomize.rendering",
    "merge_keys": "compiler.kustomize.schema",
    "strategic_merge": "compiler.kustomize.merge",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value
