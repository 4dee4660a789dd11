"""`make bench`: our CPU time and peak memory beside the real kubectl's, in one run, as ratios.

Limits are those of the issue that asked for them; a row over its limit is marked and the exit code is 1.
"""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from compiler.version import __version__
from tests.support import oracle
from tests.tools.measure import Cost, cost

ROOT = oracle.ROOT
COMPILER = str(Path(sys.executable).parent / "compiler")


def main() -> int:
    """Measure, print one table, return 1 when a limit is missed."""
    # An installed package has its bytecode: without it every cold process would compile the sources again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    kubectl = str(oracle.kubectl())
    overlays = sorted(str(path.parent.relative_to(ROOT)) for path in ROOT.glob("overlays/*/kustomization.yaml"))
    print(
        f"compiler {__version__}, kubectl 1.37 (Kustomize 5.8.1), Python {platform.python_version()}, "
        f"{platform.machine()}, {datetime.now(UTC):%Y-%m-%d}"
    )
    print("CPU seconds are the least of several runs, user + system; memory is the largest resident set.\n")
    print(f"{'work':44} {'ours':>9} {'kubectl':>9} {'ratio':>7} {'limit':>7}   {'memory ratio':>12} {'limit':>6}")
    missed = 0
    version = cost([COMPILER, "--version"], runs=15)
    missed += _absolute("compiler --version", version, 0.1)
    ours = cost([COMPILER, "build", "overlays/prod"], runs=9, cwd=ROOT)
    theirs = cost([kubectl, "kustomize", "overlays/prod"], runs=9, cwd=ROOT)
    missed += _row("build overlays/prod", ours, theirs, 1.0)
    ours = cost([COMPILER, "build", *overlays], runs=5, cwd=ROOT)
    each = [cost([kubectl, "kustomize", overlay], runs=5, cwd=ROOT) for overlay in overlays]
    theirs = Cost(sum(one.cpu for one in each), max(one.peak for one in each))
    missed += _row(f"build all {len(overlays)} overlays, one call", ours, theirs, 0.3)
    if missed:
        print(f"\n{missed} over the limit")
    return 1 if missed else 0


def _absolute(work: str, ours: Cost, limit: float) -> int:
    missed = ours.cpu > limit
    print(f"{work:44} {ours.cpu:8.3f}s {'':>9} {'':>7} {limit:6.2f}s   {'':>12} {'':>6}{'  OVER' if missed else ''}")
    return int(missed)


def _row(work: str, ours: Cost, theirs: Cost, limit: float, memory_limit: float = 1.5) -> int:
    ratio, memory = ours.cpu / theirs.cpu, ours.peak / theirs.peak
    missed = ratio > limit or memory > memory_limit
    print(
        f"{work:44} {ours.cpu:8.3f}s {theirs.cpu:8.3f}s {ratio:6.2f}x {limit:6.2f}x   "
        f"{memory:11.2f}x {memory_limit:5.1f}x{'  OVER' if missed else ''}"
    )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
