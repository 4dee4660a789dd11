"""Reading the YAML that machines write, line by line: several times faster than libyaml's events from Python.

It knows block maps and lists with plain one-line scalars, simple quotes, ``|`` blocks and short flow lists. Whatever it
does not fully understand, it leaves to :mod:`compiler.kustomize.events`, which is the authority: the two must agree.
What a line means without its surroundings is remembered, for the lines of many documents are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from operator import itemgetter
from typing import Any, TypeAlias

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.scalars import Quoted
from compiler.kustomize.shapes import AFTER, MAX_DEPTH, MAX_LINES, MAX_SHAPES, Shape, Slot, depth

_NOW, _OPEN, _LITERAL, _LIST, _MAP, _SKIP, _OTHER = range(7)
_MAX_COLUMN = 250
"""Deeper lines are left to libyaml's reader, which counts depth; a container takes a column at least."""
_MAX_MEMO = 30_000

_KEY = Pattern(r"[A-Za-z0-9_./][A-Za-z0-9_./$()+-]{0,250}\Z")
_WORD = r"(?:[A-Za-z0-9_./][A-Za-z0-9_./-]*|\"[^\"\\]*\"|'[^']*')"
_VALUE = Pattern(
    r"((?:[A-Za-z0-9_/.$()=+<^~;\\]|-(?=[^ ]))[^:#]*(?:(?::(?=[^ ])|(?<=[^ ])#)[^:#]*)*)\Z"
    rf"|\"([^\"\\]*)\"\Z|'([^']*)'\Z|(\|-?)\Z|(\{{ *\}})\Z|\[ *({_WORD}(?:, *{_WORD})*)? *\]\Z"
)
_ITEM = Pattern(_WORD)


Line: TypeAlias = "tuple[int, bool, int, int, str | None, Any, int]"
"""What a line says: how its value is written; whether it begins an item of a list; the column of its first character;
the column of its key; the key, None when it has none; and the value: a scalar's node, the nodes of a list's items, or
the header of a block. Last, a number that all lines have in common that differ in their values only. (A plain tuple,
for speed.)"""

_Head: TypeAlias = "tuple[bool, int, int, str | None]"
"""The second to the fifth of these."""
_Parsed: TypeAlias = "tuple[int, _Head, Any]"
"""The first, those, and the value."""
_nowhere: _Head = (False, 0, 0, None)
_value_of, _form_of = itemgetter(5), itemgetter(6)


def read_lines(text: str, resolve: Callable[[str], Any]) -> tuple[Any, int] | None:
    """The only document of a text and the 0-based line of its first node; None when libyaml should read it.

    Args:
        text: YAML.
        resolve: the node of a plain scalar.
    """
    memo = _memos.get(resolve)
    if memo is None or memo.is_full():
        memo = _memos[resolve] = _Memo(resolve)  # another thread may go on with the old one
    lines = text.split("\n")
    if "|" in text or len(lines) > MAX_LINES:
        return _read(lines, map(memo.get, lines), memo)
    known = list(map(memo.__getitem__, lines))
    form = (lines[0] == "---", *map(_form_of, known))  # that line alone may say what is not understood
    shape = memo.shapes.get(form)
    if shape is None:
        memo.shapes[form] = Shape()
    elif shape.build is not None:
        return shape.build(list(map(_value_of, known)), memo.empty), shape.first
    else:
        shape.met += 1
        if shape.met == AFTER + 1:  # once: should it not work, it never does
            _learn_shape(shape, lines, known, memo)
    return _read(lines, known, memo)


def _learn_shape(shape: Shape, lines: list[str], known: list[Line], memo: _Memo) -> None:
    slots: list[Line | None] = [
        (_NOW, *line[1:5], {} if line[0] == _MAP else Slot(number, copied=line[0] == _LIST), 0)
        if line[0] in (_NOW, _LIST, _MAP)
        else line
        for number, line in enumerate(known)
    ]
    found = _read(lines, slots, memo)
    if found is not None and depth(found[0]) <= MAX_DEPTH:
        shape.learn(*found)


