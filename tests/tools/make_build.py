"""`make build`: the main job on the example of this repository, and a table of what came out.

Compiles the specs, renders every overlay into ``build/``, checks the renderings. Exit codes are the compiler's own: the
worst of the commands it runs.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMPILER = [sys.executable, "-m", "compiler"]
IMAGE = re.compile(r"^\s*(?:- )?image: (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """What one overlay came to."""

    overlay: str
    objects: int
    images: int
    size: int
    findings: int
    seconds: float


def main() -> int:
    """Generate, render, check, print the table; return the worst exit code."""
    worst = subprocess.run([*COMPILER, "generate"], cwd=ROOT, check=False).returncode
    if worst:
        return worst
    rows = []
    for folder in sorted(path.parent for path in ROOT.glob("overlays/*/kustomization.yaml")):
        overlay = str(folder.relative_to(ROOT))
        start = time.perf_counter()
        built = subprocess.run([*COMPILER, "build", overlay, "--output-dir", "build"], cwd=ROOT, check=False).returncode
        seconds = time.perf_counter() - start
        checked = subprocess.run(
            [*COMPILER, "check", overlay, "-o", "json"], cwd=ROOT, check=False, capture_output=True
        )
        sys.stderr.buffer.write(checked.stderr)
        worst = max(worst, built, checked.returncode)
        if built == 0:
            rows.append(_row(overlay, checked.stdout, seconds))
    _print(rows)
    return worst


def _row(overlay: str, report: bytes, seconds: float) -> Row:
    text = (ROOT / "build" / f"{Path(overlay).name}.yaml").read_text()
    objects = len([document for document in text.split("\n---\n") if document.strip()])
    findings = len(json.loads(report)["findings"]) if report else 0
    return Row(overlay, objects, len(set(IMAGE.findall(text))), len(text.encode()), findings, seconds)


def _print(rows: list[Row]) -> None:
    width = max(len(row.overlay) for row in rows)
    print(f"\n{'overlay':{width}}  objects  images    bytes  findings   time")
    for row in rows:
        counts = f"{row.objects:7}  {row.images:6}  {row.size:7}  {row.findings:8}"
        print(f"{row.overlay:{width}}  {counts}  {row.seconds:4.2f}s")


if __name__ == "__main__":
    sys.exit(main())
