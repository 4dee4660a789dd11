"""SARIF 2.1.0 (OASIS), as code scanning takes it: every result has a file, a line and a stable fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from compiler.check.finding import Finding, Report
from compiler.check.report.place import about, file_of, line_of
from compiler.check.rules import RULES
from compiler.version import __version__

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def write_sarif(reports: Sequence[Report]) -> str:
    """One run over all overlays."""
    indexes = {rule: index for index, rule in enumerate(RULES)}
    run = {
        "tool": {
            "driver": {
                "name": "compiler check",
                "semanticVersion": __version__,
                "rules": [
                    {
                        "id": identity,
                        "shortDescription": {"text": rule.title},
                        "defaultConfiguration": {"level": rule.severity},
                    }
                    for identity, rule in RULES.items()
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(report, finding, indexes[finding.rule]) for report in reports for finding in report.findings
        ],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _result(report: Report, finding: Finding, index: int) -> dict[str, Any]:
    identity = "\0".join([report.path, finding.rule, about(finding), finding.message])
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": f"{report.path}: {about(finding)}: {finding.message}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(file_of(report, finding))},
                    "region": {"startLine": line_of(finding) or 1},
                },
                "logicalLocations": [{"fullyQualifiedName": about(finding), "kind": "object"}],
            }
        ],
        "partialFingerprints": {"finding/v1": hashlib.sha256(identity.encode()).hexdigest()},
    }
