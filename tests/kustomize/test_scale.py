"""Work grows with the input, not with its square; what several builds share is read once."""

from __future__ import annotations

import sys

from compiler.kustomize import Cache, MemoryTree, Options, build
from tests.tools.bench_engine import base, overlay


def calls(count: int) -> int:
    """How many function calls a build of ``count`` resources takes: a measure of work that no clock disturbs."""
    tree = MemoryTree({**base(count), **overlay("prod")})
    total = 0

    def tally(frame: object, event: str, argument: object) -> None:
        nonlocal total
        total += event in ("call", "c_call")

    build(tree, "prod")
    sys.setprofile(tally)
    try:
        build(tree, "prod")
    finally:
        sys.setprofile(None)
    return total


def test_twice_the_resources_take_twice_the_work() -> None:
    assert calls(1000) < 2.2 * calls(500)


def test_a_fleet_reads_its_base_once() -> None:
    files = base(30)
    for i in range(20):
        files.update(overlay(f"o{i}", patches=2))
    tree = MemoryTree(files)
    cache = Cache()
    texts = [build(tree, f"o{i}", Options(cache=cache)).text for i in range(20)]
    assert texts == [build(tree, f"o{i}").text for i in range(20)]
    assert cache.parsed <= 2 + 20 + 2 * 20
