"""The node model: what a YAML document is between reading and printing.

A mapping is a ``dict`` (its keys are ``str``, or :class:`Key` when the key is not a string), a sequence a ``list``. A
string is a plain ``str`` when it was written plain and a :class:`Quoted` when it was quoted or a block; every other
scalar is a :class:`Scalar`. Scalars are immutable, so copying a document copies its containers only. What a scalar
finally is (``3`` or ``"3"``) is decided at output, as the real tool does (kustomize.md, section 1).
"""

from __future__ import annotations

from typing import Any, TypeAlias

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.lazy import Pattern


class Quoted(str):
    """A string that was written with quotes or as a block."""

    __slots__ = ()


class Folded(Quoted):
    """A string that was written as a folded block (``>``)."""

    __slots__ = ()


TEMPLATE_HINT = "if {{ … }} is a template: render it first, or quote it"


class Key(str):
    """A mapping key that is not a string (``1:``, ``true:``); it cannot be printed, as in the real tool.

    With the tag ``map`` it is empty, and stands for a key that is a map or a list, in the line where that ended. One
    that only its tag sets apart from a text has the tag behind a NUL, so that it equals no text.
    """

    __slots__ = ("line", "tag")
    tag: str
    line: int

    @property
    def text(self) -> str:
        """What is written there, without a tag."""
        return str(self).partition("\0")[0]

    def refusal(self) -> KustomizeError:
        """What printing it ends with."""
        if self.tag == "merge":
            return KustomizeError(
                "yaml: map merge requires map or sequence of maps as the value", hint="write out what << merges here"
            )
        if self.tag == "map":
            return KustomizeError("yaml: invalid map key: it is a map or a list", line=self.line, hint=TEMPLATE_HINT)
        return KustomizeError(
            f"json: unsupported type: map[interface {{}}]interface {{}} (the key {self.text!r} is not a string)",
            hint="remove its tag" if self.tag.startswith(("!", "tag:")) else "quote the key",
        )


class Scalar:
    """A scalar that is not known to be a string.

    Args:
        text: the source text.
        tag: ``int``, ``float``, ``bool``, ``null``, ``timestamp``, or ``""`` (made by a transformer, undecided).
        quoted: whether it carries the quotes of a value it replaced.
    """

    __slots__ = ("printed", "quoted", "tag", "text")

    def __init__(self, text: str, tag: str, quoted: bool = False) -> None:
        self.text = text
        self.tag = tag
        self.quoted = quoted
        self.printed: str | None = None

    def __repr__(self) -> str:
        return f"Scalar({self.text!r}, {self.tag!r}{', quoted' if self.quoted else ''})"


class Shared:
    """A scalar that stands in several places of one object.

    The real tool puts one node into every place that a label or annotation transformer creates, so that a later write
    to one of them (a patch, a replacement) shows in all. :func:`put` keeps that.
    """

    __slots__ = ("node",)

    def __init__(self, node: Any) -> None:
        self.node = node


class Repeated:
    """The value of a key that its map has already (see :func:`repeated_key`).

    Annotations that are rewritten keep the last value; anything else with such a key cannot be printed.

    Args:
        key: the key.
        line: its 1-based line.
        node: the value.
    """

    __slots__ = ("key", "line", "node")

    def __init__(self, key: str, line: int, node: Any) -> None:
        self.key = key
        self.line = line
        self.node = node

    def refusal(self) -> KustomizeError:
        """What printing it ends with."""
        return KustomizeError(
            f'yaml: unmarshal errors: mapping key "{self.key}" already defined',
            line=self.line,
            hint="remove one of the two",
        )


def repeated_key(known: dict[str, Any], key: str) -> str:
    """Under which key a map keeps a :class:`Repeated` value: one that no text can have."""
    while key in known:
        key += "\0"
    return key


Node: TypeAlias = Any
NULL = Scalar("null", "null")
EMPTY_NULL = Scalar("", "null")
FLOW_NULL = Scalar("", "null", quoted=True)
"""A value left out in ``{a: }``: null to everything, but go-yaml writes it with quotes, so it is printed as ``""``."""

_WORDS = {
    **{word: Scalar(word, "null") for word in ("null", "Null", "NULL", "~")},
    **{word: Scalar(word, "bool") for word in ("true", "True", "TRUE", "false", "False", "FALSE")},
    **{
        word: Scalar(word, "float")
        for word in (
            *(".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF"),
            *("+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"),
        )
    },
    "": EMPTY_NULL,
}
PLAIN: dict[str, Any] = dict(_WORDS)
"""The nodes of plain scalars met so far, by text; see :func:`resolve_plain`."""
_DOT_FLOAT = Pattern(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?\Z")
"""What begins with a dot goes to Go's ``ParseFloat`` as it is, which takes an underscore between two digits."""
_FLOAT = Pattern(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_DATE = Pattern(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]+))?(Z|[-+][0-9]{2}:[0-9]{2})"
    r"| ([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]+))?)?\Z"
)
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MAX_MEMO = 200_000


