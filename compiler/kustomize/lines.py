"""Reading the YAML that machines write, line by line: several times faster than libyaml's events from Python.

It knows block maps and lists with plain one-line scalars, simple quotes, ``|`` blocks and short flow lists. Whatever it
does not fully understand, it leaves to :mod:`compiler.kustomize.events`, which is the authority: the two must agree.
What a line means without its surroundings is remembered, for the lines of many documents are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from compiler.kustomize.lazy import Pattern
from compiler.kustomize.scalars import Quoted

_NOW, _OPEN, _LITERAL, _LIST, _MAP, _SKIP, _OTHER = range(7)
_MAX_COLUMN = 250
"""Deeper lines are left to libyaml's reader, which counts depth; a container takes a column at least."""
_MAX_MEMO = 30_000

_KEY = Pattern(r"[A-Za-z0-9_./][A-Za-z0-9_./$()+-]{0,250}\Z")
_WORD = r"(?:[A-Za-z0-9_./][A-Za-z0-9_./-]*|\"[^\"\\]*\"|'[^']*')"
_VALUE = Pattern(
    r"((?:[A-Za-z0-9_/.$()=+<^~;\\]|-(?=[^ ]))(?:[^:#]|:(?=[^ ])|(?<=[^ ])#)*)\Z"
    rf"|\"([^\"\\]*)\"\Z|'([^']*)'\Z|(\|-?)\Z|(\{{ *\}})\Z|\[ *({_WORD}(?:, *{_WORD})*)? *\]\Z"
)
_ITEM = Pattern(_WORD)


Line: TypeAlias = "tuple[int, bool, int, int, str | None, Any]"
"""What a line says: how its value is written; whether it begins an item of a list; the column of its first character;
the column of its key; the key, None when it has none; and the value: a scalar's node, the nodes of a list's items, or
the header of a block. (A plain tuple, for speed.)"""

_nothing: Line = (_SKIP, False, 0, 0, None, None)
_unknown: Line = (_OTHER, False, 0, 0, None, None)
_memos: dict[Callable[[str], Any], dict[str, Line]] = {}


def read_lines(text: str, resolve: Callable[[str], Any]) -> tuple[Any, int] | None:
    """The only document of a text and the 0-based line of its first node; None when libyaml should read it.

    Args:
        text: YAML.
        resolve: the node of a plain scalar.
    """
    if not text.isascii() or not text.replace("\n", "").isprintable():
        return None
    memo = _memos.setdefault(resolve, {})
    if len(memo) > _MAX_MEMO:
        memo.clear()
    lines = text.split("\n")
    at = 1 if lines[0] == "---" else 0
    first, line = _first(lines, at, memo, resolve)
    shape, dash, indent, *_ = line
    if shape == _OTHER or indent:
        return None
    root: Any = [] if dash else {}
    return (root, first) if _fill(root, lines, first, memo, resolve) else None


def _first(lines: list[str], at: int, memo: dict[str, Line], resolve: Callable[[str], Any]) -> tuple[int, Line]:
    for number in range(at, len(lines)):
        line = _meaning(lines[number], memo, resolve)
        if line[0] != _SKIP:
            return number, line
    return len(lines), _unknown


def _fill(root: Any, lines: list[str], at: int, memo: dict[str, Line], resolve: Callable[[str], Any]) -> bool:
    """Read lines into a map or list that begins in column 0; False when one of them is not understood."""
    current, column = root, 0
    opened: str | None = None
    """The key of ``current`` whose value the next line decides."""
    stack: list[tuple[Any, int]] = []
    known = memo.get
    count = len(lines)
    while at < count:
        text = lines[at]
        shape, dash, indent, inner, key, value = known(text) or _meaning(text, memo, resolve)
        if shape == _SKIP:
            at += 1
            continue
        if shape == _OTHER:
            return False
        if opened is not None:
            if indent > column or (dash and indent == column):
                stack.append((current, column))
                below: Any = [] if dash else {}
                current[opened] = below
                current, column = below, indent
            else:
                current[opened] = resolve("")
            opened = None
        elif indent > column:
            return False
        if indent < column:
            while indent < column:
                current, column = stack.pop()
            if indent != column:
                return False
        if dash:
            if type(current) is not list:
                return False
            if key is not None:
                item: dict[str, Any] = {}
                current.append(item)
                stack.append((current, column))
                current, column = item, inner
        else:
            if type(current) is list:
                if not stack:
                    return False
                current, column = stack.pop()
                if indent != column:
                    return False
            if key in current:
                return False
        at += 1
        if shape == _OPEN:
            opened = key
            continue
        if shape:
            if shape == _LITERAL:
                value, end = _literal(lines, at, column, value)
                if end < 0:
                    return False
                at = end
            else:
                value = list(value) if shape == _LIST else {}
        if key is None:
            current.append(value)
        else:
            current[key] = value
    if opened is not None:
        current[opened] = resolve("")
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
    while not body[-1]:
        body.pop()
    if header == "|":
        body.append("")
    return Quoted("\n".join(body)), end


def _meaning(text: str, memo: dict[str, Line], resolve: Callable[[str], Any]) -> Line:
    found = memo.get(text)
    if found is None:
        found = memo[text] = _parse(text, resolve)
    return found


def _parse(text: str, resolve: Callable[[str], Any]) -> Line:
    text = text.rstrip(" ")
    body = text.lstrip(" ")
    if not body or body[0] == "#":
        return _nothing
    indent = column = len(text) - len(body)
    dash = body[:2] == "- "
    if dash:
        body = body[2:].lstrip(" ")
        column = len(text) - len(body)
    if column > _MAX_COLUMN:
        return _unknown
    name, colon, rest = body.partition(": ")
    if not colon and body[-1] == ":":
        name, colon = body[:-1], ":"
    key: str | None = name
    if not colon or _KEY.match(name) is None:
        if not dash:
            return _unknown
        key, rest = None, body
    elif type(resolve(name)) is not str:
        return _unknown
    elif not rest:
        return _OPEN, dash, indent, column, key, None
    shape, value = _value(rest.lstrip(" "), resolve)
    return shape, dash, indent, column, key, value


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
