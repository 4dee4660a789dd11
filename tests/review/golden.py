"""Golden cases: ``cases/NAME/{before,after}/OVERLAY.yaml`` and what every printer makes of them.

``python -m tests.review.golden`` writes the expected files anew; read the difference before committing it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from compiler.review import Report, compare, print_json, print_markdown, print_text

CASES = Path(__file__).parent / "cases"
PRINTERS = {"expected.txt": print_text, "expected.md": print_markdown, "expected.json": print_json}


def side(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The renderings of one side, by overlay."""
    return {
        f"overlays/{path.stem}": [obj for obj in yaml.safe_load_all(path.read_text("utf-8")) if obj]
        for path in sorted(folder.glob("*.yaml"))
    }


def report_of(case: Path) -> Report:
    """The comparison of a case."""
    return compare(side(case / "before"), side(case / "after"), sides=("main", "working tree"))


def write() -> None:
    """Write every expected file."""
    for case in sorted(CASES.iterdir()):
        report = report_of(case)
        for name, printer in PRINTERS.items():
            if name != "expected.json" or (case / name).exists():
                (case / name).write_text(printer(report), "utf-8")


if __name__ == "__main__":
    write()
