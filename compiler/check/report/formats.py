"""The writers by the name of their format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from compiler.check.finding import Report
from compiler.check.report.github import write_github
from compiler.check.report.json import write_json
from compiler.check.report.sarif import write_sarif
from compiler.check.report.text import write_text


class Writer(Protocol):
    """Writes reports, one of each overlay, in the order given; ends in a newline unless there is nothing to say."""

    def __call__(self, reports: Sequence[Report]) -> str: ...


FORMATS: Mapping[str, Writer] = {
    "text": write_text,
    "json": write_json,
    "sarif": write_sarif,
    "github": write_github,
}
