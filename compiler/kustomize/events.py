"""Reading any YAML, at the speed of libyaml's event stream.

Nesting and the expansion of aliases are bounded while events arrive, before anything recursive sees the input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from yaml import YAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.parser import ParserError

from compiler.kustomize.dialect import Reading
from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.mapkeys import TAG, MapKeys
from compiler.kustomize.mergekeys import Alias, settle
from compiler.kustomize.reader import MAX_ALIAS_NODES, MAX_DEPTH, Document
from compiler.kustomize.scalars import FLOW_NULL, PLAIN, TEMPLATE_HINT, Folded, Quoted, Scalar, copy, resolve_plain

_TEXTS = ("!", f"{TAG}str", f"{TAG}merge")
"""The tags of keys that are texts to Go; one with any other tag is something unknown, so its map cannot be printed."""
_NO_UTF8 = Pattern(r"[\udc80-\udcff]")


def read_events(text: str, first_line: int, resolve: Callable[[str], Any], strict_keys: bool) -> Document | None:
    """The first document of a text, or None when there is none; see :func:`compiler.kustomize.reader.read_document`.

    Raises:
        KustomizeError: malformed YAML, with its line.
    """
    reading = Reading(text)
    while True:
        try:
            return _Builder(reading.start(), first_line, resolve, strict_keys, strict_keys and "<<" in text).run()
        except YAMLError as error:
            if not reading.repair(error):
                raise _malformed(error, text, first_line) from None
        except UnicodeEncodeError:
            raise KustomizeError("MalformedYAMLError: yaml: control characters are not allowed") from None


def _malformed(error: YAMLError, text: str, first_line: int) -> KustomizeError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    line = first_line + mark.line + 1 if mark is not None else None
    place = f"line {line}: " if line is not None else ""
    hint = getattr(error, "note", None)
    if "cannot start any token" in problem:
        hint = "indent with spaces, not tabs; quote values that begin with @ or `"
    elif "a tab character" in problem:
        hint = "indent with spaces, not tabs"
    elif "expected <document start>" in problem and (text[:1] == "%" or "\n%" in text):
        hint = "remove the line that begins with %: a file is cut at its --- before it is read"
    return KustomizeError(
        f"MalformedYAMLError: yaml: {place}{problem}",
        line=line,
        column=mark.column + 1 if mark is not None else None,
        hint=hint,
    )


class _Builder(MapKeys):
    """Builds nodes from events with a stack of its own, so that depth costs no recursion."""

    def __init__(
        self, get: Callable[[], Any], first_line: int, resolve: Callable[[str], Any], strict_keys: bool, merging: bool
    ) -> None:
        super().__init__(first_line, strict_keys)
        self.get = get
        self.merging = merging
        """Whether keys ``<<`` stay with aliases as they are until the document is read."""
        self.resolve = resolve
        self.anchors: dict[str, Any] = {}
        self.expanded = 0
        self.flow: set[int] = set()

    def run(self) -> Document | None:
        get = self.get
        while True:
            event = get()
            kind = type(event)
            if kind is StreamEndEvent:
                return None
            if kind is DocumentStartEvent:
                break
        event = get()
        line = self._line(event)
        node = self._build(event)
        self._finish_document()
        if self.map_key is not None:
            self._fail("invalid map key: it is a map or a list", self.map_key, hint=TEMPLATE_HINT)
        flow = id(node) in self.flow
        return Document(settle(node) if self.merging else node, line, self.problem, flow=flow)

    def _finish_document(self) -> None:
        """Read to the next document's start: what follows may be malformed."""
        event = self.get()
        if type(event) is DocumentEndEvent:
            try:
                self.get()
            except ParserError:
                return  # as in ``{…}{…}``: the real tool stops reading here

    def _build(self, event: Any) -> Any:
        get = self.get
        resolve = self.resolve
        known = PLAIN.get if resolve is resolve_plain else _nothing
        current: Any = None
        key: Any = None
        stack: list[tuple[Any, Any]] = []
        while True:
            kind = type(event)
            if kind is ScalarEvent:
                if event.tag is None and event.implicit[0]:
                    node = known(event.value)
                    if node is None:
                        node = resolve(event.value)
                    if self.flow and self.strict_keys and id(current) in self.flow:
                        node = _in_braces(node)
                elif event.tag is None:
                    # A literal block that begins with a tab shares with folded ones that it may not be printable.
                    block = event.style == ">" or (event.style == "|" and event.value[:1] == "\t")
                    node = Folded(event.value) if block else Quoted(event.value)
                else:
                    node = self._tagged(event)
                    if type(node) is str and type(current) is dict and key is None and event.tag not in _TEXTS:
                        node = self._odd_key(node, event)
                if event.anchor is not None:
                    self.anchors[event.anchor] = node
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                node = {} if kind is MappingStartEvent else []
                if event.anchor is not None:
                    self.anchors[event.anchor] = node
                if event.flow_style:
                    self.flow.add(id(node))
                stack.append((current, key))
                if len(stack) > MAX_DEPTH:
                    self._fail(f"exceeded max depth of {MAX_DEPTH}", event)
                current, key = node, None
                event = get()
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                node = current
                if self.merging and kind is MappingEndEvent and "<<" in node:
                    self._require_maps(node, event)
                current, key = stack.pop()
            else:
                assert kind is AliasEvent  # noqa: S101 - no other event stands inside a document
                node = self._alias(event, stack, current)
                if self.flow and self.strict_keys and id(current) in self.flow:
                    node = _in_braces(node)
            if type(current) is dict:
                if key is None:
                    key = node if type(node) is str and node != "<<" else self._key(node, event)
                    if key in current:
                        key = self._repeated(current, key, event)
                elif type(key) is not str:
                    self._set(current, key, node, event)
                    key = None
                else:
                    current[key] = node
                    key = None
            elif current is None:
                return node
            else:
                current.append(node)
            event = get()

    def _tagged(self, event: Any) -> Any:
        tag, text = event.tag, event.value
        if tag == "!" and not event.style and self.resolve is resolve_plain:
            return resolve_plain(text)
        if tag == "!" or tag == TAG + "str" or not tag.startswith(TAG):
            return text
        name = tag[len(TAG) :]
        if name == "binary":
            import base64
            import binascii

            try:
                value = base64.b64decode(text.replace("\n", ""), validate=True).decode("utf-8", "surrogateescape")
                return _NO_UTF8.sub(lambda _: "\ufffd", value)  # each byte, as Go's JSON has it
            except (binascii.Error, ValueError):
                hint = "write base64 with its padding and no spaces, or drop the tag"
                return self._fail("!!binary value contains invalid base64 data", event, hint=hint)
        if name in ("int", "float", "bool", "null", "timestamp"):
            if self.resolve is not resolve_plain:
                return self.resolve(text)
            return Scalar(text, name)
        return text

    def _alias(self, event: Any, stack: list[tuple[Any, Any]], current: Any) -> Any:
        name = event.anchor
        if name not in self.anchors:
            hint = "an anchor is known in its own document alone, up to the next ---"
            self._fail(f"unknown anchor '{name}' referenced", event, numbered=False, hint=hint)
        node = self.anchors[name]
        if type(node) is dict or type(node) is list:
            if node is current or any(node is above for above, _ in stack):
                self._fail(f"anchor '{name}' value contains itself", event)
            size = _size(node)
            self.expanded += size
            if self.expanded > MAX_ALIAS_NODES:
                self._fail(f"document contains excessive aliasing (more than {MAX_ALIAS_NODES:,} nodes)", event)
            depth = _depth(node)
            if depth + len(stack) > MAX_DEPTH:
                self._fail(f"exceeded max depth of {MAX_DEPTH}", event)
            return Alias(node, size, depth) if self.merging else copy(node)
        return node


def _in_braces(node: Any) -> Any:
    """What go-yaml makes of a scalar between braces or brackets: it writes nothing, and a time, with quotes."""
    if type(node) is Scalar:
        if not node.text:
            return FLOW_NULL
        if node.tag == "timestamp" and ":" in node.text:
            return Quoted(node.text)
    return node


def _nothing(text: str) -> None:
    """No memory of scalars: YAML 1.1 reads them differently."""


def _size(node: Any) -> int:
    count, todo = 0, [node]
    while todo:
        item = todo.pop()
        count += 1
        if type(item) is dict:
            todo.extend(item.values())
        elif type(item) is list:
            todo.extend(item)
        elif type(item) is Alias:
            count += item.size
    return count


def _depth(node: Any) -> int:
    if type(node) is dict:
        return 1 + max((_depth(value) for value in node.values()), default=0)
    if type(node) is list:
        return 1 + max((_depth(value) for value in node), default=0)
    return node.depth if type(node) is Alias else 0
