"""The text of one scalar as go-yaml v2 writes it: which style, which quotes, where a line breaks (kustomize.md, 18)."""

from __future__ import annotations

from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.scalars import Folded, Repeated, Scalar, Shared, resolve_plain
from compiler.kustomize.values import refolded, require_readable_text, value_of

_WIDTH = 80
_MAX_MEMO = 100_000
_WORDS = frozenset(["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF"])
_NAMES = frozenset(["null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"])
_BASE60 = Pattern(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_UNPRINTABLE = Pattern("[^\\n\\x20-\\x7e\\xa0-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd]")
BREAKS = "\n\x85\u2028\u2029"
_SPACE_BREAK = Pattern("[ ][\\n\u2028\u2029]")
_BREAK_SPACE = Pattern("[\\n\u2028\u2029][ ]")
_SOFT_BREAK = Pattern("([\u2028\u2029])(?=[^\\n\u2028\u2029])")
_FORBIDDEN = Pattern("[\\x7f-\\x84\\x86-\\x9f\\ufffe\\uffff]")
_PLAIN_FAST = Pattern(r"[A-Za-z/_$(][A-Za-z0-9/_.$()\-+@=;!?]*(?:[ :][A-Za-z0-9/_.$()\-+@=;!?]+)*\Z")
_PLAIN_BAD = Pattern(r"[ ,\[\]{}#&*!|>'\"%@`]|[?:\-](?: |\Z)|---|\.\.\.")
_PLAIN_BAD_INSIDE = Pattern(r":(?: |\Z)| #")
_NEXT_LINE = Pattern(" *(\x85(?: *\x85)*) *")
_LETTER_ESCAPES = {
    "\0": "0",
    "\a": "a",
    "\b": "b",
    "\t": "t",
    "\n": "n",
    "\v": "v",
    "\f": "f",
    "\r": "r",
    "\x1b": "e",
    '"': '"',
    "\\": "\\",
    "\x85": "N",
    "\xa0": "_",
    "\u2028": "L",
    "\u2029": "P",
}
SHORT: dict[str, str] = {}
"""The texts of strings without spaces, which are the same wherever they stand."""


def scalar_text(value: Any, indent: int, column: int) -> str:
    """A scalar as it stands behind its key or dash.

    Args:
        value: its node.
        indent: where the lines after its first begin.
        column: where its first line begins.

    Raises:
        KustomizeError: it holds a control character, or is the value of a key that its map has already.
    """
    if isinstance(value, str):
        if value[:1] == "\t":  # rare, and in no memory
            require_readable_text(value)
            return one_line(str(value), indent, column, fold=True)
        return _string(refolded(value) if type(value) is Folded else value, indent, column)
    if type(value) is Shared:
        return scalar_text(value.node, indent, column)
    if type(value) is Repeated:
        raise value.refusal()
    assert type(value) is Scalar  # noqa: S101 - a node is nothing else
    if value.printed is not None:
        return value.printed
    data = value_of(value)
    if isinstance(data, str):
        return _string(data, indent, column)
    value.printed = format_number(data)
    return value.printed


def format_number(data: int | float | bool | None) -> str:
    """A number, boolean or null as the real tool prints it (kustomize.md, 18.8)."""
    if data is None:
        return "null"
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, int):
        return str(data)
    return _float(data)


def _float(data: float) -> str:
    if data == 0:
        return "0"
    digits, exponent = shortest_digits(data)
    sign = "-" if data < 0 else ""
    if len(digits) - 1 <= exponent < 21:
        whole = int(sign + digits + "0" * (exponent - len(digits) + 1))
        if -(1 << 63) <= whole < 1 << 64:
            return str(whole)
    return go_float(data)


def go_float(data: float) -> str:
    """A float as Go's ``strconv.FormatFloat(data, 'g', -1, 64)`` writes it: an exponent below -4 and from 6 on."""
    if data == 0:
        return "0"
    return general("-" if data < 0 else "", *shortest_digits(data))


def general(sign: str, digits: str, exponent: int) -> str:
    """Digits, and the exponent of the first one, as Go's format ``g`` with precision -1 puts them."""
    if exponent < -4 or exponent >= 6:
        tail = digits[1:]
        return f"{sign}{digits[0]}{'.' + tail if tail else ''}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    if len(digits) <= exponent + 1:
        return sign + digits.ljust(exponent + 1, "0")
    return f"{sign}{digits[: exponent + 1]}.{digits[exponent + 1 :]}"


def shortest_digits(data: float) -> tuple[str, int]:
    """The shortest round-trip digits of a float and the exponent of the first one."""
    mantissa, _, power = f"{abs(data)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    lead = len(whole) if whole != "0" else len(digits) - len(fraction)
    return digits.rstrip("0") or "0", lead - 1 + int(power or 0)


def _string(value: str, indent: int, column: int) -> str:
    text = one_line(value, indent, column, fold=True)
    if " " not in text and "\n" not in text:
        if len(SHORT) > _MAX_MEMO:
            SHORT.clear()
        SHORT[str(value)] = text
    return text


def is_ambiguous(value: str) -> bool:
    """Whether YAML 1.1 would read the plain text as something other than a string."""
    if value in _WORDS or (value and value[0] in "+-0123456789" and ":" in value and _BASE60.match(value) is not None):
        return True
    return type(resolve_plain(value)) is Scalar


