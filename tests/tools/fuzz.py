"""Compare the engine with the real kubectl on random kustomization trees until time is up.

Example:
  python tests/tools/fuzz.py --minutes 30

A difference is kept as a folder under the scratch directory that is printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from compiler.kustomize import DirTree, KustomizeError, build  # noqa: E402
from tests.support.oracle import kustomize_build  # noqa: E402
from tests.tools.kustomizations import tree as kustomizations  # noqa: E402
from tests.tools.merges import merge_tree  # noqa: E402
from tests.tools.scalars import scalar_tree  # noqa: E402

GENERATORS = (kustomizations, kustomizations, merge_tree, scalar_tree)
"""Whole kustomizations are half of the trees; merges and odd scalars, where most of the oddities are, the rest."""


def tree(seed: int) -> dict[str, str]:
    """The tree of a seed: files by path, ``top`` being what is built."""
    return GENERATORS[seed % len(GENERATORS)](Random(seed))


def write(files: dict[str, str], folder: Path) -> None:
    """Write the files of a tree."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def compare(files: dict[str, str], folder: Path) -> tuple[str, str]:
    """Build ``top`` with both.

    Returns:
        What happened, and the details: ``same``, ``refused`` (by both), ``crashed`` (the real one), ``unsupported``,
        or how they differ.
    """
    write(files, folder)
    real = kustomize_build(folder / "top")
    try:
        ours = build(DirTree(folder), "top").text
    except KustomizeError as error:
        if real.returncode:
            return "refused", ""
        return ("unsupported" if error.unsupported else "we refuse"), str(error)
    if b"goroutine 1 [running]" in real.stderr:
        return "crashed", ""
    if real.returncode:
        return "we accept", real.stderr.decode("utf-8", "replace")[-600:]
    theirs = real.stdout.decode("utf-8")
    if ours == theirs:
        return "same", ""
    import difflib

    return "different", "\n".join(difflib.unified_diff(theirs.split("\n"), ours.split("\n"), "real", "ours", "", "", 2))


def main() -> int:
    """Fuzz until time is up; exit 1 when a difference was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--keep", type=int, default=20, help="stop after so many differences")
    arguments = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="fuzz-"))
    end = time.monotonic() + arguments.minutes * 60
    counts: Counter[str] = Counter()
    seed, bad = arguments.seed, 0
    while time.monotonic() < end and bad < arguments.keep:
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            outcome, details = compare(tree(seed), Path(folder))
        counts[outcome] += 1
        if outcome not in ("same", "refused", "crashed"):
            bad += outcome != "unsupported"
            write(tree(seed), scratch / f"seed-{seed}")
            print(f"seed {seed}: {outcome}\n{details}\n", flush=True)
        seed += 1
    print(f"{sum(counts.values())} trees: {dict(counts)}; kept in {scratch}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
