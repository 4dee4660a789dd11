"""One line for each finding, in the form that editors and people read, and a summary of each overlay."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.check.finding import Report
from compiler.check.report.place import about, file_of, line_of, plural
from compiler.printable import printable


def write_text(reports: Sequence[Report]) -> str:
    """``file:line: severity: object: field: message [rule]``."""
    lines = []
    for report in reports:
        for finding in report.findings:
            line = line_of(finding)
            place = file_of(report, finding) + (f":{line}" if line is not None else "")
            lines.append(f"{place}: {finding.severity}: {about(finding)}: {finding.message} [{finding.rule}]")
        lines.append(_summary(report))
    return "".join(f"{printable(line)}\n" for line in lines)


def _summary(report: Report) -> str:
    errors, warnings = report.count("error"), report.count("warning")
    verdict = f"{plural(errors, 'error')}, {plural(warnings, 'warning')}" if report.findings else "no findings"
    text = f"{report.path}: {plural(report.objects, 'object')}, {verdict}"
    if report.abstract:
        text += "; a layer: references not checked"
    if report.unvalidated:
        kinds = ", ".join(f"{kind} ({count})" for kind, count in report.unvalidated.items())
        text += f"; without a schema: {kinds}"
    return text
