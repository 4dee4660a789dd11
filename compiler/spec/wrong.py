"""Collecting what is wrong with an effective spec, each with the best place that the layers know."""

from __future__ import annotations

from dataclasses import dataclass, field

from compiler.errors import CompilerError, Origin
from compiler.spec.node import Node, Path, find, nearest, origin


@dataclass
class Wrong:
    """A list of errors over the merged layers ``node``."""

    node: Node
    errors: list[CompilerError] = field(default_factory=list)

    def add(self, message: str, *paths: Path, hint: str | None = None) -> None:
        """One error.

        Args:
            message: what is wrong.
            paths: the first of them that stands in a file is the place; when none does, the nearest section of the
                first one that does. The field named is that of the place.
            hint: what to do.
        """
        self.errors.append(CompilerError(message, origin=self._place(paths), hint=hint))

    def _place(self, paths: tuple[Path, ...]) -> Origin:
        for path in paths:
            found = find(self.node, path)
            if found is not None and found.place.line:
                return origin(found.place, path)
        for path in paths:
            found, _ = nearest(self.node, path)
            if found.place.line:
                return origin(found.place, path)
        return origin(self.node.place, paths[0])
