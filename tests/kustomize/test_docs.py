"""docs/engine.md: every module is in its table, and the limits are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import compiler.kustomize
from compiler.kustomize.reader import MAX_ALIAS_NODES, MAX_BYTES, MAX_DEPTH
from compiler.kustomize.tree import MAX_FILE

PAGE = (Path(__file__).parents[2] / "docs" / "engine.md").read_text()


def test_every_module_is_in_the_table() -> None:
    table = PAGE.partition("## Where is")[2].partition("## As a library")[0]
    named = set(re.findall(r"`([a-z0-9_]+)`", "".join(line.split("|")[2] for line in table.split("\n") if "|" in line)))
    assert {path.stem for path in Path(compiler.kustomize.__file__).parent.glob("[a-z]*.py")} <= named


def test_the_limits_are_those_of_the_code() -> None:
    assert MAX_BYTES == MAX_FILE
    for limit in (f"{MAX_FILE >> 20} MiB", f"| {MAX_DEPTH:,} (", f"| {MAX_ALIAS_NODES:,} ("):
        assert limit in PAGE
