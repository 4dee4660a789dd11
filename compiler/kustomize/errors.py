"""What the engine says when it cannot render: one error, with the place and what to do."""

from __future__ import annotations


class KustomizeError(Exception):
    """Input that `kustomize build` refuses, or that is beyond the engine's limits.

    Args:
        message: what is wrong, with the key phrases of the real tool.
        path: the file, relative to the tree's root.
        line: 1-based line, where known.
        column: 1-based column, where known.
        field: the path inside the file, e.g. ``patches[2].target.name``.
        hint: what to do.
        unsupported: the real tool may accept this; the engine refuses it by name rather than render it wrongly.
        world: the input may be right: a program or a server failed.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        column: int | None = None,
        field: str | None = None,
        hint: str | None = None,
        unsupported: bool = False,
        world: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        self.field = field
        self.hint = hint
        self.unsupported = unsupported
        self.world = world

    def at(
        self,
        path: str | None = None,
        *,
        line: int | None = None,
        column: int | None = None,
        field: str | None = None,
        hint: str | None = None,
    ) -> KustomizeError:
        """The same error with the parts of its place that are not known yet filled in."""
        if self.path is None:
            self.path = path
            if self.line is None:
                self.line, self.column = line, column
        if self.field is None:
            self.field = field
        if self.hint is None:
            self.hint = hint
        return self

    def place(self) -> str:
        """The place as text (``file:line:column``), or nothing."""
        text = self.path or ""
        if self.path is not None and self.line is not None:
            text += f":{self.line}"
            if self.column is not None:
                text += f":{self.column}"
        return text

    def __str__(self) -> str:
        parts = [part for part in (self.place(), self.field) if part]
        text = ": ".join([*parts, self.message])
        return f"{text}\n  hint: {self.hint}" if self.hint else text
