"""From readings to daily snapshots, gains and rollups: the arithmetic of the whole product.

A post's history is a linked list of daily rows. `fold` walks it forwards (state + days -> rows + state),
`undo` walks it backwards (state - rows -> earlier state), `book` says what one row adds to the rollups, and
`openings` which totals it opens late. All of them are pure and work on integers, so a late reading is: undo
the rows from its day on, fold again, book the difference. The result is a function of the set of readings,
whatever their order of arrival.

Days are numbers (`windows.day_number`).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import sub
from typing import NamedTuple

from afterpost.domain.metrics import CUMULATIVE, ENGAGEMENT_PARTS, EXPOSURES, Kind
from afterpost.domain.readings import Published, Value, contradict, kind_of

FRESH = timedelta(hours=48)
"""A post first read at most this long after publication gains from 0."""

OFFER_BIT = {part: 1 << n for n, part in enumerate(ENGAGEMENT_PARTS)}
PARTS = tuple(
    tuple(part for part, bit in OFFER_BIT.items() if offers & bit) for offers in range(1 << len(OFFER_BIT))
)
"""Bit set -> the engagement parts in it."""


class Cell(NamedTuple):
    """One metric on one day: lifetime `total`, `gain` since its last known total, and the number of `days`
    that gain covers, this one included.

    A `gain` of None is a late opening: a first total of which nobody knows on which days it was gained.
    `days` is then the length of its span, which ends on this day and begins with the post's publication;
    where that is unknown it begins with the post's first reading, and `days` is negative."""

    total: int
    gain: int | None
    days: int


class Known(NamedTuple):
    """The last known total of a metric and the day it was known on."""

    total: int
    day: int


class DayValues(NamedTuple):
    """What is known of one post on one day: counter totals, gauges and ratios, engagement parts asked for,
    and where the last reading of the day came from."""

    totals: Mapping[str, int]
    gauges: Mapping[str, Value]
    offers: int
    source: str


class Row(NamedTuple):
    """A daily snapshot. `prev`: the post's previous snapshot day. `offers`: bit set of the engagement parts
    that were asked for that day (`OFFER_BIT`), reported or not. `source`: of the day's last reading."""

    day: int
    prev: int | None
    offers: int
    source: str
    cells: Mapping[str, Cell]
    gauges: Mapping[str, Value]

    @property
    def gap(self) -> int:
        """Days since the post's previous snapshot; 0: it is the first."""
        return 0 if self.prev is None else self.day - self.prev


class First(NamedTuple):
    """The post's earliest reading, and the post's publication: instant and day of both. `published_at` is
    None where only the day is known, `published_day` where nothing is; `whole_day`: the reading tells no
    hour."""

    at: datetime
    published_at: datetime | None
    published_day: int | None
    day: int
    whole_day: bool = False

    @property
    def fresh(self) -> bool:
        """True when first totals count as gained: read within 48 h of publication, or before it. A day has no
        hour: then first read on the publication's day or one of the two after."""
        if self.published_at is not None and not self.whole_day:
            return self.at - self.published_at <= FRESH
        return self.published_day is not None and self.day - self.published_day <= FRESH.days


class State(NamedTuple):
    """Where a post's history stands after its last snapshot. `offers`: engagement parts ever asked for."""

    first: First
    first_day: int
    last_day: int
    known: Mapping[str, Known]
    offers: int = 0


class Observed(NamedTuple):
    """A stored reading in the form merging needs."""

    at: datetime
    digest: bytes
    values: Mapping[str, Value]
    kinds: Mapping[str, Kind]
    asked: Iterable[str]
    source: str
    published: Published | None = None
    whole_day: bool = False
    told: int = 0

    @property
    def order(self) -> tuple[bool, datetime, int, bytes]:
        """Its place among the readings of its day, of which the last counts: a day-only one stands before the
        exact ones, at one instant what was told last counts. Within one telling the digest decides, for
        nothing else can."""
        return (not self.whole_day, self.at, self.told, self.digest)

    def replaces(self, other: "Observed") -> bool:
        """Whether it was told after another reading of the same instant, and contradicts it."""
        return (
            self.told > other.told
            and (self.at, self.whole_day) == (other.at, other.whole_day)
            and contradict(self.values, self.published, other.values, other.published)
        )


def merge_day(readings: Iterable[Observed]) -> DayValues:
    """Readings of one day become one: per metric the last one in their order counts."""
    totals: dict[str, int] = {}
    gauges: dict[str, Value] = {}
    offers = 0
    ordered = list(readings)
    if len(ordered) > 1:
        ordered.sort(key=lambda r: r.order)
        source = _source_of([r for r in ordered if r.order[:2] == ordered[-1].order[:2]])
    else:
        source = ordered[0].source
    for _, _, values, kinds, asked, *_ in ordered:
        for name, value in values.items():
            if kind_of(name, kinds) is Kind.CUMULATIVE:
                totals[name] = int(value)
            else:
                # 5.0 and 5 are one value, and one text when stored.
                whole = isinstance(value, float) and value.is_integer()
                gauges[name] = int(value) if whole else value
        offers |= offers_of(asked) | offers_of(values)
    # What any reading of the day calls a counter is one that day: a snapshot has each metric once.
    levels = {name: value for name, value in gauges.items() if name not in totals}
    return DayValues(totals, levels, offers, source)


