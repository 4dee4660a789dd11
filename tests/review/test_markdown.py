"""The comment: always within the limit, worst things first, and nothing in it but what we wrote means anything."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from compiler.review import LIMIT, MARKER, Failure, compare, print_markdown, print_text
from compiler.review.markdown import code, size
from tests.review.strategies import objects, renderings

OUR_BLOCKS = re.compile(
    r"<!-- compiler-diff -->|<details( open)?><summary><code>[^<>]*</code> <code>[^<>]*</code></summary>|</details>"
)
QUIET = {"paragraph", "heading", "bullet_list", "list_item", "inline", "fence", "html_block", "hr"}


def flatten(text: str) -> list[Token]:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return [one for token in parser.parse(text) for one in [token, *(token.children or [])]]


def assert_harmless(text: str) -> None:
    """Only our own headings, lists, details and emphasis have a meaning; the rest is code."""
    for token in flatten(text):
        kind = token.type.removesuffix("_open").removesuffix("_close")
        if kind == "html_block":
            assert OUR_BLOCKS.fullmatch(token.content.strip()), token.content
        elif kind == "text":
            assert not set(token.content) & set("<>@#`|[]"), token.content
        else:
            assert kind in {*QUIET, "code_inline", "strong", "em", "softbreak"}, token


def fleet(number: int, value: str) -> dict[str, list[dict[str, Any]]]:
    return {
        f"overlays/pop-{overlay}": [
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": f"{value}-{item}"},
                "spec": {"template": {"spec": {"containers": [{"name": "a", "image": f"{value}{overlay}{item}"}]}}},
            }
            for item in range(number)
        ]
        for overlay in range(3)
    }


@settings(max_examples=120, deadline=None)
@given(renderings(), renderings(), st.integers(8_000, 70_000))
def test_any_input_stays_within_the_limit_and_means_nothing(before: Any, after: Any, limit: int) -> None:
    report = compare(before, after, failures=[Failure("o`@x", "before", "```\n<b>@y</b>\n")])
    text = print_markdown(report, limit=limit)
    assert size(text) <= limit
    assert text == print_markdown(report, limit=limit)
    assert_harmless(text)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(objects(), min_size=1, max_size=3),
    st.sampled_from(["x", "`", "\n", "\U0001f600", "a\n", "`" * 7 + "\n", "<!--", "\x00"]),
    st.sampled_from([(1, 70_000), (3, 20_000), (30, 500), (200, 10)]),
)
def test_huge_input_stays_within_the_limit(base: list[Any], unit: str, amount: tuple[int, int]) -> None:
    copies, times = amount

    def big(prefix: str) -> list[dict[str, Any]]:
        extra = {"apiVersion": "v1", "kind": "ConfigMap", "data": {unit[:1] * 100: f"{prefix}\n{unit * times}{prefix}"}}
        maps = [{**extra, "metadata": {"name": f"{unit}{number}" * min(times, 300)}} for number in range(copies)]
        return [*base, *maps]

    report = compare({"o" * min(times, 5_000): big("a"), "gone": big("c")}, {"o" * min(times, 5_000): big("b")})
    for limit in (8_000, LIMIT):
        text = print_markdown(report, limit=limit)
        assert size(text) <= limit
        assert len(text) <= 65_536
    assert_harmless(print_markdown(report))


@pytest.mark.parametrize("number", [1, 40, 400, 4_000])
def test_what_does_not_fit_is_counted(number: int) -> None:
    report = compare(fleet(number, "old-image"), fleet(number, "old-image") | {"overlays/pop-0": []})
    text = print_markdown(report)
    shown = text.count("<details")
    left = [int(match) for match in re.findall(r"… and (\d+) more object", text)]
    assert shown + sum(left) == number
    assert ("Cut to fit" in text) == bool(left or "more line" in text)
    stops = text.count("is removed: its pods stop")
    more = re.search(r"### Stops\n.*?_… and (\d+) more\._", text, re.DOTALL)
    assert stops + (int(more[1]) if more else 0) == number


def test_the_worst_comes_first() -> None:
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "zz"}}
    before = {"o": [*fleet(3, "a")["overlays/pop-0"], claim]}
    text = print_markdown(compare(before, {"o": fleet(3, "a")["overlays/pop-1"]}))
    assert text.index("Could lose data") < text.index("Restarts") < text.index("### Objects")
    details = re.findall(r"<summary><code>(.*?)</code>", text)
    assert details[0] == "- PersistentVolumeClaim zz"


def test_the_first_line_is_the_marker() -> None:
    assert print_markdown(compare({}, {})).startswith(f"{MARKER}\n")


def test_a_limit_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="8000"):
        print_markdown(compare({}, {}), limit=7_999)


@pytest.mark.parametrize("text", ["a", "`", "``a`", " a ", "", "a|b", "<b>", "\n", "@x", "``` ", "\\"])
def test_a_code_span_holds_its_text(text: str) -> None:
    (span,) = [token for token in flatten(f"- {code(text)} x") if token.type == "code_inline"]
    assert span.content.strip() == text.replace("\n", "\\n").strip()


def test_text_and_markdown_tell_of_the_same_objects() -> None:
    report = compare(fleet(3, "a"), fleet(3, "b"))
    for group in report.objects:
        assert str(group.key) in print_text(report)
        assert str(group.key) in print_markdown(report)
