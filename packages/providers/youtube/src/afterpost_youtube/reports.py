"""Reports of the YouTube Analytics API: a table with a row a day, read column by column as it names them.

Shapes: https://youtubeanalytics.googleapis.com/$discovery/rest?version=v2. `rows` is left out when there is
no data, and the most recent days have no rows yet. Single days can be negative where YouTube corrects itself.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct

from afterpost_youtube.errors import decode
from afterpost_youtube.payloads import MAX_COUNT

METRICS = {
    "views": "views",
    "x_youtube_engaged_views": "engagedViews",
    "likes": "likes",
    "dislikes": "dislikes",
    "comments": "comments",
    "shares": "shares",
    "follows": "subscribersGained",
    "unfollows": "subscribersLost",
    "watch_time_seconds": "estimatedMinutesWatched",
    "avg_view_seconds": "averageViewDuration",
}
"""Metric by day -> metric of a report: core metrics alone, which are under YouTube's Deprecation Policy."""

KIND = "youtubeAnalytics#resultTable"

_REFUSED = re.compile(r"Unknown identifier \(([A-Za-z]{1,64})\) given in field parameters\.metrics", re.ASCII)

Days = Mapping[date, Mapping[str, int | float]]


class Column(Struct, rename="camel"):
    """A column of a report."""

    name: str


class Report(Struct, rename="camel"):
    """A report; without `rows` there is no data. Rows stay as they are, so that each can fail by itself."""

    kind: str
    column_headers: list[Column]
    rows: list[Any] = []
    errors: Any = None


def report_of(body: bytes) -> Report | None:
    """The report; None when the body is none, or is one of days that does not name their column."""
    try:
        report = msgspec.json.decode(body, type=Report)
    except (ValueError, RecursionError):
        return None
    named = any(column.name == "day" for column in report.column_headers)
    return report if report.kind == KIND and named and report.errors is None else None


def days_of(report: Report, start: date, end: date) -> Days:
    """day -> metric -> value, of the rows within the two days, both included.

    What a row does not say, or says in a way that can't be a number, is absent. An average over no views is
    none, though YouTube writes it as 0.
    """
    names = [column.name for column in report.column_headers]
    days: dict[date, Mapping[str, int | float]] = {}
    for row in report.rows:
        if not isinstance(row, list) or len(row) != len(names):
            continue
        cells = dict(zip(names, row, strict=True))
        day, values = _day(cells["day"]), _values(cells)
        if day is not None and start <= day <= end and values:
            days[day] = values
    return days


def lacking(report: Report) -> tuple[str, ...]:
    """The metrics that the report has no column for."""
    names = {column.name for column in report.column_headers}
    return tuple(metric for metric, native in METRICS.items() if native not in names)


def refused_metric(body: bytes, asked: Sequence[str]) -> str | None:
    """The one of the metrics asked for that a refusal says it does not know; None when it names none.

    The name stands in a sentence of the platform alone. It is compared, and never shown.
    """
    try:
        answer = decode(body)
    except ValueError:
        return None
    error = answer.get("error") if isinstance(answer, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    found = _REFUSED.search(message) if isinstance(message, str) else None
    return found[1] if found is not None and found[1] in asked else None


def _values(cells: Mapping[str, Any]) -> Mapping[str, int | float]:
    read = {metric: _READ[metric](cells.get(native)) for metric, native in METRICS.items()}
    if not read["views"]:
        read["avg_view_seconds"] = None
    return {metric: value for metric, value in read.items() if value is not None}


def _number(raw: object) -> int | float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not abs(raw) <= MAX_COUNT:
        return None
    return raw


def _count(raw: object) -> int | None:
    # Cells are of any type: 12.0 is a count as well.
    number = _number(raw)
    return None if number is None or number != int(number) else int(number)


def _seconds(raw: object) -> int | None:
    """Minutes as seconds."""
    minutes = _number(raw)
    return None if minutes is None else round(minutes * 60)


def _duration(raw: object) -> int | float | None:
    number = _number(raw)
    return None if number is None or number < 0 else number


_READ: Mapping[str, Callable[[object], int | float | None]] = {
    **dict.fromkeys(METRICS, _count),
    "watch_time_seconds": _seconds,
    "avg_view_seconds": _duration,
}


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None
