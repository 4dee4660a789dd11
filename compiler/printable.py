"""Text of others made fit for print: nothing in it drives a terminal, reorders a line, or begins one of its own."""

from __future__ import annotations

import unicodedata

_INVISIBLE = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str, keep: str = "") -> str:
    """``text`` with everything invisible written as escapes.

    Control characters would drive a terminal, bidirectional ones would reorder what is read, and a line break in a
    file's name would begin a line that looks like the program's own (or, in a pipeline's log, like a command to it).

    Args:
        text: e.g. a file's name or a value.
        keep: characters that stay as they are, e.g. line breaks.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        one if one == " " or one in keep or unicodedata.category(one) not in _INVISIBLE else _escape(one)
        for one in text
    )


def message(text: str) -> str:
    """``text`` of several lines with everything else that is invisible written as escapes.

    A line break before what a pipeline's log would take for a command (``::error``, ``##[error]``) is escaped as well:
    such a line comes from a name or value in the text, never from the program.
    """
    first, *others = printable(text, keep="\n\t").split("\n")
    return first + "".join(("\\n" if line.lstrip().startswith(("::", "##[")) else "\n") + line for line in others)


def _escape(character: str) -> str:
    code = ord(character)
    short = f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    return _SHORT.get(character, short)
