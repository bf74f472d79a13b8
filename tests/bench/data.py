"""Made-up facts in any amount: the rows the real path would have stored, worked out a day at a time.

Ten million snapshots through the real path take half an hour. Here the same arithmetic runs over arrays, and
rows are appended in key order. `test_data.py` feeds a small population through `record` and compares every
table; so this file may be fast without being trusted.

A population is a few organisations, the first with 30 % of all posts and the others alike. Half of the posts
are older than the history, the others come out in the course of it; a read is missed on one day in five, and
one post in fifty is gone at some time. Everything follows from the seed.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.snapshots import OFFER_BIT
from afterpost.domain.windows import day_number
from afterpost.storage.tables import ROLLUP_COUNTERS, STANDING_COUNTERS
from afterpost.storage.types import from_micros, to_micros

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SEED = 20261122
TODAY = date(2026, 11, 22)
"""The day after the last one with facts."""
BRANDS = 5
ASKED = {
    "alpha": ("views", "likes", "comments", "shares"),
    "beta": ("views", "likes", "comments", "shares", "saves"),
    "gamma": ("views", "likes", "comments", "shares", "saves"),
    "delta": ("impressions", "likes", "comments", "saves"),
}
"""What each platform reports."""
PLATFORMS = tuple(ASKED)
TYPES = ("image", "video")
METRICS = tuple(name for name in CUMULATIVE if any(name in asked for asked in ASKED.values()))
MISSED = 0.2
GONE = 0.02
OLDER = 300
"""Days before the history in which its older half was published."""
BEFORE = 3
"""Days before the history that an opening total can reach back to."""
DUE_DAYS = 14
"""Days at the end on which reads were due, each post once a day."""
BATCH = 500
"""Posts under one number of the change sequence."""

DAY = 86_400_000_000
_HOUR = 3_600_000_000
_OPENINGS = (
    *("Nobody tells you this", "Three things I would do again", "Stop scrolling", "We tried it for a week"),
    *("The short answer is no", "Here is what changed", "You asked, we answer", "A quiet morning"),
)
_NEVER = np.iinfo(np.int64).max


class Size(NamedTuple):
    """How much: posts in all, days of history, organisations."""

    posts: int
    days: int
    organizations: int = 8

    @property
    def shares(self) -> list[int]:
        """Posts of each organisation: 30 % in the first, the rest spread evenly; one alone has them all."""
        if self.organizations == 1:
            return [self.posts]
        big = self.posts * 3 // 10
        rest, others = self.posts - big, self.organizations - 1
        return [big, *(rest // others + (n < rest % others) for n in range(others))]


class Population(NamedTuple):
    """Posts as arrays, row n for the post of id n + 1. Instants in microseconds, days as day numbers."""

    size: Size
    first_day: int
    organization: Ints
    brand: Ints
    account: Ints
    platform: Ints
    content_type: Ints
    opening: Ints
    published: Ints
    gone: Ints
    read_at: Ints
    most: Floats
    pace: Floats
    trickle: Floats
    shares: Floats

    @property
    def group(self) -> Ints:
        """Each post's place in the rollups, as a number: account and content type say it all."""
        return (self.account - 1) * len(TYPES) + self.content_type


def population(size: Size, *, seed: int = SEED, today: date = TODAY) -> Population:
    """The posts of that size."""
    rng = np.random.default_rng(seed)
    count = size.posts
    first_day = day_number(today) - size.days
    organization = np.repeat(np.arange(1, size.organizations + 1), size.shares)
    brand_of, platform = rng.integers(0, BRANDS, count), rng.integers(0, len(PLATFORMS), count)
    old = rng.random(count) < 0.5
    age = np.where(old, rng.random(count) * OLDER, -rng.random(count) * size.days)
    gone_after = np.where(rng.random(count) < GONE, rng.random(count) * size.days, np.inf)
    published = (first_day * DAY - age * DAY).astype(np.int64)
    gone = np.full(count, _NEVER)
    leaves = np.isfinite(gone_after)
    gone[leaves] = published[leaves].clip(min=first_day * DAY) + (gone_after[leaves] * DAY).astype(np.int64)
    gone[gone >= (first_day + size.days) * DAY] = _NEVER
    # Shares of the exposure, each metric of its own; an engagement can't be had without being shown.
    shares = np.stack([rng.beta(2, 2 * 10**n, count) for n in range(1, len(METRICS) - 1)])
    return Population(
        size=size,
        first_day=first_day,
        organization=organization,
        brand=(organization - 1) * BRANDS + brand_of + 1,
        account=((organization - 1) * BRANDS + brand_of) * len(PLATFORMS) + platform + 1,
        platform=platform,
        content_type=rng.integers(0, len(TYPES), count),
        opening=rng.integers(0, len(_OPENINGS), count),
        published=published,
        gone=gone,
        read_at=rng.integers(0, DAY, count),
        most=np.exp(rng.normal(7, 1.5, count)),
        pace=rng.uniform(1, 20, count),
        trickle=rng.exponential(3, count),
        shares=shares,
    )


