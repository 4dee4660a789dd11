"""The file and line behind each step of a story. Files are read again, and only for the steps that someone asks for."""

from __future__ import annotations

import posixpath
import re
from typing import Any, NamedTuple

import yaml

from compiler.kustomize.kustfile import Kustomization
from compiler.kustomize.marks import Path, at, block, by_index, child, compose, find, line_of, member, text_at
from compiler.kustomize.patches import Patch
from compiler.kustomize.replacements import Place as Entry
from compiler.kustomize.resource import Resource
from compiler.kustomize.trace import Cause, History, Trace
from compiler.kustomize.trace_chain import MISSING, Link, item_keys, value_at
from compiler.kustomize.tree import Tree

_OLD_NAMES = {"resources": "bases", "images": "imageTags"}
_VALUES = {
    "ReplicaCountTransformer": (("count",),),
    "ImageTagTransformer": (("newTag",), ("digest",), ("newName",), ("tagSuffix",)),
}
_VARIABLE = re.compile(r"\$\(([^)]+)\)")


class Place(NamedTuple):
    """Where something stands.

    Args:
        path: the file, relative to the tree's root.
        line: 1-based; None when the file as a whole is meant.
    """

    path: str
    line: int | None


class Lines:
    """Finds lines in the files of one traced build.

    Args:
        tree: what was built.
        trace: the trace of that build.
    """

    def __init__(self, tree: Tree, trace: Trace) -> None:
        self.tree = tree
        self.trace = trace
        self._texts: dict[str, str] = {}
        self._documents: dict[tuple[str, int], Any] = {}

    def entry(self, link: Link) -> Place | None:
        """The kustomization that asks for a step, and the line of the entry; None for an object read from a file."""
        cause = link.cause
        if cause.kind == "File":
            return None
        if cause.kind == "VariableReference":
            return self._variable(link)
        return Place(cause.file, self._line(cause.file, _entry_path(cause))[0] if cause.field else None)

    def place(self, history: History, link: Link) -> Place:
        """The line that says what a step did: in the object's file, the patch, a generator's source, or the entry."""
        cause, source = link.cause, link.cause.source
        found: Place | None = None
        if cause.kind == "File":
            found = self._object(history, link)
        elif cause.field in ("configMapGenerator", "secretGenerator"):
            found = self._generated(link)
        elif isinstance(source, Patch) and source.operations is not None:
            found = self._operations(link, source.path)
        elif isinstance(source, Patch):
            found = self._merges(history, link, source.merges)
        elif cause.kind == "PatchStrategicMergeTransformer" and isinstance(source, list):
            found = self._merges(history, link, source)
        elif cause.kind == "PatchJson6902Transformer" and isinstance(source, str):
            found = self._operations(link, source)
        elif cause.kind == "ReplacementTransformer" and isinstance(source, list) and cause.origin is None:
            found = self._replacement(cause, source[0][1])
        elif cause.field and cause.origin is None:
            found = self._value(link)
        elif cause.kind == "Output" and link.before is MISSING:
            line, depth = self._line(cause.file, ("buildMetadata",))
            found = Place(cause.file, line) if depth else None
        if found is None and cause.origin is not None and cause.origin.path != cause.file:
            found = Place(cause.origin.path, cause.origin.line)
        return found or self.entry(link) or Place(cause.file, None)

    def _object(self, history: History, link: Link) -> Place | None:
        origin = link.cause.origin
        if origin is None:
            return None
        data = history.moments[link.moment].data
        name = str((data.get("metadata") or {}).get("name", ""))
        node = member(self._document(origin.path, origin.line), str(data.get("kind", "")), name)
        return Place(origin.path, find(node, link.path)[0] or origin.line)

    def _merges(self, history: History, link: Link, documents: list[Resource]) -> Place | None:
        """The line of the strategic-merge document that leads deepest towards the field."""
        cause = link.cause
        data = history.moments[link.moment - (link.after is MISSING)].data

        def pick(items: list[Any], path: Path, index: int) -> int | None:
            return _like(items, data, path, index)

        found: list[tuple[int, int, Place]] = []
        for number, document in enumerate(documents):
            path, line = document.origin.path, document.origin.line
            if len(documents) > 1 and (document.kind, document.name) not in _identities(history):
                continue
            if path != cause.file:
                node = self._document(path, line)
            else:
                text, lead = self._inline(cause, document)
                if text is None:
                    continue
                node = compose(text, lead + line)
            line_found, depth = find(node, link.path, pick)
            found.append((depth, number, Place(path, line_found or line)))
        return max(found)[2] if found else None

    def _inline(self, cause: Cause, document: Resource | None = None) -> tuple[str | None, int]:
        """A patch that is a block in the kustomization: its text (see :func:`block`), and the lines above its first."""
        node = at(self._document(cause.file, 1), _entry_path(cause))
        if cause.field == "patchesStrategicMerge" and isinstance(node, yaml.SequenceNode) and document is not None:
            name = document.name
            texts = [one for one in node.value if name in str(one.value) and "\n" in str(one.value)]
            node = texts[0] if texts else None
            return block(node), line_of(node) if node is not None else 0
        node = child(node, "patch")
        text = block(node)
        if text is None:
            return None, 0
        return text, text.count("\n", 0, len(text) - len(text.lstrip()))

    def _operations(self, link: Link, path: str) -> Place | None:
        """The last JSON 6902 operation on the field, on what it is part of, or on a part of it."""
        if path != link.cause.file:
            node = self._document(path, 1)
        else:
            text, lead = self._inline(link.cause)
            node = None if text is None else compose(text, lead + 1)
        if not isinstance(node, yaml.SequenceNode):
            return None
        best, line = 0, line_of(node)
        for operation in node.value:
            score, below = _overlap(text_at(operation, "path") or "", link.path)
            if score < max(best, 1):
                continue
            best, line = score, line_of(operation)
            value = find(operation, ("value", *below), by_index)
            if value[1]:
                line = value[0] or line
        return Place(path, line)

    def _generated(self, link: Link) -> Place | None:
        """The file, literal or line of an env file that a key comes from; the options that a label comes from."""
        cause, path = link.cause, link.path
        file = self.trace.files.get(cause.file)
        if file is None or cause.entry is None:
            return None
        start = _entry_path(cause)
        if len(path) == 2 and path[0] in ("data", "binaryData"):
            return self._source(file, cause, str(path[1]))
        if len(path) > 1 and path[0] == "metadata":
            fields = [(*start, path[1])]
            if path[1] in ("labels", "annotations"):
                fields = [(*start, "options", *path[1:]), ("generatorOptions", *path[1:])]
            for field in fields:
                line, depth = self._line(cause.file, field)
                if depth == len(field):
                    return Place(cause.file, line)
        return None

    def _source(self, file: Kustomization, cause: Cause, key: str) -> Place | None:
        entry = file.items(cause.field)[cause.entry or 0]
        for source in entry.get("files", ()):
            name, equals, path = source.partition("=")
            if (name if equals else posixpath.basename(source)) == key:
                return Place(_beside(cause.file, path if equals else source), 1)
        for index, source in enumerate(entry.get("literals", ())):
            if source.partition("=")[0] == key:
                return Place(cause.file, self._line(cause.file, (*_entry_path(cause), "literals", index))[0])
        for source in entry.get("envs", ()):
            for number, text in enumerate(self._text(_beside(cause.file, source)).split("\n"), 1):
                if text.lstrip("\ufeff \t").partition("=")[0] == key:
                    return Place(_beside(cause.file, source), number)
        return None

    def _replacement(self, cause: Cause, entry: Entry) -> Place:
        index = entry.field.rpartition("[")[2].removesuffix("]")
        if entry.path is None:
            return Place(cause.file, self._line(cause.file, ("replacements", int(index)))[0])
        return Place(entry.path, find(self._document(entry.path, 1), (int(index),) if index else ())[0])

    def _value(self, link: Link) -> Place | None:
        """The line inside a transformer's entry that says the value, when there is one such line."""
        cause = link.cause
        below: tuple[Path, ...] = _VALUES.get(cause.kind, ())
        if cause.kind in ("LabelTransformer", "AnnotationsTransformer") and link.path:
            below = (("pairs", link.path[-1]) if cause.field == "labels" else (link.path[-1],),)
        start, found = _entry_path(cause), []
        for field in below:
            line, depth = self._line(cause.file, (*start, *field))
            if depth == len(start) + len(field):
                found.append(line)
        return Place(cause.file, found[0]) if len(found) == 1 else None

    def _variable(self, link: Link) -> Place:
        for name in _VARIABLE.findall(str(link.before)):
            for file in self.trace.files.values():
                for index, entry in enumerate(file.items("vars")):
                    if entry.get("name") == name:
                        return Place(file.path, self._line(file.path, ("vars", index))[0])
        return Place(link.cause.file, None)

    def _line(self, path: str, field: Path) -> tuple[int | None, int]:
        """The line of a place in a kustomization, and how much of it was found."""
        found = find(self._document(path, 1), field)
        if found[1] == 0 and field[0] in _OLD_NAMES:
            return find(self._document(path, 1), (_OLD_NAMES[str(field[0])], *field[1:]))
        return found

    def _document(self, path: str, line: int) -> Any:
        if (path, line) not in self._documents:
            self._documents[path, line] = compose(self._text(path), line)
        return self._documents[path, line]

    def _text(self, path: str) -> str:
        if path not in self._texts:
            try:
                self._texts[path] = self.tree.read(path).decode("utf-8", "replace")
            except OSError:
                self._texts[path] = ""
        return self._texts[path]


