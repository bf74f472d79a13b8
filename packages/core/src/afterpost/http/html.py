"""Pieces of HTML: escaped text, numbers and instants for people, tables. An unknown value is a dash."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from html import escape
from zoneinfo import ZoneInfo

UNKNOWN = "–"

CSS = """
:root { color-scheme: light dark; --line: #d8dce2; --soft: #5b6472; --bad: #b3261e; --back: #f7f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --line: #363c45; --soft: #9aa4b2; --bad: #ff8a80; --back: #1d2127; }
  body { background: #14171b; color: #e6e9ee; }
}
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 68rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: .95rem; margin: 1.25rem 0 .25rem; }
p { margin: .25rem 0; }
.soft { color: var(--soft); }
.bad { color: var(--bad); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
th { font-weight: 600; color: var(--soft); font-size: .85rem; white-space: nowrap; }
td.n, th.n { text-align: right; padding: .3rem 0 .3rem .75rem; white-space: nowrap; }
td.n + td:not(.n), th.n + th:not(.n) { padding-left: 1.5rem; }
td:first-child { min-width: 7rem; overflow-wrap: anywhere; }
time { white-space: nowrap; }
.facts { background: var(--back); border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .9rem;
  margin: 1rem 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 0 2.5rem; }
a { color: inherit; }
"""

POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
    + "'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""The page's content policy: its own style sheet by digest, an empty icon, and nothing else; no script."""


class Safe(str):
    """Text that is HTML already."""


def text(value: object) -> Safe:
    """Anything as text; None is unknown. What is HTML already stays."""
    if isinstance(value, Safe):
        return value
    return Safe(UNKNOWN if value is None or value == "" else escape(str(value)))


def number(value: int | None) -> Safe:
    """A count, its thousands apart; a real minus sign."""
    return Safe(UNKNOWN if value is None else f"{value:,}".replace("-", "−"))


def percent(value: float | None, *, signed: bool = False) -> Safe:
    """Percent with one decimal."""
    if value is None:
        return Safe(UNKNOWN)
    shown = f"{value:+,.1f}" if signed else f"{value:,.1f}"
    return Safe(shown.replace("-", "−") + "&nbsp;%")


def moment(at: datetime | None, zone: ZoneInfo, on: date | None = None) -> Safe:
    """An instant to the minute, in the organisation's zone; the day alone where nothing else is known."""
    if at is None:
        return Safe(UNKNOWN if on is None else f'<time datetime="{on}">{on}</time>')
    local = at.astimezone(zone)
    return Safe(f'<time datetime="{local.isoformat()}">{local:%Y-%m-%d %H:%M}</time>')


def link(label: str, url: str) -> Safe:
    """A link where the address is one of the web; else the label alone."""
    if not url.startswith(("https://", "http://")):
        return text(label)
    return Safe(f'<a href="{escape(url)}" rel="noopener noreferrer">{escape(label)}</a>')


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Sequence[int] = (),
    empty: str = "Nothing yet.",
) -> Safe:
    """A table; the columns at `numbers` are aligned to the right. Without rows it says `empty`."""
    body = [
        "<tr>" + "".join(f"<td{_kind(n, numbers)}>{text(cell)}</td>" for n, cell in enumerate(row)) + "</tr>"
        for row in rows
    ]
    if not body:
        return Safe(f'<p class="soft">{text(empty)}</p>')
    head = "".join(f'<th scope="col"{_kind(n, numbers)}>{text(name)}</th>' for n, name in enumerate(columns))
    return Safe(
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
    )


def _kind(position: int, numbers: Sequence[int]) -> str:
    return ' class="n"' if position in numbers else ""


def document(title: str, body: str) -> str:
    """The whole page."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{CSS}</style></head>'
        f"<body>{body}</body></html>\n"
    )
