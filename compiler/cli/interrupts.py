"""Ctrl-C while a native module is loaded: it waits until that is done; without click, for a quick start."""

from __future__ import annotations

import importlib.machinery
import signal
from types import FrameType

_AGAIN = 0.02
"""Seconds until an interrupt that came too early is tried again; the largest native module loads in about that."""


def prepare() -> None:
    """Take the place of Python's own handler, unless interrupts are ignored (``nohup``, a job in the background)."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def _interrupt(_number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, but not into the start of a native module: those of Rust (PyO3) abort at an exception
    with a text of their own, and a module half loaded stays so."""
    if _loads_native(frame):
        signal.signal(signal.SIGALRM, _interrupt)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        return
    raise KeyboardInterrupt


def _loads_native(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code in _LOADING:
            return True
        frame = frame.f_back
    return False


_LOADING = {
    importlib.machinery.ExtensionFileLoader.create_module.__code__,
    importlib.machinery.ExtensionFileLoader.exec_module.__code__,
}
