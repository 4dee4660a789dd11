"""What a build keeps while it runs: its settings, and what a kustomization has gathered so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.kustomize.config import Config, empty_config
from compiler.kustomize.resource import Resources
from compiler.kustomize.schema import Table

if TYPE_CHECKING:
    from compiler.kustomize.remote import Remotes
    from compiler.kustomize.trace import Trace


class Settings:
    """What holds for a whole build.

    Args:
        root: the folder that is built.
        metadata: the root's ``buildMetadata``.
        enable_helm: whether charts may be inflated.
        helm_command: the helm binary.
        keep_bases: whether whole bases are kept in the cache for other builds.
    """

    def __init__(
        self, root: str, *, enable_helm: bool = False, helm_command: str = "helm", keep_bases: bool = False
    ) -> None:
        self.root = root
        self.keep_charts = False
        self.remotes: Remotes | None = None
        self.metadata: tuple[str, ...] = ()
        self.enable_helm = enable_helm
        self.helm_command = helm_command
        self.keep_bases = keep_bases
        self.helm_checked: set[str] = set()
        """The helm binaries whose version is known to be right."""
        self.table: Table | None = None
        self.schema_chosen = False
        self.gathered: list[Accumulator] = []
        """What the kustomizations that are being read have gathered so far, the root's first."""
        self.transformed = False
        """Whether any transformer has run."""
        self.warnings: list[str] = []
        self.trace: Trace | None = None

    @property
    def trail(self) -> bool:
        """Whether transformers are recorded on the resources."""
        return bool(self.metadata)


class Accumulator:
    """What a kustomization has gathered: resources, configuration and variables."""

    __slots__ = ("config", "resources", "roots", "variables")

    def __init__(self) -> None:
        self.resources = Resources()
        self.config: Config = empty_config()
        self.variables: list[Any] = []
        self.roots: list[str] = []
        """The folders it was made from, for the check for cycles when it is used again."""

    def copy(self) -> Accumulator:
        """A copy whose resources can be changed."""
        twin = Accumulator()
        twin.resources = Resources(resource.copy() for resource in self.resources)
        twin.resources.merged = self.resources.merged
        twin.config = self.config
        twin.variables = list(self.variables)
        twin.roots = list(self.roots)
        return twin
