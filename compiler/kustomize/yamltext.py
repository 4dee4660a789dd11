"""YAML text with one place changed: written again as go-yaml v3 does, with its quotes, flow maps and comments.

What the real tool does with a comment depends on blank lines and columns around it. Only the plain cases are done: a
comment after a value, above an entry in its column, and at the beginning or end of the text. The others are refused.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import yaml
from yaml import CSafeLoader
from yaml._yaml import CEmitter

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.scalars import Quoted, Scalar, resolve_plain, text_of

Node: TypeAlias = Any
"""A node as libyaml composes it."""
_TAG = "tag:yaml.org,2002:"


def rewrite(text: str, changed: Any) -> str:
    """The text of a document after its nodes were changed.

    Args:
        text: the YAML as it was.
        changed: the nodes of its first document (as :func:`compiler.kustomize.reader.read_document` yields them) with
            values replaced and fields added, in the order of the text.

    Raises:
        KustomizeError: ``unsupported`` where the real tool's text depends on what the nodes do not hold.
    """
    try:
        text = _first_document(text)
        tree = yaml.compose(text, Loader=CSafeLoader)
    except yaml.YAMLError:
        raise _refused("that libyaml does not read") from None
    comments = _comments(text, tree)
    if comments and not _same_shape(tree, changed):
        raise _refused("with comments, where a map or list goes away or a field is added,")
    sink: Any = _Sink()
    emitter = CEmitter(sink, width=1 << 30, allow_unicode=True)
    emitter.emit(yaml.StreamStartEvent())
    emitter.emit(yaml.DocumentStartEvent(explicit=False))
    _emit(emitter, tree, changed)
    emitter.emit(yaml.DocumentEndEvent(explicit=False))
    emitter.emit(yaml.StreamEndEvent())
    written = "".join(sink.parts).removesuffix("...\n")
    return (_with_comments(text, written, tree, comments) if comments else written).strip()


def _same_shape(twin: Node, node: Any) -> bool:
    """Whether the nodes differ from the text in scalars only."""
    if isinstance(twin, yaml.MappingNode):
        if not isinstance(node, dict) or len(node) != len(twin.value):
            return False
        return all(_same_shape(below, node[key.value]) for key, below in twin.value)
    if isinstance(twin, yaml.SequenceNode):
        return isinstance(node, list) and len(node) == len(twin.value) and all(map(_same_shape, twin.value, node))
    return not isinstance(node, dict | list)


class _Sink:
    """Where libyaml writes to."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, data: str | bytes) -> None:
        self.parts.append(data if isinstance(data, str) else data.decode())


def _refused(what: str) -> KustomizeError:
    return KustomizeError(
        f"replacing inside YAML text {what} is not supported",
        hint="write the text as JSON, or replace the whole field",
        unsupported=True,
    )


def _first_document(text: str) -> str:
    """What the real tool reads of a text: its first document."""
    explicit: Any = False
    event: Any = None
    for event in yaml.parse(text, Loader=CSafeLoader):
        if getattr(event, "anchor", None) is not None:
            raise _refused("with anchors")
        if (getattr(event, "tag", None) or "").startswith(_TAG):
            raise _refused("with tags")
        if isinstance(event, yaml.DocumentStartEvent):
            explicit = event.explicit
        elif isinstance(event, yaml.DocumentEndEvent):
            break
    end = event.start_mark.index
    if (explicit or text[end:].strip()) and "#" in text:
        raise _refused("with comments and ---")
    return text[:end] if text[end:].strip() else text


def _emit(emitter: CEmitter, twin: Node, node: Any) -> None:
    if isinstance(node, dict):
        if twin is not None and not isinstance(twin, yaml.MappingNode):
            twin = None
        below = {} if twin is None else _values(twin)
        emitter.emit(yaml.MappingStartEvent(None, *_collection_tag(twin, "map"), flow_style=_flow(twin, node)))
        for key, value in node.items():
            key_twin, value_twin = below.get(str(key), (None, None))
            _emit_scalar(emitter, key_twin, str(key))
            _emit(emitter, value_twin, value)
        emitter.emit(yaml.MappingEndEvent())
    elif isinstance(node, list):
        if twin is not None and not isinstance(twin, yaml.SequenceNode):
            twin = None
        items = [] if twin is None else list(twin.value)
        emitter.emit(yaml.SequenceStartEvent(None, *_collection_tag(twin, "seq"), flow_style=_flow(twin, node)))
        for i, value in enumerate(node):
            _emit(emitter, items[i] if i < len(items) else None, value)
        emitter.emit(yaml.SequenceEndEvent())
    else:
        _emit_scalar(emitter, twin if isinstance(twin, yaml.ScalarNode) else None, node)


def _values(twin: Any) -> dict[str, tuple[Node, Node]]:
    found: dict[str, tuple[Node, Node]] = {}
    for key, value in twin.value:
        if not isinstance(key, yaml.ScalarNode) or key.value == "<<" or key.value in found:
            raise _refused("with such keys")
        found[key.value] = (key, value)
    return found


def _flow(twin: Node, node: Any) -> bool:
    if twin is None and not node:
        return False
    return bool(twin.flow_style) if twin is not None else False


