"""The truth about a snapshot file, worked out again from docs/numbers.md and nothing else.

Not one line of Afterpost is imported: csv, gzip and plain dicts. It is slow and simple on purpose.
"""

import csv
import gzip
import random
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

METRICS = ("views", "likes", "comments")
FRESH = timedelta(hours=48)
READ_AT = time(12, tzinfo=UTC)
"""Every day of the file counts as read at this hour."""


class Video(NamedTuple):
    """What the file says of one video: publication as of its last row that gives a possible one, brand as of
    its last row; `told`: the publication that each row gives."""

    published_at: datetime
    brand: str
    readings: dict[date, dict[str, int]]
    told: dict[date, datetime]


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
    """A first total of one video that is no gain: it came on some of the days from `first` to `last`."""

    video: str
    first: date
    last: date
    total: int

    def inside(self, window: "Window") -> bool:
        """Whether the window holds all of them."""
        return window.start <= self.first and self.last <= window.end


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
                for each in _bookings(name, video, metric):
                    if isinstance(each, Booking):
                        self.bookings[video.brand][metric].append(each)
                    else:
                        self.openings[video.brand][metric].append(each)

    def earned(self, window: Window, metric: str, without: AbstractSet[str] = frozenset()) -> int | None:
        """What the window's days got, and what is undated in it; None where nothing is known. `without`:
        videos that are left out."""
        on_days = self.on_days(window, metric, without)
        late = [each.total for each in self.undated(window, metric) if each.video not in without]
        return on_days if not late else sum(late) + (on_days or 0)

    def on_days(self, window: Window, metric: str, without: AbstractSet[str] = frozenset()) -> int | None:
        """What the window's days got; None where nothing covers one of them."""
        booked = [
            booking
            for brand in self._brands(window)
            for booking in self.bookings[brand][metric]
            if booking.first <= window.end and booking.last >= window.start and booking.video not in without
        ]
        return sum(booking.on(day) for booking in booked for day in _days(window)) if booked else None

    def undated(self, window: Window, metric: str) -> list[Opening]:
        """The first totals that lie whole in the window."""
        return [each for each in self.late(window, metric) if each.inside(window)]

    def unknown(self, window: Window, metric: str) -> int:
        """How many first totals share some days with the window, and not all."""
        return sum(not each.inside(window) for each in self.late(window, metric))

    def late(self, window: Window, metric: str) -> list[Opening]:
        """The first totals that share a day with the window."""
        return [
            each
            for brand in self._brands(window)
            for each in self.openings[brand][metric]
            if each.first <= window.end and each.last >= window.start
        ]

    def compared(self, window: Window, metric: str) -> tuple[int | None, int | None] | None:
        """What growth compares: the window and the one before, like for like; None: too much is left out."""
        before = previous(window)
        both = Window(window.brand, before.start, window.end)
        out = set[str]()
        for brand in self._brands(window):
            mine = {name: video for name, video in self.videos.items() if video.brand == brand}
            read = {day for video in mine.values() for day in video.readings}
            inside = any(both.start <= day <= both.end for day in read)
            late = any(
                each.last <= both.end
                for name in METRICS
                for each in self.late(both._replace(brand=brand), name)
            )
            new = late and not any(
                values for v in mine.values() for day, values in v.readings.items() if day < both.start
            )
            if inside and (new or not any(day >= both.end for day in read)):
                out |= mine.keys()
        out |= {
            each.video
            for each in self.late(both, metric)
            if each.last <= both.end and not each.inside(window) and not each.inside(before)
        }
        now, then = self.earned(window, metric, out), self.earned(before, metric, out)
        if not out:
            return now, then
        views = self.earned(window, "views")
        lost = 0 if views is None else views - (self.earned(window, "views", out) or 0)
        seen = {
            name
            for name in out
            if any(window.start <= day <= window.end for day in self.videos[name].readings)
        }
        much = (views or 0) > 0 and lost * 10 > (views or 0)
        return None if much or len(seen) * 10 > self.posts(window) or None in (now, then) else (now, then)

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
        videos[name] = Video(publication(told, readings), history[-1]["category"], readings, told)
    return videos


def publication(told: dict[date, datetime], readings: dict[date, dict[str, int]]) -> datetime:
    """The publication that the last of the readings gives, of those that are possible: none of them had views
    more than a day before it. Before any reading it is what the first row says."""
    seen = [datetime.combine(day, READ_AT) for day, values in readings.items() if values.get("views")]
    possible = [
        told[day] for day in sorted(readings) if not any(at < told[day] - timedelta(hours=24) for at in seen)
    ]
    return possible[-1] if possible else told[min(told)]


def _bookings(name: str, video: Video, metric: str) -> Iterator[Booking | Opening]:
    """The gains of a metric: each known total less the one known before it; or how it opened late."""
    first_day = min(video.readings)
    fresh = datetime.combine(first_day, READ_AT) - video.published_at <= FRESH
    known: tuple[date, int] | None = None
    for day in sorted(video.readings):
        total = video.readings[day].get(metric)
        if total is None:
            continue
        born = min(video.published_at.astimezone(UTC).date(), day)
        if known is not None:
            yield Booking(name, known[0] + timedelta(days=1), day, total - known[1])
        elif fresh and day == first_day:
            yield Booking(name, born, day, total)
        else:
            yield Opening(name, born, day, total)
        known = (day, total)


def _days(window: Window) -> Iterator[date]:
    return (window.start + timedelta(days=n) for n in range((window.end - window.start).days + 1))
