"""What is hashed for an object of any kind but ConfigMap and Secret, one that has the marking annotation by hand.

The real tool hashes its memory of the document: every node's kind, style, tag, text, line and column (the fields of
go-yaml's ``Node``, in their order, as JSON). So the text is read again here, for what the engine's nodes do not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import yaml
from yaml import CSafeLoader

from compiler.kustomize.bookkeeping import take_bookkeeping
from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.hashing import go_string
from compiler.kustomize.identity import Origin
from compiler.kustomize.reader import decode, read_documents, split_documents
from compiler.kustomize.resource import Resource
from compiler.kustomize.scalars import Scalar, resolve_plain

_TAG = "tag:yaml.org,2002:"
_SEQUENCE, _MAPPING, _SCALAR = 2, 4, 8
_TAGGED, _FLOW = 1, 32
_STYLES = {'"': 2, "'": 4, "|": 8, ">": 16}


def document_json(resource: Resource, read: Callable[[str], bytes] | None) -> str:
    """The text that is hashed.

    Args:
        resource: as it is when names get their hashes.
        read: the bytes of a file; None when transformers have run, each of which may have made nodes of its own.

    Raises:
        KustomizeError: ``unsupported`` where the real tool's nodes are not those of the file, or hold comments.
    """
    if read is None:
        raise _refused("beside transformers")
    content = read(resource.origin.path)
    place = resource.origin.document
    documents = read_documents(content)
    document = None if place is None or place >= len(documents) else documents[place]
    if document is None or type(document.node) is not dict:
        raise _refused("that stands in no document of its own")
    as_read = Resource(document.node, Origin("", 0))
    take_bookkeeping(as_read)
    if not _same(as_read.node, resource.node):
        raise _refused("that is not as its file has it")
    pieces = split_documents(decode(content))
    text = next(piece for piece, first in reversed(pieces) if first < document.line)
    try:
        return _Writer(text).run()
    except yaml.YAMLError:
        raise _refused("that libyaml does not read") from None


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if type(one) is dict:
        return list(one) == list(other) and all(_same(value, other[key]) for key, value in one.items())
    if type(one) is list:
        return len(one) == len(other) and all(map(_same, one, other))
    if type(one) is Scalar:
        return (one.text, one.tag, one.quoted) == (other.text, other.tag, other.quoted)
    return bool(one == other)


def _refused(what: str) -> KustomizeError:
    return KustomizeError(
        f"a hash suffix on an object other than a ConfigMap or Secret {what} is not supported",
        hint="remove the annotation internal.config.kubernetes.io/needsHashSuffix",
        unsupported=True,
    )


class _Writer:
    """Writes the nodes of a text's first document as JSON."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.events = iter(yaml.parse(text, Loader=CSafeLoader))
        self.outside = text
        """The text with a blank for every character of a scalar: what ``#`` is left there begins a comment."""

    def run(self) -> str:
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                break
        written = self.node(next(self.events))
        if "#" in self.outside:
            raise _refused("with comments")
        return written

    def node(self, event: Any) -> str:
        if event.anchor is not None:
            raise _refused("with anchors")
        kind, default, style, text = _SCALAR, "", 0, ""
        content = "null"
        if isinstance(event, yaml.ScalarEvent):
            text, style = event.value, _STYLES.get(event.style or "", 0)
            default = "!!str" if style else _plain_tag(text)
            self.blank(event)
        else:
            maps = isinstance(event, yaml.MappingStartEvent)
            kind, default = (_MAPPING, "!!map") if maps else (_SEQUENCE, "!!seq")
            style = _FLOW if event.flow_style else 0
            below = ",".join(self.children())
            content = f"[{below}]" if below else content
        tag = default
        if event.tag and event.tag != "!":
            tag, style = event.tag.replace(_TAG, "!!", 1), style | _TAGGED
        start = event.start_mark
        return (
            f'{{"Kind":{kind},"Style":{style},"Tag":{go_string(tag)},"Value":{go_string(text)},"Anchor":"",'
            f'"Alias":null,"Content":{content},"HeadComment":"","LineComment":"","FootComment":"",'
            f'"Line":{start.line + 1},"Column":{start.column + 1}}}'
        )

    def children(self) -> Iterator[str]:
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                return
            yield self.node(event)

    def blank(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        if event.style in ("|", ">"):  # a comment may stand behind the mark
            start = self.text.find("\n", start, end) if "\n" in self.text[start:end] else end
        if "#" in self.text[start:end]:
            self.outside = self.outside[:start] + " " * (end - start) + self.outside[end:]


def _plain_tag(text: str) -> str:
    if text == "<<":
        return "!!merge"
    found = resolve_plain(text)
    return f"!!{found.tag}" if type(found) is Scalar else "!!str"
