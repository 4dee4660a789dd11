"""The Kubernetes versions whose schemas the compiler carries."""

from __future__ import annotations

SUPPORTED_KUBERNETES = ("1.29", "1.30", "1.31", "1.32", "1.33", "1.34")
"""Minor versions, oldest first (``compiler/check/schema/data``, made by ``tests/tools/make_schemas.py``)."""