def _read(lines: list[str], known: Iterable[Line | None], memo: _Memo) -> tuple[Any, int] | None:
    """What :func:`read_lines` says, given what is known of each line."""
    first, line = _first(lines, 1 if lines[0] == "---" else 0, memo)
    if line is None or line[0] == _OTHER or line[2]:
        return None
    root: Any = [] if line[1] else {}
    return (root, first) if _fill(root, lines, known, first, memo) else None


def _first(lines: list[str], at: int, memo: _Memo) -> tuple[int, Line | None]:
    for number in range(at, len(lines)):
        line = memo[lines[number]]
        if line[0] != _SKIP:
            return number, line
    return len(lines), None


def _fill(root: Any, lines: list[str], known: Iterable[Line | None], first: int, memo: _Memo) -> bool:
    """Read lines into a map or list that begins in column 0; False when one of them is not understood."""
    current, column, in_list = root, 0, type(root) is list
    opened: str | None = None
    """The key of ``current`` whose value the next line decides."""
    stack: list[tuple[Any, int]] = []
    goes_on = first
    """The line after the last one that was read; others belong to a block."""
    for at, line in enumerate(known):
        if at < goes_on:
            continue
        shape, dash, indent, inner, key, value, _ = line or memo[lines[at]]
        if shape >= _SKIP:
            if shape == _SKIP:
                continue
            return False
        if opened is not None:
            if indent > column or (dash and indent == column):
                stack.append((current, column))
                below: Any = [] if dash else {}
                current[opened] = below
                current, column, in_list = below, indent, dash
            else:
                current[opened] = memo.empty
            opened = None
        elif indent > column:
            return False
        if indent < column:
            while indent < column:
                current, column = stack.pop()
            if indent != column:
                return False
            in_list = type(current) is list
        if dash:
            if not in_list:
                return False
            if key is not None:
                item: dict[str, Any] = {}
                current.append(item)
                stack.append((current, column))
                current, column, in_list = item, inner, False
        else:
            if in_list:
                if not stack:
                    return False
                current, column = stack.pop()
                in_list = type(current) is list
                if indent != column:
                    return False
            if key in current:
                return False
        if shape:
            if shape == _OPEN:
                opened = key
                continue
            if shape == _LITERAL:
                value, goes_on = _literal(lines, at + 1, column, value)
                if goes_on < 0:
                    return False
            else:
                value = list(value) if shape == _LIST else {}
        if key is None:
            current.append(value)
        else:
            current[key] = value
    if opened is not None:
        current[opened] = memo.empty
    return True


def _literal(lines: list[str], at: int, parent: int, header: str) -> tuple[Any, int]:
    """The text of a block whose header stands above line ``at``, and the line after it; -1 when libyaml should say."""
    if lines[-1]:
        return None, -1
    first = lines[at]
    indent = len(first) - len(first.lstrip(" "))
    if indent <= parent or indent == len(first):
        return None, -1
    pad = " " * indent
    end = at + 1
    count = len(lines)
    while end < count and (lines[end].startswith(pad) or not lines[end].strip(" ")):
        end += 1
    body = [line[indent:] for line in lines[at:end]]
    if not _is_plain("".join(body)):
        return None, -1
    while not body[-1]:
        body.pop()
    if header == "|":
        body.append("")
    return Quoted("\n".join(body)), end


