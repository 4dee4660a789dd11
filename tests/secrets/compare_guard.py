"""Our guard and detect-secrets on one corpus: ``python -m tests.secrets.compare_guard PATH-OF-detect-secrets``.

Prints a Markdown table: which leaks each one misses, and which good files it takes for leaks. The corpus is that of
``samples.py`` and every file that the sealers wrote into this repository.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from compiler.secrets import guard
from tests.secrets.samples import CLEAN, LEAKS
from tests.support.oracle import ROOT


def corpus() -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Leaks and good files: what they are, to their bytes."""
    leaks, good = (
        {name: content.encode() if isinstance(content, str) else content for name, content in files.items()}
        for files in (LEAKS, CLEAN)
    )
    for path in sorted((ROOT / "secrets").rglob("*.*")):
        if path.is_file():
            good[path.relative_to(ROOT).as_posix()] = path.read_bytes()
    return leaks, good


def ours(files: dict[str, bytes]) -> tuple[set[str], float]:
    """What our guard finds, and the seconds of CPU that it took."""
    begun = time.process_time()
    found = {name for name, content in files.items() if guard.scan("x.yaml", content)}
    return found, time.process_time() - begun


def theirs(program: str, files: dict[str, bytes]) -> tuple[set[str], float]:
    """What detect-secrets finds with its default plugins, and the seconds that it took, start included."""
    with tempfile.TemporaryDirectory() as folder:
        names = {f"f{number}.yaml": name for number, name in enumerate(files)}
        for file, name in names.items():
            (Path(folder) / file).write_bytes(files[name])
        begun = time.monotonic()
        done = subprocess.run(
            [program, "scan", "--all-files", "--no-verify", "."], cwd=folder, capture_output=True, check=True
        )
        seconds = time.monotonic() - begun
        return {names[Path(file).name] for file in json.loads(done.stdout)["results"]}, seconds


def main(program: str) -> None:
    """Print the table."""
    version = subprocess.run([program, "--version"], capture_output=True, check=True, text=True).stdout.strip()
    leaks, good = corpus()
    every = {**leaks, **good}
    print(f"| | `compiler secrets guard` | detect-secrets {version} |\n|---|---|---|")
    (mine, my_time), (other, other_time) = ours(every), theirs(program, every)
    for words, files in ((f"found, of {len(leaks)} leaks", leaks), (f"raised, of {len(good)} good files", good)):
        print(f"| {words} | {len(mine & set(files))} | {len(other & set(files))} |")
    print(f"| seconds for {len(every)} files | {my_time:.2f} | {other_time:.2f} |")
    for words, names in (("missed by detect-secrets", set(leaks) - other), ("missed by ours", set(leaks) - mine)):
        print(f"\n{words}: {'; '.join(name for name in leaks if name in names) or 'none'}")


if __name__ == "__main__":
    main(sys.argv[1])
