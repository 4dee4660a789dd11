"""The workspace: a repository of specs and overlays, and what it takes several rooms to do.

Knows nothing of click, and prints nothing. Names are loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compiler.workspace.repository import Workspace as Workspace

__all__ = ["Workspace"]


def __getattr__(name: str) -> Any:
    if name != "Workspace":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from compiler.workspace.repository import Workspace

    return Workspace
