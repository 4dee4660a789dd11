"""Where a finding is shown: its object's file, else the overlay's own kustomization."""

from __future__ import annotations

from compiler.check.finding import Finding, Report


def file_of(report: Report, finding: Finding) -> str:
    """The file of a finding, relative to the repository."""
    if finding.origin is not None:
        return finding.origin.path
    return f"{report.path}/kustomization.yaml" if report.path else "kustomization.yaml"


def line_of(finding: Finding) -> int | None:
    """The line of a finding's object, where known."""
    return finding.origin.line if finding.origin is not None else None


def about(finding: Finding) -> str:
    """Object and field: ``Deployment pulp/pulp-api: spec.replicas``."""
    return f"{finding.object}: {finding.field}" if finding.field else str(finding.object)


def plural(count: int, word: str) -> str:
    """``1 error``, ``2 errors``."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
