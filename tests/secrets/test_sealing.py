"""Many files are sealed at once, on every core, and a person at a terminal sees how far it is."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from compiler.cli.secrets_options import progress
from compiler.errors import WorldError
from compiler.pulp.requirements import Password, SecretRequirement
from compiler.secrets import sops
from compiler.secrets.ensure import ensure
from tests.secrets.support import World, small


def many(count: int) -> World:
    return small(*(SecretRequirement(f"s{number}", "pulp", (Password("p"),)) for number in range(count)))


def test_as_many_files_are_sealed_at_once_as_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = os.cpu_count() or 1
    world, together = many(2 * cores), threading.Barrier(cores, timeout=30)
    seal = sops.seal

    def waiting(tool: Any, document: Mapping[str, Any], recipients: Any) -> bytes:
        together.wait()  # breaks when fewer than that come at a time
        return seal(tool, document, recipients)

    monkeypatch.setattr(sops, "seal", waiting)
    told: list[tuple[int, int]] = []
    with world.access(None) as access:
        outcome = ensure(world.tree, world.targets, access, progress=lambda done, total: told.append((done, total)))
    sealed = [path for path in outcome.writes if path.endswith(".sops.yaml") and "/vault/" not in path]
    assert len(sealed) == 2 * cores
    assert told == [(done, 4 * cores) for done in range(1, 4 * cores + 1)]  # each for its cluster and for the vault


def test_one_that_fails_stops_the_others_before_they_start(monkeypatch: pytest.MonkeyPatch) -> None:
    world, begun = many(40), []

    def failing(tool: Any, document: Mapping[str, Any], recipients: Any) -> bytes:
        begun.append(document)
        raise WorldError("no")

    monkeypatch.setattr(sops, "seal", failing)
    with world.access(None) as access, pytest.raises(WorldError, match="no"):
        ensure(world.tree, world.targets, access)
    assert len(begun) < 80


class Terminal(io.StringIO):
    """A standard error that is a terminal, or is not."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def test_a_bar_is_drawn_on_a_terminal_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(True)
    monkeypatch.setattr("sys.stderr", terminal)
    show = progress()
    assert show is not None
    for done in (1, 2, 4):
        show(done, 4)
    assert terminal.getvalue().split("\r")[1:] == [
        f"sealing [{'#' * 7:<30}] 1/4", f"sealing [{'#' * 15:<30}] 2/4", f"sealing [{'#' * 30}] 4/4\n"
    ]  # fmt: skip
    monkeypatch.setattr("sys.stderr", Terminal(False))
    assert progress() is None
