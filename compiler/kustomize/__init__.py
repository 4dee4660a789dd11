"""The engine: a tree and a folder in it in, what `kustomize build` 5.8.1 prints out.

It imports nothing of the other rooms and could be released alone. Names are loaded on first use, so that a small build
starts in a blink.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compiler.kustomize.errors import KustomizeError as KustomizeError
    from compiler.kustomize.merge import strategic_merge as strategic_merge
    from compiler.kustomize.schema import merge_keys as merge_keys

_HOMES = {
    "KustomizeError": "compiler.kustomize.errors",
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
