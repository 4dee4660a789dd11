"""The recorded cases: what the real tool printed or refused, case by case, rendered in memory."""

from __future__ import annotations

import pytest

from tests.tools.conformance import VECTORS, load, run

CASES = {case["id"]: case for case in load(VECTORS)}


@pytest.mark.parametrize("name", CASES)
def test_a_recorded_case_renders_as_the_real_tool_has_it(name: str) -> None:
    assert run(CASES[name]) is None
