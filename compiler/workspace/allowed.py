"""What a person allows renderings to do beside reading files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compiler.kustomize.loader import Cache
    from compiler.kustomize.remote import Remotes
    from compiler.kustomize.rendering import Options
    from compiler.kustomize.trace import Trace


@dataclass(frozen=True, slots=True)
class Allowed:
    """What renderings may do.

    Args:
        enable_helm: run helm for charts.
        helm_command: the helm binary.
        remotes: fetches remote bases with git; None refuses them.
    """

    enable_helm: bool = False
    helm_command: str = "helm"
    remotes: Remotes | None = None

    def options(self, *, cache: Cache | None = None, trace: Trace | None = None) -> Options:
        """The engine's options for one rendering."""
        from compiler.kustomize.rendering import Options

        return Options(
            enable_helm=self.enable_helm,
            helm_command=self.helm_command,
            remotes=self.remotes,
            cache=cache,
            trace=trace,
        )


NOTHING = Allowed()
"""Only files are read."""
