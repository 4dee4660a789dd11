"""The fast reader and libyaml's agree on every text that the fast one takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.kustomize import reader
from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.events import read_events
from compiler.kustomize.lines import read_lines
from compiler.kustomize.scalars import Scalar, resolve_plain
from compiler.kustomize.yaml11 import resolve_yaml11

ROOT = Path(__file__).resolve().parents[2]


def shown(node: Any) -> Any:
    """A node with the types of its parts, for comparison."""
    if type(node) is dict:
        return [(type(key).__name__, key, shown(value)) for key, value in node.items()]
    if type(node) is list:
        return [[shown(value)] for value in node]
    if type(node) is Scalar:
        return "Scalar", node.text, node.tag, node.quoted
    return type(node).__name__, node


def compared(text: str) -> bool:
    """Whether the fast reader takes a text; what it reads is what libyaml's reads, and without a problem."""
    taken = False
    for resolve, strict in ((resolve_plain, True), (resolve_yaml11, False)):
        found = read_lines(text, resolve)
        if found is None:
            continue
        taken = True
        document = read_events(text, 0, resolve, strict)
        assert document is not None
        assert shown(found[0]) == shown(document.node)
        assert (found[1] + 1, None) == (document.line, document.problem)
    return taken


_VALUES = (
    *("a", "x y", "1", "1.5", "0x1f", "null", "~", "yes", "2020-01-01", "u:v", "http://x/y?z=1#k", "x#y", "$(v)", "-x"),
    *('"q"', "'s'", '"q: r"', '"\\n"', "'it''s'", "[]", "{}", "[a, b]", "[a,\"b\", 'c', 1]", "[ ]", "[a b]", "[a: b]"),
    *("|", "|-", "|+", ">", "|2", "x #y", "a: b", "a:", "- a", "?", "&a b", "*a", "!!str 1", "@", "%", "`", "<<", "="),
    *("x,", "]", "{", "é", "\t", "x\ty", "---", "...", "# x", ""),
)
_KEYS = ("", "", "a: ", "b: ", "c:", "d:", "e: ", "app.io/name: ", "1: ", "true: ", "<<: ", '"q": ', "a:  ", "? ", ": ")
_LINES = st.tuples(
    st.integers(0, 6),
    st.sampled_from(("", "", "- ", "-  ", "- - ", "-")),
    st.sampled_from(_KEYS),
    st.sampled_from(_VALUES),
).map(lambda parts: " " * parts[0] + "".join(parts[1:]))


@settings(max_examples=1500, deadline=None)
@given(st.lists(_LINES, min_size=1, max_size=7), st.sampled_from(("\n", "\n", "", "\n\n", "\n---\n")))
def test_a_text_that_the_fast_reader_takes_is_read_as_libyaml_reads_it(lines: list[str], end: str) -> None:
    compared("\n".join(lines) + end)


def test_the_yaml_files_of_this_repository_are_read_alike_and_most_of_them_fast() -> None:
    taken = total = 0
    for folder in ("base", "overlays", "tests/kustomize"):
        for path in (ROOT / folder).rglob("*.y*ml"):
            try:
                pieces = reader.split_documents(path.read_text())
            except (KustomizeError, UnicodeDecodeError):
                continue
            for piece, _ in pieces:
                fast = compared(piece)
                if folder != "tests/kustomize":  # odd on purpose
                    total += 1
                    taken += fast
    assert taken > total / 2


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb:\n- c: d\n  e:\n  - f\n  g: |\n    h\n\n      i\n  j: []\nk:\n",
        "# from a chart\n\na: {}\n# more\nb: [x, \"y\", 'z']\n",
        "---\na: |-\n  # no comment\n  --- b\nc: 'd'\n",
        "- op: add\n  path: /a/b\n  value: x\n- op: remove\n  path: /c\n",
    ],
)
def test_what_machines_write_is_taken(text: str) -> None:
    assert compared(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2\n",
        "a: b\n c\n",
        "a: b\n  c: d\n",
        "a: &x b\nc: *x\n",
        "a:\n  b: c\n d: e\n",
        "a: |\n  b",
        "a: |\n\n  b\n",
        "a: b # c\n",
        'a: "b\\tc"\n',
        "a:\tb\n",
        "a: é\n",
        "1: a\n",
        "<<: {}\n",
        "a\n",
        " a: b\n",
        "a: b\n...\n",
        "- a\nb: c\n",
        "a: b\n- c\n",
        "",
        "---\n",
        "---\n---\na: b\n",
        "%YAML 1.1\n---\na: b\n",
        "a: " + "[" * 500 + "]" * 500 + "\n",
        "".join(" " * i + "a:\n" for i in range(400)),
    ],
)
def test_what_needs_a_whole_parser_is_left_to_libyaml(text: str) -> None:
    assert read_lines(text, resolve_plain) is None
