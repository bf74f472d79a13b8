"""The numbers again, from docs/numbers alone and by another way: everything from all readings, every time.

It keeps no state, undoes nothing and adds up nothing. What it shares with the product is the content digest
that decides between two readings of one instant, which the definition of a snapshot refers to.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

from afterpost.domain.readings import Reading, Value, content_of, digest_of
from packages.core.tests.properties.histories import PARTS, History, Said


class Fact(NamedTuple):
    """One metric of one post on one day (`on`). `gain` None: unknown. `covers`: the days it is booked to."""

    total: int
    gain: int | None
    covers: tuple[date, ...]
    on: date


class Day(NamedTuple):
    """A snapshot."""

    before: date | None
    facts: Mapping[str, Fact]
    levels: Mapping[str, Value]
    asked: frozenset[str]
    source: str


def rank(reading: Reading) -> tuple[datetime, bytes]:
    """Of two readings the one with the greater rank counts."""
    return reading.observed_at, digest_of(content_of(reading))


def is_counter(name: str, reading: Reading) -> bool:
    """True when the reading means a lifetime counter by that name."""
    if name in reading.kinds:
        return reading.kinds[name] == "cumulative"
    return name != "avg_view_seconds"


def history_of(post: int, history: History) -> dict[date, Day]:
    """The snapshots of one post, by day."""
    zone = ZoneInfo(history.zone)
    said = [one for one in history.said if one.post == post]
    days = sorted({local(one.reading.observed_at, zone) for one in said})
    found: dict[date, Day] = {}
    for day in days:
        mine = [one for one in said if local(one.reading.observed_at, zone) == day]
        counters = {n for one in mine for n in one.reading.values if is_counter(n, one.reading)}
        names = {n for one in mine for n in one.reading.values}
        found[day] = Day(
            before=max((d for d in days if d < day), default=None),
            facts={name: fact(name, day, said, zone) for name in counters},
            levels={name: value_on(name, mine, False) for name in names - counters},
            asked=frozenset(
                n for one in mine for n in (*one.reading.definitions, *one.reading.values) if n in PARTS
            ),
            source=max(mine, key=lambda one: rank(one.reading)).source,
        )
    return found


def local(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day."""
    return instant.astimezone(zone).date()


def value_on(name: str, mine: Iterable[Said], counter: bool) -> Value:
    """What the last of those readings that report the metric says."""
    readings = [
        one.reading for one in mine if name in one.reading.values and is_counter(name, one.reading) == counter
    ]
    return max(readings, key=rank).values[name]


def fact(name: str, day: date, said: Sequence[Said], zone: ZoneInfo) -> Fact:
    """Total and gain of a metric on a day it was reported."""
    telling = [one for one in said if name in one.reading.values and is_counter(name, one.reading)]
    days = {local(one.reading.observed_at, zone) for one in telling}
    total = int(value_on(name, on(day, telling, zone), True))
    earlier = [d for d in days if d < day]
    if earlier:
        last = max(earlier)
        known = int(value_on(name, on(last, telling, zone), True))
        return Fact(total, total - known, until(last + timedelta(days=1), day), day)
    if day > min(local(one.reading.observed_at, zone) for one in said):
        return Fact(total, None, (), day)
    first = earliest(one.reading for one in said)
    if first.published_at is None or first.observed_at > first.published_at + timedelta(hours=48):
        return Fact(total, None, (), day)
    return Fact(total, total, until(min(local(first.published_at, zone), day), day), day)


def on(day: date, said: Iterable[Said], zone: ZoneInfo) -> list[Said]:
    """The readings of one day."""
    return [one for one in said if local(one.reading.observed_at, zone) == day]


def earliest(said: Iterable[Reading]) -> Reading:
    """The post's earliest reading; of several of one instant the one that counts."""
    readings = list(said)
    start = min(reading.observed_at for reading in readings)
    return max((r for r in readings if r.observed_at == start), key=rank)


def until(first: date, last: date) -> tuple[date, ...]:
    """Every day from first to last."""
    return tuple(date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1))


def shares(gain: int, days: Sequence[date]) -> dict[date, int]:
    """What a gain books to each day it covers."""
    sign, n = (-1 if gain < 0 else 1), len(days)
    reached = [int(Fraction(abs(gain) * k, n)) for k in range(n + 1)]
    return {day: sign * (reached[k + 1] - reached[k]) for k, day in enumerate(days)}


def earned(facts: Iterable[Fact], first: date, last: date) -> int | None:
    """Booked to the days of the window; None when the metric was not reported in it and nothing covers it.

    A first total of unknown gain is reported and books nothing.
    """
    known = list(facts)
    amounts = [
        amount
        for fact in known
        if fact.gain is not None
        for day, amount in shares(fact.gain, fact.covers).items()
        if first <= day <= last
    ]
    reported = any(first <= fact.on <= last for fact in known)
    return sum(amounts) if amounts or reported else None
