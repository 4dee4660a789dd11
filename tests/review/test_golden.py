"""What a reviewer gets to read, for folders as a user would have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.review.golden import CASES, PRINTERS, report_of

EXPECTED = sorted(path for case in CASES.iterdir() for path in case.glob("expected.*"))


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_report_reads_as_expected(path: Path) -> None:
    assert PRINTERS[path.name](report_of(path.parent)) == path.read_text("utf-8")


def test_every_case_has_text_and_markdown() -> None:
    for case in CASES.iterdir():
        assert {"expected.txt", "expected.md"} <= {path.name for path in case.iterdir()}