def resolve_plain(text: str) -> Any:
    """The node of a plain scalar by the rules of go-yaml v3 (kustomize.md, 5.3): ``str`` or :class:`Scalar`."""
    node = PLAIN.get(text)
    if node is None:
        text = str(text)  # a key or a quoted text may be asked about, and is no node to remember
        node = _resolve(text)
        if len(PLAIN) > _MAX_MEMO:
            PLAIN.clear()
            PLAIN.update(_WORDS)
        PLAIN[text] = node
    return node


def resolve_once(text: str) -> Any:
    """As :func:`resolve_plain`, for a text that was just made and is hardly met again: it is not remembered."""
    node = PLAIN.get(text)
    return _resolve(text) if node is None else node


def _resolve(text: str) -> Any:
    first = text[0]
    if first not in "+-.0123456789":
        return text
    if first == ".":
        return Scalar(text, "float") if _DOT_FLOAT.match(text) and parse_float(text) is not None else text
    if _DATE.match(text) and rfc3339(text) is not None:
        return Scalar(text, "timestamp")
    if parse_int(text) is not None:
        return Scalar(text, "int")
    plain = text.replace("_", "")
    if _FLOAT.match(plain) and parse_float(plain) is not None:
        return Scalar(text, "float")
    return text


def parse_int(text: str) -> int | None:
    """A 64-bit integer as Go's ``ParseInt(text, 0, 64)`` reads it after removing underscores, or None."""
    plain = text.replace("_", "")
    digits = plain[1:] if plain[:1] in ("+", "-") else plain
    if not digits or not digits[0].isdigit() or not digits.isascii() or not digits.isalnum():
        return None
    base, body = 10, digits
    if digits[0] == "0" and len(digits) > 1:
        base = {"x": 16, "X": 16, "o": 8, "O": 8, "b": 2, "B": 2}.get(digits[1], 8)
        body = digits[2:] if digits[1] in "xXoObB" else digits[1:]
        if not body or body[1:2].lower() == {16: "x", 8: "o", 2: "b"}[base]:
            return None
    elif len(digits) > 20:
        return None
    try:
        value = int(body, base)
    except ValueError:
        return None
    if plain[0] == "-":
        return -value if value <= 1 << 63 else None
    limit = (1 << 63) - 1 if plain[0] == "+" else (1 << 64) - 1
    return value if value <= limit else None


def parse_float(text: str) -> float | None:
    """A finite float, or None where Go reports a range error."""
    value = float(text)
    return value if value not in (float("inf"), float("-inf")) else None


def rfc3339(text: str) -> str | None:
    """A YAML timestamp as RFC 3339, or None when the date is impossible."""
    match = _DATE.match(text)
    if not match:
        return None
    year, month, day = match[1], int(match[2]), int(match[3])
    zone = match[8] or "Z"
    hour, minute, second = (int(match[i] or match[i + 5] or 0) for i in (4, 5, 6))
    fraction = (match[7] or match[12] or "")[:9].rstrip("0")
    number = int(year)
    leap = number % 4 == 0 and (number % 100 != 0 or number % 400 == 0)
    if not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1] or (month == 2 and day == 29 and not leap):
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    if zone in ("+00:00", "-00:00"):
        zone = "Z"
    if zone != "Z" and (int(zone[1:3]) > 24 or int(zone[4:]) > 59):
        return None
    return f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{'.' + fraction if fraction else ''}{zone}"


def text_of(node: Any) -> str:
    """The source text of a scalar; "" for containers and for nothing."""
    if isinstance(node, str):
        return node
    if type(node) is Shared:
        return text_of(node.node)
    return node.text if type(node) is Scalar else ""


def is_null(node: Any) -> bool:
    """Whether a node is tagged null."""
    return type(node) is Scalar and node.tag == "null"


def is_nil_or_empty(node: Any) -> bool:
    """Nothing, null, ``{}`` or ``[]``."""
    return node is None or is_null(node) or (isinstance(node, dict | list) and not node)


def copy(node: Any, shared: dict[int, Shared] | None = None) -> Any:
    """A deep copy: containers are copied, scalars are not; what is shared stays shared among the copies.

    Args:
        shared: the copies made so far of shared scalars, by id; given by the recursion.
    """
    if shared is None:
        shared = {}
    kind = type(node)
    if kind is dict:
        return {
            key: value if type(value) is str or type(value) is Scalar else copy(value, shared)
            for key, value in node.items()
        }
    if kind is list:
        return [value if type(value) is str or type(value) is Scalar else copy(value, shared) for value in node]
    if kind is Shared:
        twin = shared.get(id(node))
        if twin is None:
            twin = shared[id(node)] = Shared(node.node)
        return twin
    return node