class _Memo(dict[str, Line]):
    """What lines mean, with one way of reading plain scalars.

    Args:
        resolve: the node of a plain scalar.
    """

    __slots__ = ("_forms", "_heads", "_numbers", "_values", "empty", "resolve", "shapes")

    def __init__(self, resolve: Callable[[str], Any]) -> None:
        super().__init__()
        self.resolve = resolve
        self.empty = resolve("")
        """The node of a value that is left out."""
        self.shapes: dict[tuple[int, ...], Shape] = {}
        self._heads: dict[str, _Head | None] = {}
        self._values: dict[str, tuple[int, Any]] = {}
        self._forms: dict[tuple[int, _Head], int] = {}
        self._numbers = count()

    def is_full(self) -> bool:
        """Whether it remembers too much."""
        return len(self) > _MAX_MEMO or len(self.shapes) > MAX_SHAPES

    def __missing__(self, text: str) -> Line:
        try:
            shape, head, node = self._learn(text)
        except KustomizeError:  # a number that JSON does not have: it may stand where it is none
            shape, head, node = _OTHER, _nowhere, None
        form = self._forms.get((shape, head))
        if form is None:
            form = self._forms.setdefault((shape, head), next(self._numbers))
        dash, indent, column, key = head
        found = self[text] = (shape, dash, indent, column, key, node, form)
        return found

    def _learn(self, text: str) -> _Parsed:
        if not _is_plain(text):
            return _OTHER, _nowhere, None
        start, _, rest = text.partition(": ")
        rest = rest.strip(" ")
        head = None
        if rest:
            head = self._heads.get(start)
            if head is None and start not in self._heads:
                head = self._heads[start] = _head(start, self.resolve)
        if head is None:
            return _parse(text, self.resolve)
        value = self._values.get(rest)
        if value is None:
            value = self._values[rest] = _value(rest, self.resolve)
        return value[0], head, value[1]


_memos: dict[Callable[[str], Any], _Memo] = {}


def _is_plain(text: str) -> bool:
    """Whether there is nothing in it that ends a line to YAML, or is no character: tabs, and all beyond ASCII."""
    return text.isascii() and text.isprintable()


def _begin(text: str) -> tuple[bool, int, int, str]:
    """Whether a line begins an item, the column of its first character, that of what comes then, and the rest."""
    body = text.lstrip(" ")
    indent = column = len(text) - len(body)
    dash = body[:2] == "- "
    if dash:
        body = body[2:].lstrip(" ")
        column = len(text) - len(body)
    return dash, indent, column, body


def _head(text: str, resolve: Callable[[str], Any]) -> _Head | None:
    """What stands before a value, when it is spaces, a dash maybe, and a key."""
    dash, indent, column, body = _begin(text)
    if column > _MAX_COLUMN or _KEY.match(body) is None or type(resolve(body)) is not str:
        return None
    return dash, indent, column, body


def _parse(text: str, resolve: Callable[[str], Any]) -> _Parsed:
    dash, indent, column, body = _begin(text.rstrip(" "))
    if not dash and (not body or body[0] == "#"):
        return _SKIP, _nowhere, None
    if column > _MAX_COLUMN:
        return _OTHER, _nowhere, None
    name, colon, rest = body.partition(": ")
    if not colon and body[-1] == ":":
        name, colon = body[:-1], ":"
    key: str | None = name
    if not colon or _KEY.match(name) is None:
        if not dash:
            return _OTHER, _nowhere, None
        key, rest = None, body
    elif type(resolve(name)) is not str:
        return _OTHER, _nowhere, None
    elif not rest:
        return _OPEN, (dash, indent, column, key), None
    shape, value = _value(rest.lstrip(" "), resolve)
    return shape, (dash, indent, column, key), value


def _value(text: str, resolve: Callable[[str], Any]) -> tuple[int, Any]:
    if text.isalnum():
        return _NOW, resolve(text)
    match = _VALUE.match(text)
    if match is None:
        return _OTHER, None
    plain, double, single, block, empty_map, items = match.groups()
    if plain is not None:
        return _NOW, resolve(plain)
    if double is not None:
        return _NOW, Quoted(double)
    if single is not None:
        return _NOW, Quoted(single)
    if block is not None:
        return _LITERAL, block
    if empty_map is not None:
        return _MAP, None
    words = [found[0] for found in _ITEM.finditer(items or "")]
    return _LIST, tuple(Quoted(word[1:-1]) if word[0] in "\"'" else resolve(word) for word in words)
