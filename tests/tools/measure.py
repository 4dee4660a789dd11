"""CPU time and peak memory of a command, so that both sides of a comparison are measured the same way."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What one command took.

    Args:
        cpu: user + system seconds of the process and the children it waited for.
        peak: largest resident set in MiB of any of these processes.
    """

    cpu: float
    peak: float


def cost(command: Sequence[str], *, runs: int = 5, cwd: Path | None = None) -> Cost:
    """The least CPU time of ``runs`` runs and the largest peak; the machine may be noisy, the least is the truest.

    Raises:
        RuntimeError: the command failed.
    """
    samples = [_once(command, cwd) for _ in range(runs)]
    return Cost(min(sample.cpu for sample in samples), max(sample.peak for sample in samples))


def _once(command: Sequence[str], cwd: Path | None) -> Cost:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=cwd)
    assert process.stderr is not None
    message = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {process.returncode}: {message.decode(errors='replace')[-500:]}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
