"""Numbers, days and texts as people read them. What is unknown is `–`, never 0."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

UNKNOWN = "–"
_JOINER = "\u200d"  # holds emoji together, and is the only invisible character that is kept


def clean(text: str) -> str:
    """A text on one line, without characters that steer a terminal."""
    return "".join(c if c.isprintable() or c == _JOINER else " " for c in text)


def short(text: str, length: int = 60) -> str:
    """A text cut to a length, with an ellipsis where something is missing."""
    plain = " ".join(clean(text).split())
    return plain if len(plain) <= length else plain[: length - 1].rstrip() + "…"


def number(value: int | None) -> str:
    """`18,420`."""
    return UNKNOWN if value is None else f"{value:,}"


def percent(value: float | None) -> str:
    """A rate in percent, `4.31 %`."""
    return UNKNOWN if value is None else f"{value:,.2f} %"


def change(value: float | None) -> str:
    """Growth in percent with its sign, `+8.3 %`."""
    return UNKNOWN if value is None else f"{value:+,.1f} %"


def share(value: float | None) -> str:
    """A ratio as percent, `86 %`."""
    return UNKNOWN if value is None else f"{100 * value:.0f} %"


def day(value: date) -> str:
    """`Mon 9 Mar 2026`."""
    return f"{value:%a} {value.day} {value:%b} {value.year}"


def span(start: date, end: date) -> str:
    """`Mon 9 – Sun 15 Mar 2026`, with no more repeated than is needed."""
    if start == end:
        return day(start)
    first = f"{start:%a} {start.day}"
    if (start.year, start.month) != (end.year, end.month):
        first += f" {start:%b}" + (f" {start.year}" if start.year != end.year else "")
    return f"{first} – {day(end)}"


def moment(value: datetime | None, zone: str, on: date | None = None) -> str:
    """An instant in a zone, to the minute, `2026-03-09 18:30`; the day alone where nothing else is known."""
    if value is None:
        return UNKNOWN if on is None else on.isoformat()
    return f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 post`, `2 posts`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