def _source_of(instant: Sequence[Observed]) -> str:
    """The source of readings of one instant: of those that nothing replaced, which may come in any order."""
    counting = [each for each in instant if not any(other.replaces(each) for other in instant)]
    return max(counting, key=lambda each: each.digest).source


def fold(before: State | None, days: Mapping[int, DayValues], first: First) -> tuple[list[Row], State]:
    """Rows for `days` (all later than `before`), oldest first, and the state after them.

    `first` is the earliest reading of the whole history; it matters where `before` is None.
    """
    known = dict(before.known) if before else {}
    prev = before.last_day if before else None
    first_day = before.first_day if before else min(days)
    offers = before.offers if before else 0
    rows: list[Row] = []
    for day in sorted(days):
        values = days[day]
        cells: dict[str, Cell] = {}
        for name, total in values.totals.items():
            last = known.get(name)
            if last is not None:
                cells[name] = Cell(total, total - last.total, day - last.day)
            elif prev is None and first.fresh:
                covered = day - first.published_day + 1 if first.published_day is not None else 1
                cells[name] = Cell(total, total, max(1, covered))
            else:
                cells[name] = Cell(total, None, _late(day, first_day, first))
            known[name] = Known(total, day)
        rows.append(Row(day, prev, values.offers, values.source, cells, values.gauges))
        prev = day
        offers |= values.offers
    assert prev is not None
    return rows, State(first, first_day, prev, known, offers)


def _late(day: int, first_day: int, first: First) -> int:
    """The span of a late opening on a day (`Cell`)."""
    if first.published_day is None:
        return first_day - day - 1
    return max(1, day - first.published_day + 1)


def gains_of(totals: Iterable[int], known: Iterable[int]) -> list[int]:
    """What counters gained, as in `fold`: each total minus the last one known."""
    return list(map(sub, totals, known))


def offers_of(names: Iterable[str]) -> int:
    """The bit set of the engagement parts among those metrics."""
    offers = 0
    for name in names:
        offers |= OFFER_BIT.get(name, 0)
    return offers


def undo(state: State, newest_first: Iterable[Row]) -> State | None:
    """The state before those rows, which are the post's latest without a gap. None: before its first.

    Of what was ever asked for nothing is taken back: readings are never taken back, so that the days of those
    rows, folded again, ask for it as well.
    """
    known = dict(state.known)
    last_day: int | None = state.last_day
    for row in newest_first:
        if row.day != last_day:
            raise ValueError(f"row of day {row.day} is not the last one ({last_day})")
        for name, cell in row.cells.items():
            if cell.gain is None or row.prev is None:
                del known[name]
            else:
                known[name] = Known(cell.total - cell.gain, row.day - cell.days)
        last_day = row.prev
    return None if last_day is None else state._replace(last_day=last_day, known=known)


