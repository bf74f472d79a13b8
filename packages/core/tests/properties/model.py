"""The numbers again, from docs/numbers alone and by another way: everything from all readings, every time.

It keeps no state, undoes nothing and adds up nothing. What it shares with the product is the content digest
that decides between two readings of one instant, which the definition of a snapshot refers to.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from afterpost.domain.readings import Reading, Value, content_of, digest_of
from packages.core.tests.properties.histories import PARTS, History, Said


class Fact(NamedTuple):
    """One metric of one post on one day (`on`). `gain` None: unknown. `covers`: the days it is booked to.
    `late`: how many days the span of a late opening has, negative where its publication is unknown."""

    total: int
    gain: int | None
    covers: tuple[date, ...]
    on: date
    late: int = 0


class Day(NamedTuple):
    """A snapshot."""

    before: date | None
    facts: Mapping[str, Fact]
    levels: Mapping[str, Value]
    asked: frozenset[str]
    source: str


def rank(reading: Reading) -> tuple[bool, datetime, bytes]:
    """Of two readings of one day the one with the greater rank counts, where none contradicts the other."""
    return reading.observed_on is None, reading.observed_at, digest_of(content_of(reading))


def day_of(reading: Reading, zone: ZoneInfo) -> date:
    """The day a reading lies on."""
    return reading.observed_on or local(reading.observed_at, zone)


class Published(NamedTuple):
    """The publication of a post: its instant where that is known, and its day."""

    at: datetime | None
    day: date | None


def publication(post: int, history: History) -> Published:
    """Of all that was told and can be true the most precise, then the platform's own, then the last word;
    else as it was announced."""
    zone = ZoneInfo(history.zone)
    said = [one for one in history.said if one.post == post]
    seen = [
        one.reading
        for one in said
        if (
            one.reading.values["views"]
            if "views" in one.reading.values
            else one.reading.values.get("impressions", 0)
        )
        > 0
    ]

    def can_be(told: datetime | date) -> bool:
        if not isinstance(told, datetime):
            return all(day_of(reading, zone) >= told for reading in seen)
        return all(
            told - reading.observed_at <= timedelta(hours=24)
            if reading.observed_on is None
            else local(told, zone) - reading.observed_on <= timedelta(days=1)
            for reading in seen
        )

    tellings = []
    for one in said:
        told = one.reading.published_at or one.reading.published_on
        if told is not None and can_be(told):
            last = (day_of(one.reading, zone), *rank(one.reading))
            tellings.append((isinstance(told, datetime), one.source == "api", last, told))
    announced = history.posts[post].announced
    if tellings:
        best = max(tellings, key=lambda telling: telling[:3])[3]
    elif announced is not None and can_be(announced):
        best = announced
    else:
        return Published(None, None)
    return Published(best, local(best, zone)) if isinstance(best, datetime) else Published(None, best)


def is_counter(name: str, reading: Reading) -> bool:
    """True when the reading means a lifetime counter by that name."""
    if name in reading.kinds:
        return reading.kinds[name] == "cumulative"
    return name != "avg_view_seconds"


def history_of(post: int, history: History) -> dict[date, Day]:
    """The snapshots of one post, by day."""
    zone = ZoneInfo(history.zone)
    said = [one for one in history.said if one.post == post]
    days = sorted({day_of(one.reading, zone) for one in said})
    published = publication(post, history)
    found: dict[date, Day] = {}
    for day in days:
        mine = [one for one in said if day_of(one.reading, zone) == day]
        counters = {n for one in mine for n in one.reading.values if is_counter(n, one.reading)}
        names = {n for one in mine for n in one.reading.values}
        found[day] = Day(
            before=max((d for d in days if d < day), default=None),
            facts={name: fact(name, day, said, published, zone) for name in counters},
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


def fact(name: str, day: date, said: Sequence[Said], published: Published, zone: ZoneInfo) -> Fact:
    """Total and gain of a metric on a day it was reported."""
    telling = [one for one in said if name in one.reading.values and is_counter(name, one.reading)]
    days = {day_of(one.reading, zone) for one in telling}
    total = int(value_on(name, on(day, telling, zone), True))
    earlier = [d for d in days if d < day]
    if earlier:
        last = max(earlier)
        known = int(value_on(name, on(last, telling, zone), True))
        return Fact(total, total - known, until(last + timedelta(days=1), day, zone), day)
    first = earliest((one.reading for one in said), zone)
    opening = day_of(first, zone)
    if published.day is None:
        return Fact(total, None, (), day, -((day - opening).days + 1))
    began = min(published.day, day)
    if published.at is not None and first.observed_on is None:
        fresh = first.observed_at <= published.at + timedelta(hours=48)
    else:
        fresh = opening <= published.day + timedelta(days=2)
    if day > opening or not fresh:
        return Fact(total, None, (), day, (day - began).days + 1)
    return Fact(total, total, until(began, day, zone), day)


def on(day: date, said: Iterable[Said], zone: ZoneInfo) -> list[Said]:
    """The readings of one day."""
    return [one for one in said if day_of(one.reading, zone) == day]


def earliest(said: Iterable[Reading], zone: ZoneInfo) -> Reading:
    """The post's earliest reading: of its first day, where one that tells no hour comes first."""
    return min(said, key=lambda reading: (day_of(reading, zone), *rank(reading)))


