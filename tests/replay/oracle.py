"""The truth about a snapshot file, worked out again from docs/numbers.md and nothing else.

Not one line of Afterpost is imported: csv, gzip and plain dicts. It is slow and simple on purpose.
"""

import csv
import gzip
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

METRICS = ("views", "likes", "comments")
FRESH = timedelta(hours=48)
READ_AT = time(12, tzinfo=UTC)
"""Every day of the file counts as read at this hour."""


class Video(NamedTuple):
    """What the file says of one video: publication as of its last row that gives a possible one, brand as of
    its last row."""

    published_at: datetime
    brand: str
    readings: dict[date, dict[str, int]]


class Booking(NamedTuple):
    """What the metric of one video gained from one known total to the next, and the days that covers."""

    video: str
    first: date
    last: date
    gain: int

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def on(self, day: date) -> int:
        """The integer share of a day: the k-th of n days gets ⌊|g|·k/n⌋ − ⌊|g|·(k−1)/n⌋, with g's sign."""
        if not self.first <= day <= self.last:
            return 0
        k = (day - self.first).days + 1
        share = abs(self.gain) * k // self.days - abs(self.gain) * (k - 1) // self.days
        return share if self.gain >= 0 else -share


class Opening(NamedTuple):
    """A first known total that is no gain: of which video, and the days [first, last] it was earned on."""

    video: str
    first: date
    last: date
    total: int


class Window(NamedTuple):
    """A question: whole days, both inclusive, of one brand (None: of all)."""

    brand: str | None
    start: date
    end: date


class Oracle:
    """Sums computed straight from the file, of the days up to `until`."""

    def __init__(self, file: Path, until: date | None = None) -> None:
        videos = _videos(file, until)
        self.brands = sorted({video.brand for video in videos.values()})
        self.videos = {name: video for name, video in videos.items() if video.readings}
        self.days = sorted({day for video in self.videos.values() for day in video.readings})
        self.bookings: dict[str, dict[str, list[Booking]]] = {
            brand: {metric: [] for metric in METRICS} for brand in self.brands
        }
        self.openings: dict[str, dict[str, list[Opening]]] = {
            brand: {metric: [] for metric in METRICS} for brand in self.brands
        }
        for name, video in self.videos.items():
            for metric in METRICS:
                bookings, opening = _history(name, video, metric)
                self.bookings[video.brand][metric] += bookings
                self.openings[video.brand][metric] += [opening] if opening else []

    def booked(self, window: Window, metric: str) -> int | None:
        """What gains booked to the window's days; None where none covers one of them."""
        booked = self.covering(window, metric)
        return sum(booking.on(day) for booking in booked for day in _days(window)) if booked else None

    def covering(self, window: Window, metric: str) -> list[Booking]:
        """The gains that cover a day of the window."""
        return [
            booking
            for brand in self._brands(window)
            for booking in self.bookings[brand][metric]
            if booking.first <= window.end and booking.last >= window.start
        ]

    def undated(self, window: Window, metric: str) -> list[Opening]:
        """Late openings that lie whole in the window: earned in it, on days that nobody knows."""
        return [o for o in self._met(window, metric) if window.start <= o.first and o.last <= window.end]

    def unknown(self, window: Window, metric: str) -> list[Opening]:
        """Late openings that share a day with the window and reach out of it: earned, in part, nobody knows
        where."""
        return [
            o for o in self._met(window, metric) if not (window.start <= o.first and o.last <= window.end)
        ]

    def earned(self, window: Window, metric: str) -> int | None:
        """What is known to be earned in the window: booked to its days, or undated within it."""
        booked, undated = self.booked(window, metric), self.undated(window, metric)
        if booked is None and not undated:
            return None
        return (booked or 0) + sum(opening.total for opening in undated)

    def summed(self, window: Window, metric: str) -> int:
        """The lifetime totals of every video on every day it was read, added up: what nobody should do."""
        return sum(
            values.get(metric, 0)
            for video in self._videos_of(window)
            for day, values in video.readings.items()
            if window.start <= day <= window.end
        )

    def lifetime(self, window: Window, metric: str) -> int | None:
        """The sum of the last totals known at the window's end; None where none was ever reported."""
        last = [
            known[max(known)]
            for video in self._videos_of(window)
            if (known := {d: v[metric] for d, v in video.readings.items() if d <= window.end and metric in v})
        ]
        return sum(last) if last else None

    def posts(self, window: Window) -> int:
        """Distinct videos read in the window."""
        return sum(
            any(window.start <= day <= window.end for day in video.readings)
            for video in self._videos_of(window)
        )

    def gaps(self) -> list[tuple[str, date, date]]:
        """(brand, first day, last day) of each gain in views over several days, openings left out."""
        return [
            (brand, booking.first, booking.last)
            for brand in self.brands
            for booking in self.bookings[brand]["views"]
            if booking.days > 1 and booking.last != min(self.videos[booking.video].readings)
        ]

    def _met(self, window: Window, metric: str) -> list[Opening]:
        """Late openings that share a day with the window."""
        return [
            opening
            for brand in self._brands(window)
            for opening in self.openings[brand][metric]
            if opening.first <= window.end and opening.last >= window.start
        ]

    def _brands(self, window: Window) -> list[str]:
        return self.brands if window.brand is None else [window.brand]

    def _videos_of(self, window: Window) -> Iterator[Video]:
        return (v for v in self.videos.values() if window.brand is None or v.brand == window.brand)


