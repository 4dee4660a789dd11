"""Reports for scripts; the form is versioned and described in ``docs/check.md``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from compiler.check.finding import Finding, Report
from compiler.check.report.place import file_of, line_of


def write_json(reports: Sequence[Report]) -> str:
    """One JSON document."""
    document = {
        "version": 1,
        "errors": sum(report.count("error") for report in reports),
        "warnings": sum(report.count("warning") for report in reports),
        "overlays": [_overlay(report) for report in reports],
        "findings": [_finding(report, finding) for report in reports for finding in report.findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _overlay(report: Report) -> dict[str, Any]:
    return {
        "path": report.path,
        "abstract": report.abstract,
        "objects": report.objects,
        "unvalidated": dict(report.unvalidated),
    }


def _finding(report: Report, finding: Finding) -> dict[str, Any]:
    return {
        "overlay": report.path,
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "object": {
            "group": finding.object.group,
            "kind": finding.object.kind,
            "namespace": finding.object.namespace,
            "name": finding.object.name,
        },
        "field": finding.field,
        "file": file_of(report, finding),
        "line": line_of(finding),
    }
