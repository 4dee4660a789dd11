"""Reading YAML: bytes to documents of nodes.

Documents are split by text first, as the real tool does (kustomize.md, 5.1), then each piece is read on its own: line
by line when it is as machines write it, else from libyaml's events (a module that is loaded when it is needed).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.lines import read_lines
from compiler.kustomize.scalars import resolve_plain

if TYPE_CHECKING:
    from compiler.kustomize.remarks import Remark

MAX_BYTES = 64 << 20
"""The largest file that is read (64 MiB; a cluster refuses single objects above 1.5 MiB)."""
MAX_DEPTH = 300
"""The deepest nesting of maps and lists (the real one stops at 10,000; Kubernetes objects stay below 40)."""
MAX_ALIAS_NODES = 500_000
"""The most nodes that the aliases of one document may expand to."""

_BRACES = Pattern(r"#[ \t]*\{")
_SEPARATOR = Pattern(r"\n---(.*)\n")


class Document(NamedTuple):
    """One YAML document.

    Args:
        node: its root (see :mod:`compiler.kustomize.scalars`), None when empty.
        line: the 1-based line of its first node.
        schemas: the comments that hold schemas, by field (see :mod:`compiler.kustomize.remarks`).
        commented: its text, when a comment may stand behind a key (see :mod:`compiler.kustomize.beside`).
        alone: whether no ``---`` parts its file; an empty document beside it counts.
        problem: the first repeated key, with the line, where the last value wins.
        flow: whether it is one flow map, as JSON is.
    """

    node: Any
    line: int
    problem: tuple[str, int] | None = None
    schemas: Mapping[str, Remark] = {}
    alone: bool = True
    flow: bool = False
    commented: str = ""


def decode(content: bytes) -> str:
    """The text of a file.

    Raises:
        KustomizeError: it is too big or not UTF-8.
    """
    if len(content) > MAX_BYTES:
        raise KustomizeError(
            f"file of {len(content):,} bytes is larger than the limit of {MAX_BYTES:,} bytes",
            hint="split it, or keep it out of the kustomization",
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise KustomizeError(
            "MalformedYAMLError: yaml: invalid leading UTF-8 octet", line=line, hint="save the file as UTF-8"
        ) from None


def split_documents(text: str) -> list[tuple[str, int]]:
    """The pieces of a file between ``---`` lines, each with its 0-based first line.

    Raises:
        KustomizeError: something other than a comment follows a ``---``.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if "\n---" not in text:
        return [(text, 0)]
    pieces: list[tuple[str, int]] = []
    start, line = 0, 0
    if text.count("\n---") == text.count("\n---\n"):  # as nearly always: nothing beside any of them
        *parts, last = text.split("\n---\n")
        for part in parts:
            pieces.append((part + "\n", line))
            line += part.count("\n") + 2
        return [*pieces, (last, line)]
    for match in _SEPARATOR.finditer(text):
        rest = match[1].strip()
        number = line + text.count("\n", start, match.start() + 1)
        if rest and rest[0] != "#":
            raise KustomizeError(
                f"invalid document separator: ---{match[1].rstrip()}",
                line=number + 1,
                hint="put the document on the line after ---",
            )
        pieces.append((text[start : match.start() + 1], line))
        start, line = match.end(), number + 1
    pieces.append((text[start:], line))
    return pieces


def read_documents(content: bytes) -> list[Document]:
    """The documents of a resource file; empty ones are left out.

    Raises:
        KustomizeError: malformed YAML, with its line.
    """
    documents = []
    pieces = split_documents(decode(content))
    for piece, line in pieces:
        document = read_document(piece, line)
        if document is not None:
            if "#" in piece:
                document = _with_comments(document, piece, line)
            documents.append(document)
    if len(documents) == 1 and len(pieces) > 1:
        documents[0] = documents[0]._replace(alone=False)
    return documents


def _with_comments(document: Document, piece: str, line: int) -> Document:
    from compiler.kustomize.beside import holds_comment
    from compiler.kustomize.tails import may_grow

    commented = piece if holds_comment(piece) or may_grow(piece) else ""
    schemas: dict[str, Remark] = {}
    if _BRACES.search(piece):
        from compiler.kustomize.remarks import schemas_in

        schemas = schemas_in(piece, line)
    return document._replace(schemas=schemas, commented=commented)


def read_document(
    text: str, first_line: int = 0, resolve: Callable[[str], Any] = resolve_plain, *, strict_keys: bool = True
) -> Document | None:
    """The first document of a text, or None when there is none.

    Args:
        text: YAML.
        first_line: the 0-based line of the text within its file, for errors.
        resolve: the node of a plain scalar.
        strict_keys: keep repeated keys, for what prints them to refuse (else the last one wins).
    """
    found = read_lines(text, resolve)
    if found is not None:
        return Document(found[0], first_line + found[1] + 1)
    from compiler.kustomize.events import read_events

    return read_events(text, first_line, resolve, strict_keys)