def previous(window: Window) -> Window:
    """The window of the same length that ends the day before."""
    length = window.end - window.start + timedelta(days=1)
    return Window(window.brand, window.start - length, window.end - length)


def choose(oracle: Oracle, count: int, random_: random.Random) -> list[Window]:
    """Windows to ask about: half of them begin or end inside a gap, the others anywhere, of 1 to 60 days.

    One in ten is of all brands. No window reaches past the days of the file.
    """
    gaps, first, last = oracle.gaps(), oracle.days[0], oracle.days[-1]
    chosen: list[Window] = []
    while len(chosen) < count:
        length = timedelta(days=random_.choice([0, 1, 6, 6, 6, random_.randrange(60)]))
        if len(chosen) % 2:
            brand, gap_first, gap_last = random_.choice(gaps)
            # Between two of the gap's days: the gain is cut by the window's edge.
            cut = gap_first + timedelta(days=random_.randrange((gap_last - gap_first).days))
            start, end = random_.choice([(cut - length, cut), (cut + timedelta(days=1), cut + length)])
            end = max(start, end)
        else:
            brand = random_.choice(oracle.brands)
            start = first + timedelta(days=random_.randrange((last - first).days + 1))
            end = start + length
        end = min(end, last)
        if start <= end:
            chosen.append(Window(None if random_.random() < 0.1 else brand, start, end))
    return chosen


def blank(source: Path, target: Path, share: float, seed: int) -> int:
    """Copy a snapshot file with that share of likes and of comments left empty; returns how many were."""
    random_, blanked = random.Random(seed), 0
    with (
        gzip.open(source, "rt", encoding="utf-8", newline="") as old,
        gzip.open(target, "wt", encoding="utf-8", newline="", compresslevel=1) as new,
    ):
        rows = csv.DictReader(old)
        assert rows.fieldnames is not None
        writer = csv.DictWriter(new, rows.fieldnames)
        writer.writeheader()
        for row in rows:
            for metric in ("likes", "comments"):
                if random_.random() < share:
                    row[metric] = ""
                    blanked += 1
            writer.writerow(row)
    return blanked


def _videos(file: Path, until: date | None) -> dict[str, Video]:
    rows: dict[str, list[dict[str, str]]] = {}
    with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            rows.setdefault(row["video_id"], []).append(row)
    videos = {}
    for name, history in rows.items():
        history.sort(key=lambda row: row["snapshot_date"])
        by_day = {date.fromisoformat(row["snapshot_date"]): row for row in history}
        readings = {
            day: {metric: int(row[metric]) for metric in METRICS if row[metric] != ""}
            for day, row in by_day.items()
            if until is None or day <= until
        }
        told = {day: datetime.fromisoformat(row["published_at"]) for day, row in by_day.items()}
        videos[name] = Video(_publication(told, readings), history[-1]["category"], readings)
    return videos


def _publication(told: dict[date, datetime], readings: dict[date, dict[str, int]]) -> datetime:
    """The publication that the last of the readings gives, of those that are possible: none of them had views
    more than a day before it. Before any reading it is what the first row says."""
    seen = [datetime.combine(day, READ_AT) for day, values in readings.items() if values.get("views")]
    possible = [
        told[day]
        for day in sorted(readings)
        if not any(at < told[day] - timedelta(hours=24) for at in seen)
    ]
    return possible[-1] if possible else told[min(told)]


def _history(name: str, video: Video, metric: str) -> tuple[list[Booking], Opening | None]:
    """The gains of a metric, each known total less the one known before it, and its late opening."""
    first_day, published = min(video.readings), video.published_at.astimezone(UTC).date()
    fresh = datetime.combine(first_day, READ_AT) - video.published_at <= FRESH
    bookings, opening = [], None
    known: tuple[date, int] | None = None
    for day in sorted(video.readings):
        total = video.readings[day].get(metric)
        if total is None:
            continue
        if known is not None:
            bookings.append(Booking(name, known[0] + timedelta(days=1), day, total - known[1]))
        elif fresh and day == first_day:
            bookings.append(Booking(name, min(published, day), day, total))
        else:
            opening = Opening(name, min(published, day), day, total)
        known = (day, total)
    return bookings, opening


def _days(window: Window) -> Iterator[date]:
    return (window.start + timedelta(days=n) for n in range((window.end - window.start).days + 1))