def one_line(value: str, indent: int, column: int, *, fold: bool) -> str:
    """A string in the style that fits it; without ``fold``, as keys are, no line of it is broken for its length.

    Raises:
        KustomizeError: it holds a control character.
    """
    if _PLAIN_FAST.match(value) and value not in _WORDS and (value[0].isalpha() or not is_ambiguous(value)):
        if value in _NAMES:
            return f'"{value}"'
        return _fold_plain(value, indent, column) if fold and " " in value else value
    special = False
    if not value.isascii() or not value.replace("\n", "").isprintable():
        if "\x85" in value:
            return one_line(_fold_next_lines(value), indent, column, fold=fold)
        forbidden = _FORBIDDEN.search(value)
        if forbidden:
            raise KustomizeError(
                f"yaml: control characters are not allowed (U+{ord(forbidden[0]):04X})", hint="remove the character"
            )
        special = _UNPRINTABLE.search(value) is not None
    if "\n" in value:
        literal = not special and not value.endswith(" ") and not _SPACE_BREAK.search(value)
        return _literal(value, indent) if literal else _double(value, indent, column, fold=fold)
    breaks = "\u2028" in value or "\u2029" in value
    beside = breaks and (_SPACE_BREAK.search(value) or _BREAK_SPACE.search(value))
    if special or beside or is_ambiguous(value):
        return _double(value, indent, column, fold=fold)
    if not value:
        return '""'
    edge = value[0] == " " or value[-1] == " "
    if not breaks and not edge and not _PLAIN_BAD.match(value) and not _PLAIN_BAD_INSIDE.search(value):
        return _fold_plain(value, indent, column) if fold and " " in value else value
    return _single(value, indent, column, fold=fold)


def _fold_next_lines(value: str) -> str:
    """U+0085 counts as a line break while the real tool passes the text on, and is folded like one."""
    if "\n" in value:
        return value.replace("\x85", "\n")
    return _NEXT_LINE.sub(lambda match: "\n" * (match[1].count("\x85") - 1) or " ", value)


def _fold_plain(value: str, indent: int, column: int) -> str:
    if column + len(value) <= _WIDTH:
        return value
    out: list[str] = []
    start = 0
    at = value.find(" ", max(1, _WIDTH + 1 - column))
    while at >= 0:
        if value[at - 1] != " " and value[at + 1 : at + 2] != " ":
            out.append(value[start:at])
            start = at + 1
            at = value.find(" ", start + max(1, _WIDTH + 1 - indent))
        else:
            at = value.find(" ", at + 1)
    out.append(value[start:])
    return ("\n" + " " * indent).join(out)


def _single(value: str, indent: int, column: int, *, fold: bool) -> str:
    out = ["'"]
    column += 1
    last_space = last_break = False
    for i, char in enumerate(value):
        if char == " ":
            inner = 0 < i < len(value) - 1 and value[i + 1] != " "
            if fold and not last_space and column > _WIDTH and inner:
                out.append("\n" + " " * indent)
                column = indent
            else:
                out.append(" ")
                column += 1
            last_space = True
        elif char in BREAKS:
            if not last_break and char == "\n":
                out.append("\n")
            out.append(char)
            column = 0
            last_break = True
            last_space = False
            continue
        else:
            if last_break:
                out.append(("" if out[-1] in BREAKS else "\n") + " " * indent)
                column = indent
            out.append("''" if char == "'" else char)
            column += 2 if char == "'" else 1
            last_space = False
        last_break = False
    return "".join(out) + "'"


def _double(value: str, indent: int, column: int, *, fold: bool) -> str:
    out = ['"']
    column += 1
    last_space = False
    escape_all = value.startswith("\ufeff")
    for i, char in enumerate(value):
        if escape_all or _must_escape(char):
            text = _escape(char)
            out.append(text)
            column += len(text)
            last_space = False
        elif char == " ":
            if fold and not last_space and column > _WIDTH and 0 < i < len(value) - 1:
                out.append("\n" + " " * indent)
                column = indent
                if value[i + 1] == " ":
                    out.append("\\")
                    column += 1
            else:
                out.append(" ")
                column += 1
            last_space = True
        else:
            out.append(char)
            column += 1
            last_space = False
    return "".join(out) + '"'


def _must_escape(char: str) -> bool:
    return char in '"\\\n\x85\u2028\u2029' or _UNPRINTABLE.match(char) is not None


def _escape(char: str) -> str:
    letter = _LETTER_ESCAPES.get(char)
    if letter is not None:
        return "\\" + letter
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _literal(value: str, indent: int) -> str:
    head = "|"
    if value[0] in (" ", *BREAKS):
        head += "2"
    if value[-1] not in BREAKS:
        head += "-"
    elif len(value) == 1 or value[-2] in BREAKS:
        head += "+"
    pad = " " * indent
    lines = value.split("\n")
    if value.endswith("\n"):
        lines.pop()
    text = head + "\n" + "\n".join(pad + line if line else "" for line in lines)
    return _SOFT_BREAK.sub(lambda match: match[1] + pad, text)