class Readings(NamedTuple):
    """One reading each of some posts on one day: their rows in the population, instants, totals by metric
    (meaningless where the platform does not report it)."""

    rows: Ints
    at: Ints
    totals: dict[str, Ints]


def readings_of(posts: Population, day: int, *, seed: int = SEED) -> Readings:
    """The readings of a day."""
    at = day * DAY + posts.read_at
    read = np.random.default_rng((seed, day)).random(posts.size.posts) >= MISSED
    rows = np.flatnonzero(read & (posts.published <= at) & (posts.gone > at))
    at = at[rows]
    age = (at - posts.published[rows]) / DAY
    grown = posts.most[rows] * (1 - np.exp(-age / posts.pace[rows])) + posts.trickle[rows] * age
    exposed = grown.astype(np.int64)
    totals = dict.fromkeys(("views", "impressions"), exposed)
    for share, name in zip(posts.shares, METRICS[2:], strict=True):
        totals[name] = (exposed * share[rows]).astype(np.int64)
    return Readings(rows, at, totals)


def reports(posts: Population, rows: Ints, metric: str) -> Mask:
    """Which of those posts report the metric."""
    return np.array([metric in ASKED[name] for name in PLATFORMS])[posts.platform[rows]]


def due_on(posts: Population, day: int) -> Mask:
    """Which posts a read is due of on a day of the history: those that are out and not gone before it."""
    out = (posts.published // DAY <= day) & (posts.gone // DAY >= day)
    return out if day < posts.first_day + posts.size.days else np.zeros_like(out)


class Written(NamedTuple):
    """The snapshots of a day as arrays. `previous` is -1 for a first one; `gain` and `days` stand for every
    metric, for all of a reading's are known alike, and `unknown` marks gains that are."""

    day: int
    readings: Readings
    previous: Ints
    days: Ints
    unknown: Mask
    gains: dict[str, Ints]


class Book:
    """The facts of a population, day by day; rollups and states grow with them."""

    def __init__(self, posts: Population) -> None:
        self.posts = posts
        groups = posts.size.organizations * BRANDS * len(PLATFORMS) * len(TYPES)
        self._column = {name: n for n, name in enumerate(ROLLUP_COUNTERS)}
        self._daily = np.zeros((len(ROLLUP_COUNTERS), groups, posts.size.days + BEFORE), np.int64)
        self._first = np.full(posts.size.posts, -1)
        self._last = np.full(posts.size.posts, -1)
        self._first_at = np.zeros(posts.size.posts, np.int64)
        self._totals = {name: np.zeros(posts.size.posts, np.int64) for name in METRICS}
        self.attendance: dict[tuple[int, int, int], dict[str, int]] = {}
        self.openings: list[tuple[int, int, str, int, int, int]] = []
        self._first_due = day_number(TODAY) - DUE_DAYS

    def day(self, day: int) -> Written:
        """Store the readings of the next day."""
        posts, readings = self.posts, readings_of(self.posts, day)
        rows = readings.rows
        previous = self._last[rows]
        first = previous < 0
        fresh = first & (readings.at - posts.published[rows] <= 48 * _HOUR)
        opened = day - posts.published[rows] // DAY + 1
        days = np.where(first, np.maximum(opened, 1), day - previous)
        gains = {name: totals - self._totals[name][rows] for name, totals in readings.totals.items()}
        written = Written(day, readings, previous, days, first & ~fresh, gains)
        self._roll_up(written)
        self._attend(written)
        self._open(written)
        self._first[rows[first]] = day
        self._first_at[rows[first]] = readings.at[first]
        self._last[rows] = day
        for name, totals in readings.totals.items():
            self._totals[name][rows] = totals
        return written

    def _add(self, counter: str, group: Ints, day: Ints | int, amount: Ints | int) -> None:
        at = np.broadcast_to(day, group.shape) - self.posts.first_day + BEFORE
        np.add.at(self._daily[self._column[counter]], (group, at), amount)

    def _roll_up(self, written: Written) -> None:
        rows, day = written.readings.rows, written.day
        group = self.posts.group[rows]
        self._add("snapshots", group, day, 1)
        self._add("unrated", group[written.unknown], day, 1)
        for name in METRICS:
            told = reports(self.posts, rows, name)
            self._add(f"{name}_n", group[told], day, 1)
            self._add(f"{name}_change", group[told], day, written.gains[name][told])
            self._spread(written, name, told & ~written.unknown)

    def _spread(self, written: Written, name: str, known: Mask) -> None:
        rows = written.readings.rows[known]
        group, days, gain = self.posts.group[rows], written.days[known], written.gains[name][known]
        for k in range(1, int(days.max(initial=0)) + 1):
            covered = days >= k
            n, g = days[covered], gain[covered]
            amount, to = g * k // n - g * (k - 1) // n, written.day - n + k
            where = group[covered]
            self._add(f"{name}_gain", where, to, amount)
            self._add(f"{name}_covered", where, to, 1)
            self._add(f"{name}_estimated", where, to, np.where(to == written.day, 0, amount))
            if name in ("views", "impressions"):
                self._add(f"rated_{name}", where, to, amount)
                self._add(f"rated_by_{name}", where, to, 1)
            else:
                self._add("rated_engagements", where, to, amount)

    def _attend(self, written: Written) -> None:
        gap = np.where(written.previous < 0, 0, written.day - written.previous)
        keys = self.posts.group[written.readings.rows] * 1_000_000 + gap
        for key, count in zip(*(a.tolist() for a in np.unique(keys, return_counts=True)), strict=True):
            self._count(key // 1_000_000, written.day, key % 1_000_000, "posts", count)
        if written.day >= self._first_due:
            self._wait(written)

    def _count(self, group: int, day: int, gap: int, name: str, count: int) -> None:
        bucket = self.attendance.setdefault((group, day, gap), {})
        bucket[name] = bucket.get(name, 0) + count

    def _wait(self, written: Written) -> None:
        """Every post is due once a day while it is out, since `DUE_DAYS` before the end."""
        day, rows = written.day, written.readings.rows
        seen = np.zeros(self.posts.size.posts, np.bool_)
        seen[rows] = True
        due = due_on(self.posts, day)
        due_before = due_on(self.posts, day - 1) & (day > self._first_due)
        last = np.where(due_before, day - 1, self._last)
        for name, sign, mask, before in (
            ("due", 1, due, np.where(due_before, day - 1, -1)),
            ("missed", 1, due | seen, last),
            ("missed", -1, seen, self._last),
        ):
            gap = np.where(before[mask] < 0, 0, day - before[mask])
            keys = self.posts.group[mask] * 1_000_000 + gap
            for key, count in zip(*(a.tolist() for a in np.unique(keys, return_counts=True)), strict=True):
                self._count(key // 1_000_000, day, key % 1_000_000, name, sign * count)

    def unread(self) -> None:
        """Count what still waits when all is stored: the last due day up to the last reading, and later
        ones."""
        posts = self.posts
        live = posts.gone == _NEVER
        for day in range(self._first_due, posts.first_day + posts.size.days):
            due = due_on(posts, day) & live
            waits = due & ((self._last < day + 1) | ~due_on(posts, day + 1))
            gap = np.maximum(0, self._last - day)[waits]
            keys = posts.group[waits] * 1_000_000 + gap
            for key, count in zip(*(a.tolist() for a in np.unique(keys, return_counts=True)), strict=True):
                self._count(key // 1_000_000, day, key % 1_000_000, "unread", count)

    def _open(self, written: Written) -> None:
        """Late openings: group, day, metric, span, posts, the sum of their totals."""
        rows = written.readings.rows
        for name in METRICS:
            late = written.unknown & reports(self.posts, rows, name)
            keys = self.posts.group[rows[late]] * 1_000_000 + written.days[late]
            found, where, counts = np.unique(keys, return_inverse=True, return_counts=True)
            sums = np.zeros(len(found), np.int64)
            np.add.at(sums, where, written.readings.totals[name][late])
            for key, count, total in zip(found.tolist(), counts.tolist(), sums.tolist(), strict=True):
                group, span = divmod(key, 1_000_000)
                self.openings.append((group, written.day, name, span, count, total))

    def rollups(self) -> Iterator[tuple[int, int, list[int]]]:
        """(group, day, counters in order), of those that are not empty."""
        for group, at in zip(*(a.tolist() for a in np.nonzero(self._daily.any(axis=0))), strict=True):
            yield group, at + self.posts.first_day - BEFORE, self._daily[:, group, at].tolist()

    def standing(self) -> Iterator[tuple[int, list[int]]]:
        """(group, counters in order)."""
        sums = self._daily.sum(axis=2)
        chosen = sums[[self._column[name] for name in STANDING_COUNTERS]]
        for group in np.flatnonzero(chosen.any(axis=0)).tolist():
            yield group, chosen[:, group].tolist()

    def states(self) -> Iterator[tuple[int, int, int, int, int, int, str]]:
        """(post, organisation, first day, last day, first reading, publication, known totals), as stored."""
        posts = self.posts
        named = [sorted(ASKED[name]) for name in PLATFORMS]
        totals = {name: values.tolist() for name, values in self._totals.items()}
        columns = (posts.organization, self._first, self._last, self._first_at, posts.published)
        for n, (platform, organization, first, last, first_at, published) in enumerate(
            zip(posts.platform.tolist(), *(c.tolist() for c in columns), strict=True)
        ):
            if last >= 0:
                known = {name: totals[name][n] for name in named[platform]}
                text = json.dumps(known, separators=(",", ":"))
                yield n + 1, organization, first, last, first_at, published, text


def snapshot_rows(posts: Population, written: Written, seqs: Ints) -> Iterator[tuple[Any, ...]]:
    """Rows of `post_analytics` in the order of `SNAPSHOT_COLUMNS`."""
    rows = written.readings.rows
    offers = [sum(bit for part, bit in OFFER_BIT.items() if part in ASKED[name]) for name in PLATFORMS]
    columns: list[Sequence[Any]] = [
        [written.day] * len(rows),
        (rows + 1).tolist(),
        np.array(PLATFORMS, object)[posts.platform[rows]].tolist(),
        posts.organization[rows].tolist(),
        _without(written.previous, written.previous < 0),
        np.array(offers)[posts.platform[rows]].tolist(),
        ["api"] * len(rows),
        seqs[rows].tolist(),
    ]
    for name in METRICS:
        untold = ~reports(posts, rows, name)
        columns.append(_without(written.readings.totals[name], untold))
        columns.append(_without(written.gains[name], untold | written.unknown))
        columns.append(_without(written.days, untold))
    return zip(*columns, strict=True)


SNAPSHOT_COLUMNS = (
    *("day", "post_id", "platform", "organization_id", "prev_day", "offers", "source", "change_seq"),
    *(f"{name}_{what}" for name in METRICS for what in ("total", "gain", "days")),
)


def _without(values: Ints, absent: Mask) -> list[Any]:
    if not absent.any():
        kept: list[Any] = values.tolist()
        return kept
    filled = values.astype(object)
    filled[absent] = None
    found: list[Any] = filled.tolist()
    return found


def definitions(platform: str) -> dict[str, str]:
    """What a platform is asked for."""
    return dict.fromkeys(sorted(ASKED[platform]), "1")


def bodies(posts: Population, readings: Readings) -> Iterator[tuple[int, str, bytes]]:
    """(row in the population, values as JSON, digest) of each reading."""
    asked = [json.dumps(definitions(name), separators=(",", ":")) for name in PLATFORMS]
    forms = [
        "{" + ",".join(f'"{metric}":%({metric})d' for metric in sorted(ASKED[name])) + "}"
        for name in PLATFORMS
    ]
    names = tuple(readings.totals)
    rows, platform = readings.rows.tolist(), posts.platform[readings.rows].tolist()
    published = posts.published[readings.rows].tolist()
    for row, place, at, *values in zip(
        rows, platform, published, *(readings.totals[name].tolist() for name in names), strict=True
    ):
        body = forms[place] % dict(zip(names, values, strict=True))
        content = f'[{body},{asked[place]},"{from_micros(at).isoformat()}",{{}}]'
        yield row, body, hashlib.sha256(content.encode()).digest()[:16]


def opening(posts: Population, row: int) -> str:
    """The title of a post."""
    return _OPENINGS[posts.opening[row]]


def noon(day: date) -> datetime:
    """Noon UTC."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def now_of(today: date = TODAY) -> datetime:
    """The instant questions are asked: an hour into the day after the last one with facts."""
    return datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(hours=1)


def micros(instant: datetime) -> int:
    """As stored."""
    return to_micros(instant)
