"""The HTML dashboard says what the text one says, loads nothing, and lets nothing in the repository run."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from compiler.secrets.page import page
from compiler.secrets.status import Row, status
from tests.secrets.support import NOW, World, everything
from tests.secrets.test_commands import NOW as NOW_OPTION
from tests.secrets.test_commands import begin, repository, secrets

__all__ = ["repository"]

VOID = {"meta", "br", "hr", "link", "img", "input"}


class Structure(HTMLParser):
    """Elements, attributes and text; fails on a tag that is closed in the wrong place."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(content)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def rows() -> tuple[Row, ...]:
    world = World(everything()).init()
    world.ensure(world.admin)
    with world.access(None, sops=False) as access:
        return status(world.tree, world.targets, access)


def test_it_says_what_each_secret_is_who_reads_it_and_what_is_due(rows: tuple[Row, ...]) -> None:
    content = page(rows, NOW)
    words = " ".join(Structure(content).words)
    for row in rows:
        assert row.id in words
        assert not row.consumers or row.consumers[0] in words
    assert "a password of 32 characters" in words
    assert "sops: cluster-demo admin" in words
    assert "not set: s3-access-key-id, s3-secret-access-key" in words
    assert f"{len(rows)} entries, 2 to look at" in words


def test_it_loads_nothing_and_runs_nothing(rows: tuple[Row, ...]) -> None:
    content = page(rows, NOW)
    elements = Structure(content).elements
    assert not {tag for tag, _ in elements} & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    attributes = [name for _, found in elements for name in found]
    assert not [name for name in attributes if name.startswith("on") or name in ("src", "href", "style")]
    assert not re.search(r"url\(|@import|https?://", content)
    policy = [found["content"] for tag, found in elements if tag == "meta" and "http-equiv" in found]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


HOSTILE = "</td><script>alert(1)</script>\"'&<svg onload=x>"


def test_whatever_the_repository_says_stays_text(rows: tuple[Row, ...]) -> None:
    hostile = [
        replace(row, id=f"demo/{HOSTILE}{number}", note=HOSTILE, kind=HOSTILE, consumers=(HOSTILE,),
                readers=(HOSTILE,), holds=(HOSTILE,), backend=HOSTILE)
        for number, row in enumerate(rows)
    ]  # fmt: skip
    structure = Structure(page(hostile, NOW, HOSTILE))
    assert {tag for tag, _ in structure.elements} == {tag for tag, _ in Structure(page(rows, NOW)).elements}
    assert not [tag for tag, found in structure.elements if "onload" in found]
    assert sum(HOSTILE in text for text in structure.words) > 6 * len(rows)


def timeline(content: str) -> ElementTree.Element:
    return ElementTree.fromstring(content[content.index("<svg") : content.index("</svg>") + 6])  # noqa: S314 - our own page


def test_the_timeline_shows_each_certificate_and_the_present(rows: tuple[Row, ...]) -> None:
    drawing = timeline(page(rows, NOW))
    bars = drawing.findall("g")
    assert len(bars) == sum(row.not_after is not None for row in rows) == 4
    leaf = next(bar for bar in bars if "pulp-api-tls" in str(bar.findtext("title")))
    assert leaf.findtext("title") == "demo/pulp-api-tls: due 2027-07-22, ends 2027-11-21"
    (now,) = (line for line in drawing.findall("line") if line.get("class") == "now")
    life, window = leaf.findall("rect")
    assert float(life.get("x", 0)) == pytest.approx(float(now.get("x1", 0)), abs=1)
    assert float(life.get("width", 0)) == pytest.approx(2 * float(window.get("width", 0)), rel=0.02)
    assert leaf.find("circle") is not None
    authority = next(bar for bar in bars if "service CA" in str(bar.findtext("title")))
    assert authority.find("circle") is None  # it ends beyond the page


def test_what_has_expired_is_drawn_so(rows: tuple[Row, ...]) -> None:
    late = timeline(page(rows, NOW + timedelta(days=400)))
    kinds = {bar.findtext("title"): [rect.get("class") for rect in bar.findall("rect")] for bar in late.findall("g")}
    assert kinds["demo/pulp-api-tls: due 2027-07-22, ends 2027-11-21"] == ["life", "over"]


def test_the_same_rows_at_the_same_time_give_the_same_bytes(rows: tuple[Row, ...]) -> None:
    assert page(rows, NOW) == page(rows, NOW)
    assert page(rows, NOW) != page(rows, NOW + timedelta(days=1))


def test_nothing_to_show_is_a_page_as_well() -> None:
    assert "nothing is sealed yet" in " ".join(Structure(page([], NOW)).words)


def test_the_command_prints_it_and_still_exits_1_when_something_is_due(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    assert secrets("ensure", *NOW_OPTION) == 0
    capsys.readouterr()
    assert secrets("status", "-o", "html", *NOW_OPTION) == 0
    first = capsys.readouterr()
    assert first.err == ""
    Structure(first.out)
    assert secrets("status", "-o", "html", *NOW_OPTION) == 0
    assert capsys.readouterr().out == first.out
    assert secrets("status", "-o", "html", "--now", "2027-09-01") == 1
    assert "its certificate is due" in capsys.readouterr().out
