"""Line by line: the difference of two texts says how to get from one to the other."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.printable import printable
from compiler.review import Failure, compare, print_text
from compiler.review.display import where_text
from compiler.review.textdiff import edits, line_hunks
from tests.review.strategies import renderings

TEXTS = st.lists(st.sampled_from(["a", "b", "", "c"]), max_size=12).map("\n".join)


@settings(max_examples=200, deadline=None)
@given(TEXTS, TEXTS, st.integers(0, 3))
def test_a_line_difference_leads_from_one_text_to_the_other(before: str, after: str, context: int) -> None:
    old, out, position = before.split("\n"), [], 0
    for hunk in line_hunks(before, after, context):
        out += old[position : hunk.start]
        position = hunk.start
        for kind, line in hunk.lines:
            if kind != "added":
                assert old[position] == line
                position += 1
            if kind != "removed":
                out.append(line)
    assert "\n".join(out + old[position:]) == after


def test_a_line_break_at_the_end_is_a_difference() -> None:
    assert edits("a\nb", "a\nb\n") == [("added", "")]


def test_long_texts_are_compared_in_time() -> None:
    start = time.process_time()
    before = "\n".join(str(number) for number in range(20_000))
    after = "\n".join(str(number * 7 % 20_001) for number in range(20_000))
    list(line_hunks(before, after, 3))
    assert time.process_time() - start < 5


def test_a_terminal_gets_no_control_characters() -> None:
    assert printable("a\x1b[2J\r\n\t\u202e\u200b é\ud800") == "a\\x1b[2J\\r\\n\\t\\u202e\\u200b é\\ud800"


@settings(max_examples=80, deadline=None)
@given(renderings(), renderings())
def test_text_is_printable_with_and_without_colour(before: dict, after: dict) -> None:  # type: ignore[type-arg]
    report = compare(before, after)
    plain = print_text(report)
    assert all(line == printable(line) for line in plain.split("\n"))
    coloured = print_text(report, color=True)
    for code in ("31", "32", "36", "2", "1", "1;31", "0"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == plain


def test_where_names_the_exceptions_of_a_fleet() -> None:
    fleet = [f"pop-{number:02}" for number in range(40)]
    assert where_text(fleet, fleet, fleet) == "in all 40 overlays"
    assert where_text(fleet[3:], fleet, fleet) == "in 37 of 40 overlays; 3 differ: pop-00, pop-01, pop-02"
    assert where_text(fleet[:2], fleet, fleet) == "in 2 of 40 overlays: pop-00, pop-01"
    assert where_text(fleet[:1], fleet, fleet) == "in pop-00"
    assert where_text(fleet[:20], fleet, fleet, most=2).endswith("20 differ: pop-20, pop-21 and 18 more")


def test_a_fleet_reads_one_line_change_once_where_other_lines_differ() -> None:
    def side(overlay: str, ttl: int) -> list[dict[str, object]]:
        text = f"HOST = '{overlay}'\nTTL = {ttl}\n"
        return [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"settings.py": text}}]

    names = [f"pop-{number}" for number in range(5)]
    report = compare({name: side(name, 1) for name in names}, {name: side(name, 2) for name in names})
    (group,) = report.objects
    assert [hunk.overlays for hunk in group.hunks] == [tuple(names)]
    printed = print_text(report)
    assert printed.count("TTL = 2") == 1
    assert "HOST" not in printed  # it is another one in each


def test_an_overlay_that_is_built_on_no_side_is_counted_once() -> None:
    failures = [Failure("overlays/a", "before", "x"), Failure("overlays/a", "after", "x")]
    assert "1 overlay not built" in print_text(compare({}, {}, failures=failures))
    failures.append(Failure("overlays/b", "after", "x"))
    assert "2 overlays not built" in print_text(compare({}, {}, failures=failures))
