"""The keys of maps while a document is read: what is one, what repeats one, and what ``<<`` merges."""

from __future__ import annotations

from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.mergekeys import Alias, MergeKey
from compiler.kustomize.scalars import FLOW_NULL, Key, Repeated, Scalar, copy, repeated_key

TAG = "tag:yaml.org,2002:"


class MapKeys:
    """The part of a builder of documents that knows keys.

    Args:
        first_line: the 0-based line of the text within its file, for errors.
        strict_keys: whether repeated keys are kept, for what prints them to refuse (else the last one wins).
    """

    def __init__(self, first_line: int, strict_keys: bool) -> None:
        self.first_line = first_line
        self.strict_keys = strict_keys
        self.problem: tuple[str, int] | None = None
        self.map_key: Any = None
        """The event where a key that is a map or a list ended; what is wrong with the syntax after it is said first."""

    def _line(self, event: Any) -> int:
        return self.first_line + int(event.start_mark.line) + 1

    def _key(self, node: Any, event: Any) -> Any:
        if type(node) is str:
            return node if node != "<<" or event.tag == f"{TAG}str" else MergeKey(node)
        if isinstance(node, str):
            return node if type(node) is Key else str(node)
        if node is FLOW_NULL:
            return ""
        if type(node) is Scalar:
            if node.tag == "null" and not node.text and not event.tag:
                return ""
            key = Key(node.text)
            key.tag = node.tag
            return key
        if isinstance(node, int | float | bool) or node is None:
            from compiler.kustomize.yaml11 import json_key

            text = json_key(node)
            return self._fail(f"unsupported map key: {node}", event) if text is None else text
        if self.strict_keys:
            key = Key("")
            key.tag, key.line = "map", self._line(event)
            return key
        if self.map_key is None:
            self.map_key = event
        return ""

    def _odd_key(self, node: str, event: Any) -> str:
        if not self.strict_keys:
            return node
        key = Key(f"{node}\0{event.tag}")
        key.tag = event.tag
        return key

    def _repeated(self, current: dict[Any, Any], key: Any, event: Any) -> Any:
        line = self._line(event)
        if self.strict_keys:
            if type(key) is MergeKey:
                if any(type(known) is MergeKey for known in current):
                    self._fail("duplicate merge key", event, hint="merge a list: <<: [*a, *b]")
                del current["<<"]  # a quoted one, which goes away
                return key
            again = _Again(key)
            again.line = line
            return again
        if self.problem is None:
            self.problem = (f'mapping key "{key}" already defined', line)
        del current[key]
        return key

    def _set(self, current: dict[Any, Any], key: Any, node: Any, event: Any) -> None:
        if type(key) is _Again:
            current[repeated_key(current, key)] = Repeated(str(key), key.line, node)
        elif type(key) is MergeKey and not self.strict_keys:
            for source in reversed(self._sources(node, event)):  # go-yaml v2: over what stands before
                current.update(copy(source))
        else:
            current[key] = node

    def _require_maps(self, node: dict[Any, Any], event: Any) -> None:
        if any(type(key) is MergeKey for key in node):
            self._sources(node["<<"], event)

    def _sources(self, value: Any, event: Any) -> list[dict[Any, Any]]:
        sources = [one.target if type(one) is Alias else one for one in (value if type(value) is list else [value])]
        if any(type(source) is not dict for source in sources):
            hint = "<< takes a map, an alias of one, or a list of those"
            self._fail("map merge requires map or sequence of maps as the value", event, hint=hint)
        return sources

    def _fail(self, message: str, event: Any, *, numbered: bool = True, hint: str | None = None) -> Any:
        mark = event.start_mark
        line = self.first_line + mark.line + 1
        place = f"line {line}: " if numbered else ""
        raise KustomizeError(
            f"MalformedYAMLError: yaml: {place}{message}", line=line, column=mark.column + 1, hint=hint
        )


class _Again(str):
    """A key that its map has already, and its line."""

    __slots__ = ("line",)
    line: int
