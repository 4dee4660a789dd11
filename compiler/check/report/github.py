"""GitHub Actions' workflow commands: one annotation for each finding."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.check.finding import Report
from compiler.check.report.place import about, file_of, line_of
from compiler.printable import printable


def write_github(reports: Sequence[Report]) -> str:
    """``::error file=…,line=…,title=…::message``; what a manifest holds cannot end the command early."""
    lines = []
    for report in reports:
        for finding in report.findings:
            line = line_of(finding)
            place = f"file={_property(file_of(report, finding))}" + (f",line={line}" if line is not None else "")
            text = _data(f"{report.path}: {about(finding)}: {finding.message}")
            lines.append(f"::{finding.severity} {place},title={_property(finding.rule)}::{text}\n")
    return "".join(lines)


def _data(text: str) -> str:
    return printable(text, keep="\r\n").replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