def until(first: date, last: date, zone: ZoneInfo) -> tuple[date, ...]:
    """Every day from first to last that the zone had."""
    days = (date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1))
    return tuple(day for day in days if exists(day, zone))


@cache
def exists(day: date, zone: ZoneInfo) -> bool:
    """Whether some instant lies on that day: Apia went from 29 to 31 December 2011."""
    noon = datetime.combine(day, time(12), tzinfo=UTC)
    return any(local(noon + timedelta(hours=n), zone) == day for n in range(-36, 37, 6))


def shares(gain: int, days: Sequence[date]) -> dict[date, int]:
    """What a gain books to each day it covers."""
    sign, n = (-1 if gain < 0 else 1), len(days)
    reached = [int(Fraction(abs(gain) * k, n)) for k in range(n + 1)]
    return {day: sign * (reached[k + 1] - reached[k]) for k, day in enumerate(days)}


def booked(facts: Iterable[Fact], first: date, last: date) -> list[int]:
    """What gains book to the days of a window: an amount a post and day."""
    return [
        amount
        for fact in facts
        if fact.gain is not None
        for day, amount in shares(fact.gain, fact.covers).items()
        if first <= day <= last
    ]


def undated(facts: Iterable[Fact], first: date, last: date) -> list[int]:
    """First totals whose whole span lies in the window."""
    return [fact.total for fact in facts if fact.late > 0 and first <= began(fact) and fact.on <= last]


def unknown(facts: Iterable[Fact], first: date, last: date) -> int:
    """How many first totals share a day with the window and are not undated in it."""
    known = [fact for fact in facts if fact.late]
    sharing = [fact for fact in known if began(fact) <= last and fact.on >= first]
    return len(sharing) - len(undated(sharing, first, last))


def began(fact: Fact) -> date:
    """The first day of a late opening's span."""
    return fact.on - timedelta(days=abs(fact.late) - 1)


def earned(facts: Iterable[Fact], first: date, last: date) -> int | None:
    """Booked to the days of the window, and what is undated in it; None where nothing of it is known."""
    known = list(facts)
    amounts = booked(known, first, last) + undated(known, first, last)
    return sum(amounts) if amounts else None


def estimated_share(facts: Iterable[Fact], first: date, last: date) -> Fraction | None:
    """Which part of what is booked to the window, gained or lost, falls on days without a reading."""
    on_days = [
        (day != fact.on, abs(amount))
        for fact in facts
        if fact.gain is not None
        for day, amount in shares(fact.gain, fact.covers).items()
        if first <= day <= last
    ]
    whole = sum(amount for _, amount in on_days)
    return Fraction(sum(amount for estimated, amount in on_days if estimated), whole) if whole else None