def _collection_tag(twin: Node, kind: str) -> tuple[str | None, bool]:
    """Tag and whether it is left out; a tag of one's own stays."""
    if twin is None or twin.tag == f"{_TAG}{kind}":
        return None, True
    return twin.tag, False


def _emit_scalar(emitter: CEmitter, twin: Any, node: Any) -> None:
    text = str(text_of(node))
    style = None if twin is None else twin.style or None
    if twin is None and isinstance(node, Quoted):
        raise _refused("with a quoted value in place of a map")
    tag = _kept_tag(twin, node, text)
    if style == ">" and text.endswith("\n"):
        raise _refused("with a folded block that ends in a line break")
    if style is None:
        if "\n" in text:
            style = "|"
        elif tag is None and isinstance(node, str) and twin is not None and type(resolve_plain(text)) is Scalar:
            style = '"'
    emitter.emit(yaml.ScalarEvent(None, tag, (tag is None, tag is None), text, style=style))


def _kept_tag(twin: Any, node: Any, text: str) -> str | None:
    """The tag that is written: one of one's own, or that of a number whose new text is none."""
    if twin is None:
        return None
    if not twin.tag.startswith(_TAG):
        return str(twin.tag)
    if isinstance(node, Scalar) and node.tag:
        found = resolve_plain(text)
        if type(found) is not Scalar or found.tag != node.tag:
            return f"{_TAG}{node.tag}"
    return None


def _comments(text: str, tree: Node) -> list[tuple[int, int, str, bool]]:
    """Each comment's 0-based line and column, text, and whether it stands behind something."""
    if "#" not in text:
        return []
    spans: list[tuple[int, int]] = []
    _spans(tree, text, spans)
    chars = list(text)
    for start, end in spans:
        chars[start:end] = ["\n" if char == "\n" else "x" for char in chars[start:end]]
    found = []
    for number, (line, masked) in enumerate(zip(text.split("\n"), "".join(chars).split("\n"), strict=True)):
        at = masked.find("#")
        if at >= 0:
            found.append((number, at, line[at:].rstrip(), bool(masked[:at].strip())))
    return found


def _spans(node: Node, text: str, into: list[tuple[int, int]]) -> None:
    if isinstance(node, yaml.ScalarNode):
        start, end = node.start_mark.index, node.end_mark.index
        if node.style in ("|", ">") and "#" in text[start:].split("\n", 1)[0]:
            raise _refused("with a comment beside a block's mark")
        into.append((start, end))
    for child in node.value if not isinstance(node, yaml.ScalarNode) else ():
        for one in child if isinstance(child, tuple) else (child,):
            _spans(one, text, into)


def _with_comments(text: str, written: str, tree: Node, comments: list[tuple[int, int, str, bool]]) -> str:
    new = yaml.compose(written, Loader=CSafeLoader)
    places: dict[int, tuple[int, int, int]] = {}
    _places(tree, new, places)
    lines = written.rstrip("\n").split("\n")
    above: dict[int, list[str]] = {}
    old = text.split("\n")
    end: list[str] = []
    start: list[str] = []
    first, last = min(places), max(places)
    heads = [comment for comment in comments if not comment[3]]
    taken = {number for number, _, _, _ in heads}
    for number, _, comment, behind in comments:
        if behind:
            if number not in places:
                raise _refused("with a comment there")
            lines[places[number][1]] += f" {comment}"
    for number, column, comment, _ in heads:
        following = number + 1
        while following in taken:
            following += 1
        if following in places and places[following][0] == column:
            line = places[following][1]
            above.setdefault(line, []).append(" " * places[following][2] + comment)
        elif column == 0 and number < first:
            start += [comment, *([""] if number + 1 not in taken and number + 1 < first else [])]
        elif column == 0 and following > last and not old[last + 1].strip():
            end += [*([""] if not old[number - 1].strip() else []), comment]
        else:
            raise _refused("with a comment apart from what it is about")
    if end and old[-2:] == ["", ""]:
        raise _refused("with a comment before empty lines at its end")
    result: list[str] = []
    for number, line_text in enumerate(lines):
        result += above.get(number, [])
        result.append(line_text)
    return "\n".join(start + result + end)


def _places(old: Node, new: Node, into: dict[int, tuple[int, int, int]]) -> None:
    """For each line of the old text that begins an entry: its column, and line and column in the new text."""
    if isinstance(old, yaml.MappingNode) and isinstance(new, yaml.MappingNode):
        for (key, value), (new_key, new_value) in zip(old.value, new.value, strict=False):
            _place(key, new_key, 0, into)
            _places(value, new_value, into)
    elif isinstance(old, yaml.SequenceNode) and isinstance(new, yaml.SequenceNode):
        for item, new_item in zip(old.value, new.value, strict=False):
            _place(item, new_item, 2, into)
            _places(item, new_item, into)


def _place(old: Node, new: Node, back: int, into: dict[int, tuple[int, int, int]]) -> None:
    mark, target = old.start_mark, new.start_mark
    into.setdefault(mark.line, (mark.column - back, target.line, target.column - back))
