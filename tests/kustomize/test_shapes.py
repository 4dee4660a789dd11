"""Documents of one shape: what a function made for them builds is what libyaml reads."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.kustomize.lines import read_lines
from compiler.kustomize.scalars import resolve_plain
from compiler.kustomize.shapes import AFTER, MAX_DEPTH
from tests.kustomize.test_lines import compared

_VALUES = ("a", "x-1", "1", "0x1f", "null", "~", "true", '"q"', "''", "[]", "{}", "[a, 'b', 1]", "-x", "a:b", "", "é")
_LINES = st.lists(
    st.tuples(st.integers(0, 4), st.booleans(), st.sampled_from(("a", "b", "c.d/e", "f-g", "k", "")), st.booleans()),
    min_size=1,
    max_size=9,
)


def document(lines: list[tuple[int, bool, str, bool]], random: Random) -> str:
    """A text with a line for each of (indent, dash, key, whether it has a value), with random values."""
    text = ""
    for indent, dash, key, valued in lines:
        value = random.choice(_VALUES) if valued or not key else ""
        text += "  " * indent + "- " * dash + (f"{key}: {value}" if key else value) + "\n"
    return text


@settings(max_examples=300, deadline=None)
@given(_LINES, st.integers(0, 1 << 30))
def test_documents_of_one_shape_are_read_as_libyaml_reads_them(
    lines: list[tuple[int, bool, str, bool]], seed: int
) -> None:
    random = Random(seed)
    for _ in range(AFTER + 4):
        compared(document(lines, random))


def test_a_document_of_a_known_shape_is_its_own() -> None:
    text = "name: x\nlist: [a, b]\nmap: {}\nempty:\nnested:\n- key: y\n  other: 'z'\n"
    for _ in range(AFTER + 2):
        assert compared(text)
    one, other = read_lines(text, resolve_plain), read_lines(text.replace("name: x", "name: w"), resolve_plain)
    assert one is not None
    assert other is not None
    assert (one[0]["name"], other[0]["name"]) == ("x", "w")
    one[0]["list"].append("c")
    one[0]["map"]["k"] = "v"
    one[0]["nested"][0]["key"] = "changed"
    assert other[0]["list"] == ["a", "b"]
    assert other[0]["map"] == {}
    assert other[0]["nested"][0]["key"] == "y"


def test_a_comment_or_a_separator_before_it_keeps_the_line_of_a_document() -> None:
    for start, line in (("", 0), ("---\n", 1), ("# note\n\n", 2), ("---\n# note\n", 2)):
        for _ in range(AFTER + 2):
            found = read_lines(f"{start}a: 1\nb: 2\n", resolve_plain)
            assert found is not None
            assert found[1] == line


def test_a_line_that_is_not_understood_is_no_separator() -> None:
    for _ in range(AFTER + 2):
        assert read_lines("---\na: 1\nb: 3\n", resolve_plain) is not None
    assert read_lines("%TAG\na: 1\nb: 3\n", resolve_plain) is None


def test_deep_documents_have_no_function() -> None:
    text = "".join("  " * i + "a:\n" for i in range(MAX_DEPTH + 20))
    for _ in range(AFTER + 2):
        assert compared(text)
