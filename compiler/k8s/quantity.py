"""Resource quantities: ``500m``, ``1.5``, ``2Gi``, ``1e3``.

Source: the Kubernetes API reference, "Quantity": a decimal with a binary (Ki…Ei), decimal (n…E) or exponent suffix.
"""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:(?P<suffix>[KMGTPE]i|[numkMGTPE])|(?P<exponent>[eE][+-]?\d{1,3}))?\Z"
)
_SUFFIXES: dict[str, Decimal] = {
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", start=1)},
    **{letter: Decimal(1000) ** -power for power, letter in enumerate("mun", start=1)},
}


def is_quantity(text: str) -> bool:
    """Whether ``text`` is a quantity."""
    return _QUANTITY.match(text) is not None


def parse_quantity(value: str | int | float) -> Decimal:
    """The number that a quantity means, in its base unit (cores, bytes).

    Raises:
        ValueError: it is not a quantity.
    """
    match = _QUANTITY.match(str(value))
    if match is None:
        raise ValueError("not a quantity")
    return Decimal(match["number"] + (match["exponent"] or "")) * _SUFFIXES.get(match["suffix"] or "", Decimal(1))
