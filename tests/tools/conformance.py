"""Count how many of the recorded cases of the real tool the engine passes.

Example:
  python tests/tools/conformance.py [--show N] [--filter TEXT] [VECTORS.jsonl ...]
"""

from __future__ import annotations

import argparse
import difflib
import json
import posixpath
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from compiler.kustomize import KustomizeError, MemoryTree, Options, build  # noqa: E402

VECTORS = ROOT / "tests" / "kustomize" / "vectors" / "edge.jsonl"


def load(path: Path) -> Iterator[dict[str, Any]]:
    """The cases of a file."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def run(case: dict[str, Any]) -> str | None:
    """Render a case in memory: None when it is as the real tool has it, else what differs."""
    prefix = "case"
    files = {posixpath.join(prefix, path): content for path, content in case["files"].items()}
    files.setdefault(posixpath.join(prefix, ".keep"), "")
    folder = posixpath.normpath(posixpath.join(prefix, case["build_dir"]))
    arguments = case.get("options", {}).get("args", [])
    options = Options(restricted="--load-restrictor=LoadRestrictionsNone" not in arguments)
    wanted = case["expect"].get("yaml")
    try:
        text = build(MemoryTree(files), folder, options).text
    except KustomizeError as error:
        return None if wanted is None else f"refused: {error}"
    if wanted is None:
        return f"accepted; the real tool says: {case.get('oracle_error', '').strip()[-300:]}"
    if text == wanted:
        return None
    return "\n".join(difflib.unified_diff(wanted.split("\n"), text.split("\n"), "real", "ours", lineterm="", n=2))


def main() -> int:
    """Run the cases and print the count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vectors", nargs="*", type=Path, default=[VECTORS])
    parser.add_argument("--filter", default="", help="only cases whose id contains this")
    parser.add_argument("--show", type=int, default=3, help="how many failures to show")
    arguments = parser.parse_args()
    cases = [case for path in arguments.vectors for case in load(path) if arguments.filter in case["id"]]
    start = time.process_time()
    failed: list[tuple[str, str]] = []
    for case in cases:
        try:
            problem = run(case)
        except Exception:  # noqa: BLE001 - a crash is a failure of the case
            problem = traceback.format_exc(limit=-4)
        if problem is not None:
            failed.append((case["id"], problem))
    for name, problem in failed[: arguments.show]:
        print(f"=== {name}\n{problem}\n")
    for name, _ in failed:
        print(f"FAIL {name}")
    print(f"conformance: {len(cases) - len(failed)} of {len(cases)} cases pass ({time.process_time() - start:.1f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
