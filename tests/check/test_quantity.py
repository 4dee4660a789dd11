"""Quantities mean what Kubernetes says they mean."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.k8s.quantity import is_quantity, parse_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [("1Ki", "1024"), ("1k", "1000"), ("500m", "0.5"), ("1.5Gi", "1610612736"), ("1e3", "1000"), ("1E", "1e18"),
     ("100n", "1e-7"), ("-2", "-2"), (3, "3"), (0.5, "0.5"), (".5", "0.5"), ("1E2", "100")],
)  # fmt: skip
def test_a_quantity_is_a_number_and_a_suffix(text: Any, value: str) -> None:
    assert parse_quantity(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1GB", "0x10", "1e", "--1", "1\n"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    assert not is_quantity(text)
    with pytest.raises(ValueError, match="not a quantity"):
        parse_quantity(text)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "Gi"]))
def test_order_follows_the_number(number: int, suffix: str) -> None:
    assert parse_quantity(f"{number}{suffix}") < parse_quantity(f"{number + 1}{suffix}")
