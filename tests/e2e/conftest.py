"""Fixtures of the end-to-end tests. They need root and what ``tests/e2e/install.sh`` installs; without, they fail."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.e2e import installation
from tests.e2e.installation import Installation
from tests.e2e.podrunner.client import Runner
from tests.e2e.site import make

_WITH_PODS = ("test_demo", "test_gate", "test_podrunner", "test_pops", "test_signing_services")
"""Files that start pods: one after another, since they look at the whole machine, its memory and its namespaces."""


class _PodsTogether(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """With several workers the pods are for one of them; every other file stays together."""

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        return "pods" if file.name.startswith(_WITH_PODS) else file.name


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """How xdist spreads the tests."""
    return _PodsTogether(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties if report.when == "call" else ():
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture
def runner() -> Iterator[Runner]:
    """A pod runner with short delays, gone after the test."""
    assert os.geteuid() == 0, "the end-to-end tests need root"
    with (
        tempfile.TemporaryDirectory(prefix="podrunner-") as folder,
        Runner.start(Path(folder), backoff=0.5, eviction=1) as found,
    ):
        yield found


@pytest.fixture(scope="session")
def demo() -> Iterator[Installation]:
    """The compiled demo, running; one for all tests of a run. Its socket's folder is short-named and not kept."""
    assert os.geteuid() == 0, "the end-to-end tests need root"
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        running = installation.start(make(Path(folder)), Path(folder))
        try:
            yield running
        finally:
            running.runner.down(grace=0)