def _entry_path(cause: Cause) -> Path:
    return (cause.field,) if cause.entry is None else (cause.field, cause.entry)


def _beside(file: str, path: str) -> str:
    """A path that is relative to a file's folder; that of a remote base stands behind its repository and ``//``."""
    repository, mark, inside = file.rpartition("//")
    return repository + mark + posixpath.normpath(posixpath.join(posixpath.dirname(inside), path))


def _identities(history: History) -> set[tuple[str, str]]:
    """Every kind and name that an object had."""
    return {
        (str(moment.data.get("kind", "")), str((moment.data.get("metadata") or {}).get("name", "")))
        for moment in history.moments
    }


def _like(items: list[Any], data: Any, path: Path, index: int) -> int | None:
    """The item of a patch that means the item at an index of the object's list: by its keys or its text; by its index
    where the patch says the whole list.
    """
    listed = value_at(data, path)
    if not isinstance(listed, list) or index >= len(listed):
        return None
    wanted = listed[index]
    keys = item_keys(data, path, listed)
    for number, item in enumerate(items):
        if isinstance(item, yaml.ScalarNode) and item.value == str(wanted):
            return number
        if keys is not None and isinstance(wanted, dict):
            said = {key: text for key in keys if (text := text_at(item, key)) is not None}
            if said and all(str(wanted[key]) == text for key, text in said.items()):
                return number
    return index if len(items) == len(listed) else None


def _overlap(pointer: str, path: Path) -> tuple[int, Path]:
    """How well a JSON Pointer (RFC 6901) fits a path, 0 for not at all, and what of the path is below it.

    The index of an item may have changed since, so one that differs fits a little less.
    """
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
    score = 1
    for token, step in zip(tokens, path, strict=False):
        if token == str(step):
            score += 3
        elif isinstance(step, int) and (token.isdigit() or token.startswith("-")):
            score += 2 if token.startswith("-") else 1
        else:
            return 0, ()
    return (score, path[len(tokens) :]) if len(tokens) <= len(path) else (1, ())
