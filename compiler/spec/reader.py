"""Reading one layer: strict YAML with the line and column of every key and value.

Scalars follow the core schema of YAML 1.2.2 (§10.3.2): ``yes`` and ``on`` are strings, ``true`` is a boolean. What two
readers of YAML would understand differently (``0777``, merge keys, duplicate keys) is an error instead of a surprise.
The work is done on libyaml's events, so that depth and the size of expanded aliases are bounded before memory is spent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from compiler.errors import CompilerError, ErrorGroup, Origin
from compiler.spec.node import Mark, Node

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_NODES = 50_000

_TAG = "tag:yaml.org,2002:"
_INT = re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z")
_AMBIGUOUS = re.compile(r"[-+]?0[0-9_]+\Z")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


def read_layer(text: bytes, path: str) -> Node:
    """One layer as a mapping node.

    Args:
        text: the file's bytes.
        path: the file, relative to the repository; it stands in every mark.

    Raises:
        CompilerError: the text is not one strict YAML mapping; several errors come as an ``ErrorGroup``.
    """
    if len(text) > MAX_BYTES:
        raise CompilerError(f"a spec of more than {MAX_BYTES:,} bytes is refused", origin=Origin(path))
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        column = error.start - (text.rfind(b"\n", 0, error.start) + 1) + 1
        raise CompilerError(
            "this is not UTF-8 text", origin=Origin(path, line, column), hint="save the file in UTF-8 encoding"
        ) from None
    builder = _Builder(path)
    try:
        node = builder.document(yaml.parse(decoded, Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        raise _syntax_error(error, decoded, path) from None
    if builder.errors:
        raise ErrorGroup(builder.errors) if len(builder.errors) > 1 else builder.errors[0]
    return node


def _syntax_error(error: yaml.YAMLError, text: str, path: str) -> CompilerError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:  # a ReaderError: a character that YAML does not allow
        position = min(getattr(error, "position", 0), len(text))
        line = text.count("\n", 0, position) + 1
        column = position - (text.rfind("\n", 0, position) + 1) + 1
        return CompilerError("this character is not allowed in YAML", origin=Origin(path, line, column))
    lines = text.splitlines()
    line_text = lines[mark.line] if mark.line < len(lines) else ""
    place = Origin(path, mark.line + 1, mark.column + 1)
    if "\t" in line_text[: mark.column + 1] and not line_text[: mark.column].strip():
        return CompilerError("a tab cannot indent YAML", origin=place, hint="indent with spaces")
    problem = getattr(error, "problem", None) or "it cannot be read"
    return CompilerError(f"this is not YAML: {problem}", origin=place)


@dataclass
class _Builder:
    """Nodes out of libyaml's events."""

    path: str
    errors: list[CompilerError] = field(default_factory=list)
    anchors: dict[str, tuple[Node | None, int]] = field(default_factory=dict)
    nodes: int = 0

    def document(self, events: Iterator[Any]) -> Node:
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self.fatal("a spec is one YAML document; a second one begins here", self.mark(event))
                root = self.node(next(events), events, 0)
        if root is None or root.value is None:
            return Node({}, Mark(self.path, 1, 1))
        if not root.is_mapping:
            raise self.fatal("a spec is a mapping of keys to values", root.mark)
        return root

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        mark = self.mark(event)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(str(event.anchor), mark)
        self.count(1, mark)
        if depth > MAX_DEPTH:
            raise self.fatal(f"nested deeper than {MAX_DEPTH} levels", mark)
        before = self.nodes
        if event.anchor:
            self.anchors[event.anchor] = (None, 0)  # known, but not complete: an alias inside itself
        if isinstance(event, yaml.ScalarEvent):
            node = self.scalar(event, mark)
        elif isinstance(event, yaml.SequenceStartEvent):
            self.check_tag(event, "seq", mark)
            node = Node(tuple(self.items(events, depth)), mark)
        else:
            self.check_tag(event, "map", mark)
            node = Node(self.entries(events, depth), mark)
        if event.anchor:
            self.anchors[event.anchor] = (node, self.nodes - before + 1)
        return node

    def items(self, events: Iterator[Any], depth: int) -> Iterator[Node]:
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self.node(event, events, depth + 1)

    def entries(self, events: Iterator[Any], depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self.key(event)
            value = replace(self.node(next(events), events, depth + 1), key=self.mark(event))
            first = found.get(key)
            if first is None:
                found[key] = value
            else:
                line = first.place.line
                self.error(f'the key "{shorten(key)}" stands here a second time; the first is in line {line}', event)
        return found

    def key(self, event: Any) -> str:
        mark = self.mark(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise self.fatal("a key must be a plain word, not an alias, a list or a mapping", mark)
        if event.value == "<<" and event.implicit[0]:
            raise self.fatal("merge keys (<<) are not supported", mark, hint="use `extends`, or write the values out")
        if event.tag not in (None, "!", f"{_TAG}str"):
            raise self.fatal(f'the tag "{shorten(event.tag)}" is not supported', mark)
        return str(event.value)

    def alias(self, name: str, mark: Mark) -> Node:
        if name not in self.anchors:
            raise self.fatal(f'the anchor "{shorten(name)}" is not defined above', mark)
        node, size = self.anchors[name]
        if node is None:
            raise self.fatal(f'the anchor "{shorten(name)}" contains itself', mark)
        self.count(size, mark)
        return node

    def scalar(self, event: Any, mark: Mark) -> Node:
        text: str = event.value
        if event.tag == "!" or (event.tag is None and not event.implicit[0]):
            return Node(text, mark)
        if event.tag is not None and event.tag.removeprefix(_TAG) not in ("str", "int", "float", "bool", "null"):
            raise self.fatal(f'the tag "{shorten(event.tag)}" is not supported', mark)
        value = text if event.tag == f"{_TAG}str" else self.resolve(text, mark)
        if event.tag is not None and event.tag != f"{_TAG}{_type_tag(value)}":
            self.errors.append(self.fatal(f"this value is no {event.tag.removeprefix(_TAG)}", mark))
        return Node(value, mark, text=None if isinstance(value, str) else text)

    def resolve(self, text: str, mark: Mark) -> Any:
        if text in _WORDS:
            return _WORDS[text]
        if _AMBIGUOUS.match(text):
            hint = "put it in quotes if it is a string, else leave the zero out"
            self.errors.append(self.fatal("YAML readers disagree about a number with a leading zero", mark, hint=hint))
            return text
        if len(text) > 400 and (_INT.match(text) or _FLOAT.match(text)):
            self.errors.append(self.fatal("a number this long is refused", mark))
            return 0
        if _INT.match(text):
            return int(text, 0 if text[:2] in ("0o", "0x") else 10)
        if _FLOAT.match(text):
            number = float(text)
            if abs(number) == float("inf"):
                self.errors.append(self.fatal("this number is too large", mark))
                return 0.0
            return number
        if _NOT_FINITE.match(text):
            self.errors.append(self.fatal("infinity and not-a-number have no place in a spec", mark))
        return text

    def check_tag(self, event: Any, wanted: str, mark: Mark) -> None:
        if event.tag not in (None, "!", f"{_TAG}{wanted}"):
            raise self.fatal(f'the tag "{shorten(event.tag)}" is not supported', mark)

    def count(self, size: int, mark: Mark) -> None:
        self.nodes += size
        if self.nodes > MAX_NODES:
            raise self.fatal(f"more than {MAX_NODES:,} values once aliases are expanded", mark)

    def mark(self, event: Any) -> Mark:
        return Mark(self.path, event.start_mark.line + 1, event.start_mark.column + 1)

    def error(self, message: str, event: Any) -> None:
        self.errors.append(self.fatal(message, self.mark(event)))

    def fatal(self, message: str, mark: Mark, hint: str | None = None) -> CompilerError:
        return CompilerError(message, origin=Origin(mark.source, mark.line, mark.column), hint=hint)


def shorten(text: str, length: int = 40) -> str:
    """``text`` on one line, cut to ``length`` characters."""
    flat = "".join(char if char.isprintable() else "?" for char in text)
    return flat if len(flat) <= length else f"{flat[: length - 1]}…"


def _type_tag(value: Any) -> str:
    return {bool: "bool", int: "int", float: "float", type(None): "null"}.get(type(value), "str")