def spread(gain: int, days: int) -> list[int]:
    """A gain booked on the days it covers: integers, none off by more than one, the sum exact."""
    if days == 1:
        return [gain]
    sign, size = (1, gain) if gain >= 0 else (-1, -gain)
    return [sign * (size * k // days - size * (k - 1) // days) for k in range(1, days + 1)]


NONE_SKIPPED: frozenset[int] = frozenset()


def covered_days(day: int, days: int, skipped: frozenset[int] = NONE_SKIPPED) -> Sequence[int]:
    """The days that a gain over so many days covers, the last of them `day`; `skipped`: those that the zone
    never had (`windows.skipped_days`)."""
    covered = range(day - days + 1, day + 1)
    if not skipped or skipped.isdisjoint(covered):
        return covered
    return [each for each in covered if each not in skipped]


def booked_between(
    day: int, cell: Cell, start: int, end: int, skipped: frozenset[int] = NONE_SKIPPED
) -> int | None:
    """What of a gain known on `day` is booked to the days [start, end]; None where it covers none of them."""
    if cell.gain is None:
        return None
    covered = covered_days(day, cell.days, skipped)
    shares = zip(covered, spread(cell.gain, len(covered)), strict=True)
    inside = [amount for on, amount in shares if start <= on <= end]
    return sum(inside) if inside else None


class Opening(NamedTuple):
    """A late opening of a canonical counter on the day of its first total; `span` as `Cell.days` has it."""

    metric: str
    span: int
    total: int


def openings(row: Row) -> Iterator[Opening]:
    """The late openings of a snapshot. A step never has one: it reports only what is known already."""
    for name, (total, gain, days) in row.cells.items():
        if gain is None and name in _COLUMNS:
            yield Opening(name, days, total)


Bucket = dict[str, int]
"""Column -> amount, for one day of one rollup."""

_COLUMNS = {
    name: tuple(
        f"{name}_{what}" for what in ("n", "change", "gain", "covered", "estimated", "fell", "estimated_fell")
    )
    for name in CUMULATIVE
}


class Column(NamedTuple):
    """One metric of posts whose rows are alike: the sum of their totals, each one's gain (None: unknown), and
    the days every gain covers."""

    total: int
    gains: Sequence[int] | None
    days: int


def book(row: Row, sign: int, rollups: dict[int, Bucket], skipped: frozenset[int] = NONE_SKIPPED) -> None:
    """Add (`sign` 1) or take back (-1) what a snapshot contributes, into `rollups` (day -> columns)."""
    columns = {
        name: Column(total, None if gain is None else (gain,), days)
        for name, (total, gain, days) in row.cells.items()
    }
    book_alike(row.day, row.offers, columns, sign, rollups, skipped)


def book_alike(
    day: int,
    offers: int,
    columns: Mapping[str, Column],
    posts: int,
    rollups: dict[int, Bucket],
    skipped: frozenset[int] = NONE_SKIPPED,
) -> None:
    """Book snapshots of one day that have the same metrics with gains over the same days; `posts`: how many,
    negative to take them back. Each contributes what it would alone; `skipped` as in `covered_days`.

    Per metric `m` of the canonical counters:
    `m_gain` booked gains, `m_estimated` the part of it booked to days without an observation,
    `m_covered` posts whose gain covers the day, `m_n` posts that reported it that day, and
    `m_change` by how much the sum of last known totals moves that day (an opening total in full);
    `m_fell` and `m_estimated_fell` the negative ones of what is in `m_gain` and `m_estimated`, without their
    sign and post by post, so that what was booked either way is `m_gain` + 2 `m_fell`.
    Over posts that report exposure and every engagement part asked for, with one common span:
    `rated_engagements`, `rated_views` or `rated_impressions`, and how many post-days
    (`rated_by_views`, `rated_by_impressions`); `unrated` counts the post-days of the others: those since the
    reading before, which are what the shortest gain covers, or the day alone where no gain is known.
    """
    sign = 1 if posts > 0 else -1
    today = _bucket(rollups, day)
    today["snapshots"] += posts
    spans: dict[str, list[int]] = {}
    for name, (total, gains, days) in columns.items():
        names = _COLUMNS.get(name)
        if names is None:
            continue
        n, change, gained, covered, estimated, fell, estimated_fell = names
        today[n] += posts
        if gains is None:
            today[change] += sign * total
            continue
        today[change] += sign * sum(gains)
        on_days = covered_days(day, days, skipped)
        spans[name] = span = _spread_all(gains, len(on_days))
        for on, amount in zip(on_days, span, strict=True):
            bucket = _bucket(rollups, on)
            bucket[gained] += sign * amount
            bucket[covered] += posts
            if bucket is not today:
                bucket[estimated] += sign * amount
        if min(gains) < 0:
            lost = _spread_all([-gain for gain in gains if gain < 0], len(on_days))
            for on, amount in zip(on_days, lost, strict=True):
                if amount:
                    bucket = _bucket(rollups, on)
                    bucket[fell] += sign * amount
                    if bucket is not today:
                        bucket[estimated_fell] += sign * amount
    if columns:
        _book_rate(day, offers, columns, spans, posts, rollups, skipped)


def _spread_all(gains: Sequence[int], days: int) -> list[int]:
    """The sums by day of gains that cover the same days."""
    if days == 1:  # nearly always, so that nothing is built for it
        return [sum(gains)]
    return [sum(amounts) for amounts in zip(*(spread(gain, days) for gain in gains), strict=True)]


def _book_rate(
    day: int,
    offers: int,
    columns: Mapping[str, Column],
    spans: Mapping[str, Sequence[int]],
    posts: int,
    rollups: dict[int, Bucket],
    skipped: frozenset[int],
) -> None:
    # By what is reported, known gain or not: impressions never stand in for views that are there.
    base = next((name for name in EXPOSURES if name in columns), None)
    parts = PARTS[offers]
    days = len(spans.get(base or "", ()))
    if base is None or not days or not parts or any(len(spans.get(part, ())) != days for part in parts):
        shortest = min((columns[name].days for name in spans), default=1)
        for on in covered_days(day, shortest, skipped):
            _bucket(rollups, on)["unrated"] += posts
        return
    sign = 1 if posts > 0 else -1
    views, by = f"rated_{base}", f"rated_by_{base}"
    amounts = zip(spans[base], *(spans[part] for part in parts), strict=True)
    on_days = covered_days(day, columns[base].days, skipped)
    for on, (seen, *engaged) in zip(on_days, amounts, strict=True):
        bucket = _bucket(rollups, on)
        bucket[views] += sign * seen
        bucket["rated_engagements"] += sign * sum(engaged)
        bucket[by] += posts


def _bucket(rollups: dict[int, Bucket], day: int) -> Bucket:
    found = rollups.get(day)
    if found is None:
        found = rollups[day] = defaultdict(int)
    return found
