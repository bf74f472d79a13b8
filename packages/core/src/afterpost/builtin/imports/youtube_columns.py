"""The columns of YouTube Studio's export, and which metric each becomes."""

from typing import NamedTuple, Protocol

from afterpost.builtin.imports.cells import CellError, shown
from afterpost.builtin.imports.numbers import count, level, number, scaled
from afterpost.domain.metrics import Kind
from afterpost.domain.readings import Value

DESCRIBING = ("Date", "Content", "Video title", "Video publish time", "Duration")
"""Columns that say which video it is."""


class Read(Protocol):
    """Reads a cell; raises CellError. `signed`: it may be negative."""

    def __call__(self, cell: str, /, *, signed: bool) -> Value: ...


class StudioColumn(NamedTuple):
    """A metric, its kind, and what reads its cells."""

    metric: str
    kind: Kind
    read: Read


def _count(cell: str, *, signed: bool) -> Value:
    return count(cell, signed=signed)


def _net(cell: str, *, signed: bool) -> Value:
    return count(cell, signed=True)


def _hours(cell: str, *, signed: bool) -> Value:
    return scaled(number(cell, signed=signed), 3600)


def _percent(cell: str, *, signed: bool) -> Value:
    return float(number(cell) / 100)


def _money(cell: str, *, signed: bool) -> Value:
    return scaled(number(cell, signed=True), 1_000_000)


def _duration(cell: str, *, signed: bool) -> Value:
    """`H:MM:SS`, `M:SS`, or seconds."""
    parts = cell.strip().split(":")
    if len(parts) == 1:
        return level(number(cell))
    if len(parts) > 3 or not all(len(part) <= 9 and part.isascii() and part.isdigit() for part in parts):
        raise CellError(f"{shown(cell)} is no duration like 0:04:13")
    head, *rest = (int(part) for part in parts)
    for part in rest:
        if part > 59:
            raise CellError(f"{shown(cell)} is no duration like 0:04:13")
        head = head * 60 + part
    return head


METRICS = {
    "Views": StudioColumn("views", Kind.CUMULATIVE, _count),
    "Watch time (hours)": StudioColumn("watch_time_seconds", Kind.CUMULATIVE, _hours),
    "Subscribers": StudioColumn("x_youtube_subscribers", Kind.GAUGE, _net),
    "Impressions": StudioColumn("impressions", Kind.CUMULATIVE, _count),
    "Thumbnail impressions": StudioColumn("impressions", Kind.CUMULATIVE, _count),
    "Impressions click-through rate (%)": StudioColumn("x_youtube_impressions_ctr", Kind.RATIO, _percent),
    "Thumbnail click-through rate (%)": StudioColumn("x_youtube_impressions_ctr", Kind.RATIO, _percent),
    "Engaged views": StudioColumn("x_youtube_engaged_views", Kind.CUMULATIVE, _count),
    "Average percentage viewed (%)": StudioColumn("x_youtube_avg_percentage_viewed", Kind.RATIO, _percent),
    "Unique viewers": StudioColumn("reach", Kind.CUMULATIVE, _count),
    "Shares": StudioColumn("shares", Kind.CUMULATIVE, _count),
    "Subscribers gained": StudioColumn("follows", Kind.CUMULATIVE, _count),
    "Subscribers lost": StudioColumn("unfollows", Kind.CUMULATIVE, _count),
    "Likes": StudioColumn("likes", Kind.CUMULATIVE, _count),
    "Dislikes": StudioColumn("dislikes", Kind.CUMULATIVE, _count),
    "Comments added": StudioColumn("comments", Kind.CUMULATIVE, _count),
    "Average view duration": StudioColumn("avg_view_seconds", Kind.GAUGE, _duration),
    "Estimated revenue (USD)": StudioColumn("x_youtube_estimated_revenue_micros", Kind.GAUGE, _money),
    "Stayed to watch (%)": StudioColumn("x_youtube_stayed_to_watch", Kind.RATIO, _percent),
}
"""Studio's column -> metric. Studio renamed its impressions to "Thumbnail impressions"; both are read.

Percentages become ratios (4.5 -> 0.045), hours seconds, US dollars millionths. Revenue is a gauge: money
is not among the counters that Afterpost adds up per day.
"""
