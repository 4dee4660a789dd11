"""Programs that run inside the pods, shipped as text in ConfigMaps; the compiler imports none of them."""

from __future__ import annotations

from importlib.resources import files


def text(name: str) -> str:
    """The source of a script, by its file name."""
    return (files(__name__) / name).read_text(encoding="utf-8")
