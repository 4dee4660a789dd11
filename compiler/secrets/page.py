"""The dashboard as one HTML page with a timeline: no script, nothing from outside, fit for printing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from html import escape

from compiler.secrets.lock import instant, moment
from compiler.secrets.status import Condition, Row

_BEFORE = timedelta(days=90)
_AFTER = timedelta(days=455)
"""What the timeline shows around the present: a leaf's whole life ahead (365 days) and a quarter beyond."""

_WIDTH, _LABEL, _LINE = 1000, 300, 20
"""Units of the drawing: its width, the part of it that holds the names, and the height of a line."""

_WORDS: dict[Condition, str] = {
    "ok": "in order",
    "unset": "a value is missing",
    "missing": "not made yet",
    "stale": "to be sealed anew",
    "wrong": "contradicts the record",
    "orphan": "no longer wanted",
    "renew": "due",
    "expiring": "expires within 30 days",
    "expired": "expired",
    "early": "not valid yet",
    "ahead": "dated in the future",
}
_GRAVE = frozenset[Condition](["wrong", "expiring", "expired", "early"])

_STYLE = """
:root { color-scheme: light dark; --ok: #1a7f37; --due: #9a6700; --grave: #cf222e; --line: #8c959f; }
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 1200px; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3em .6em; border-bottom: 1px solid var(--line); }
td.number { text-align: right; white-space: nowrap; } td.id { font-weight: 600; overflow-wrap: anywhere; }
ul { margin: 0; padding-left: 1.1em; } small { display: block; opacity: .8; }
.ok { color: var(--ok); } .due { color: var(--due); font-weight: 600; }
.grave { color: var(--grave); font-weight: 600; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: currentColor; }
svg .grid { stroke: var(--line); stroke-width: .5; } svg .now { stroke: var(--grave); stroke-width: 1.5; }
svg .life { fill: var(--ok); fill-opacity: .55; } svg .window { fill: var(--due); fill-opacity: .75; }
svg .over { fill: var(--grave); } svg .dot { fill: currentColor; }
@media print {
  body { margin: 0; max-width: none; font-size: 9pt; }
  thead { display: table-header-group; } tr, svg { break-inside: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""


def page(rows: Sequence[Row], now: datetime, title: str = "Secrets and certificates") -> str:
    """The page.

    Args:
        rows: what :func:`compiler.secrets.status.status` found.
        now: the present that they were found at, timezone-aware; the page depends on it and on the rows alone.
        title: its heading.

    Returns:
        a whole HTML document. Everything that comes from the repository is escaped, and its policy forbids scripts and
        anything from outside.
    """
    due = [row for row in rows if row.condition != "ok"]
    say = f"{len(rows)} entries, {len(due)} to look at" if rows else "nothing is sealed yet"
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        f"<p>As of {escape(moment(now))}: {say}. No value is on this page.</p>",
    ]
    if due:
        parts += ["<h2>To look at</h2>", *_due(due)]
    drawn = [row for row in rows if row.not_after is not None]
    if drawn:
        parts += ["<h2>Timeline</h2>", *_timeline(drawn, now)]
    if rows:
        parts += ["<h2>Everything</h2>", *_table(rows, now)]
    return "\n".join([*parts, "</body></html>", ""])


def _class(row: Row) -> str:
    return "ok" if row.condition == "ok" else "grave" if row.condition in _GRAVE else "due"


def _due(rows: Sequence[Row]) -> Iterator[str]:
    yield "<ul>"
    for row in rows:
        yield (
            f'<li><b>{escape(row.id)}</b>: <span class="{_class(row)}">{_WORDS[row.condition]}</span>'
            f"<small>{escape(row.note)}</small></li>"
        )
    yield "</ul>"


def _table(rows: Sequence[Row], now: datetime) -> Iterator[str]:
    head = (
        "secret", "what it holds", "state", "generation", "age, days", "due", "valid until", "read by", "sealed to"
    )  # fmt: skip
    yield "<table><thead><tr>" + "".join(f"<th>{name}</th>" for name in head) + "</tr></thead><tbody>"
    for row in rows:
        sealed = [f"{row.backend}:", *row.readers] if row.readers else []
        cells = [
            f'<td class="id">{escape(row.id)}<small>{escape(row.kind)}</small></td>',
            f"<td>{_list(row.holds)}</td>",
            f'<td class="{_class(row)}">{_WORDS[row.condition]}<small>{escape(row.note)}</small></td>',
            f'<td class="number">{row.generation or ""}</td>',
            f'<td class="number">{age(row, now)}</td>',
            f'<td class="number">{(row.renew_at or "")[:10]}</td>',
            f'<td class="number">{(row.not_after or "")[:10]}</td>',
            f"<td>{_list(row.consumers)}</td>",
            f"<td>{escape(' '.join(sealed))}</td>",
        ]
        yield "<tr>" + "".join(cells) + "</tr>"
    yield "</tbody></table>"


def age(row: Row, now: datetime) -> str:
    """Days since the values of ``row`` last changed, as text; empty when that is not known."""
    return str((now - instant(row.changed)).days) if row.changed else ""


def _list(items: Iterable[str]) -> str:
    found = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<ul>{found}</ul>" if found else ""


def _timeline(rows: Sequence[Row], now: datetime) -> Iterator[str]:
    """A bar for each certificate: its life, the window in which it is to be renewed, and the present."""
    start, end = now - _BEFORE, now + _AFTER
    height = _LINE * (len(rows) + 2)

    def at(when: datetime) -> float:
        share = (min(max(when, start), end) - start) / (end - start)
        return round(_LABEL + share * (_WIDTH - _LABEL - 10), 1)

    yield (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Lives of the certificates, '
        f'{start:%F} to {end:%F}">'
    )
    for first in _months(start, end):
        x = at(first)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{_LINE}" y2="{height - _LINE}"/>'
        if first.month % 2:
            yield f'<text x="{x}" y="{_LINE - 6}">{first:%Y-%m}</text>'
    for number, row in enumerate(rows, 1):
        y = number * _LINE
        over, due = instant(row.not_after or ""), instant(row.renew_at or row.not_after or "")
        begun = instant(row.changed) if row.changed else start
        yield f"<g><title>{escape(row.id)}: due {due:%F}, ends {over:%F}</title>"
        yield f'<text x="0" y="{y + 14}">{escape(_short(row.id))}</text>'
        yield _bar("life", at(begun), at(due), y)
        yield _bar("over" if over <= now else "window", at(due), at(over), y)
        yield f'<circle class="dot" cx="{at(over)}" cy="{y + 10}" r="2.5"/></g>' if over <= end else "</g>"
    x = at(now)
    yield f'<line class="now" x1="{x}" x2="{x}" y1="{_LINE}" y2="{height - _LINE}"/>'
    yield f'<text x="{x}" y="{height - 5}">now</text></svg>'
    yield "<p>Green: in order. Amber: to be renewed. A dot ends a life; a bar without one goes on beyond the page.</p>"


def _bar(kind: str, left: float, right: float, y: int) -> str:
    width = max(round(right - left, 1), 0)
    return f'<rect class="{kind}" x="{left}" y="{y + 5}" width="{width}" height="{_LINE - 10}"/>'


def _short(name: str) -> str:
    return name if len(name) <= 48 else name[:20] + "…" + name[-27:]


def _months(start: datetime, end: datetime) -> Iterator[datetime]:
    """The first of each month within."""
    first = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while True:
        first = (first + timedelta(days=32)).replace(day=1)
        if first > end:
            return
        yield first
