"""What a post had at a given age: values at checkpoints, so that posts are compared at equal age."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from afterpost.domain.ages import DAY, HOUR
from afterpost.domain.metrics import EXPOSURES
from afterpost.domain.publication import noon
from afterpost.domain.readings import Value
from afterpost.domain.snapshots import OFFER_BIT, offers_of
from afterpost.domain.windows import day_date, day_start

CHECKPOINTS = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "72h": timedelta(hours=72),
    "7d": timedelta(days=7),
    "28d": timedelta(days=28),
}
"""Ages after publication, youngest first."""
NEAR = 0.1
"""A reading within a tenth of a checkpoint's age, and at most an hour, is the reading at that age. More
than a read is put off for (`ages.TICKS`); a counter that grows ever slower is off by a tenth at most."""
WIDEST = 1.0
"""Two readings bracket a checkpoint when they lie no further apart than this share of its age. Straight
between them, a counter that grows like a power of its age, up to linear, is understated by 4 % at most."""
OF_A_DAY = timedelta(days=7)
"""The youngest age of a post whose publication is only a day: half a day more or less is little of it."""
_NEAR = {age: min(NEAR * span, HOUR) for age, span in CHECKPOINTS.items()}
_WIDEST = {age: WIDEST * span for age, span in CHECKPOINTS.items()}
_TICK = timedelta(microseconds=1)

Counter = Literal["engagements", "exposure"]
Missing = Literal["published_as_day", "too_young", "not_observed", "not_reported"]


class Publication(NamedTuple):
    """When a post was published. `at`: the instant; where only the day is known (`whole_day`), that day's
    local noon, from which ages are counted."""

    at: datetime
    whole_day: bool = False


def publication_of(at: datetime | None, day: int | None, zone: ZoneInfo) -> Publication | None:
    """The publication from an instant, or from a day number where there is no instant; None of neither."""
    if at is not None:
        return Publication(at)
    if day is None:
        return None
    return Publication(noon(day_date(day), zone), whole_day=True)


def has_age(publication: Publication, age: str) -> bool:
    """Whether a post so published has a value at a checkpoint, and is a peer there."""
    return not publication.whole_day or CHECKPOINTS[age] >= OF_A_DAY


def a_day_old(publication: Publication, zone: ZoneInfo) -> datetime:
    """When a post is 24 hours old: of one published on a day, when the day after it is over."""
    if not publication.whole_day:
        return publication.at + DAY
    return day_start(publication.at.astimezone(zone).date() + 2 * DAY, zone)


_offered = cache(offers_of)
"""Providers ask for the same metrics again and again."""


class Early(NamedTuple):
    """A reading of a young post: the counters it tells, and the metrics that were asked for."""

    at: datetime
    values: Mapping[str, Value]
    asked: frozenset[str]


class Point(NamedTuple):
    """What a reading says of a sum: None where it hides a part. `parts`: those that are in it, bit set."""

    at: datetime
    value: int | None
    parts: int = 0


class Series(NamedTuple):
    """A post's readings of one counter. `points`: of those that speak of it; `readings`: all; each at an
    instant of its own, the earliest first. `name`: the metric, of exposure alone."""

    points: Sequence[Point]
    readings: Sequence[Early]
    name: str | None = None


class Checkpoint(Struct, frozen=True, kw_only=True):
    """A counter's value at an age (a key of `CHECKPOINTS`).

    `interpolated`: between two readings, not read. `observed_age_seconds`: how old the post really was when
    the value was read, None where none was. `missing`: why `value` is None; None where it is not.
    """

    age: str
    value: int | None = None
    interpolated: bool = False
    observed_age_seconds: int | None = None
    missing: Missing | None = None


def by_instant(told: Sequence[Early]) -> list[Early]:
    """Readings in the order of their instants, and of one instant in the order told, as one an instant: per
    metric what was told last counts, as in the snapshots."""
    found: list[Early] = []
    for one in told:
        if found and found[-1].at == one.at:
            earlier = found[-1]
            one = Early(one.at, {**earlier.values, **one.values}, earlier.asked | one.asked)
            found.pop()
        found.append(one)
    return found


def engagements_of(readings: Sequence[Early]) -> Series:
    """The sums of engagement parts, from readings `by_instant`.

    The parts are those that the platform offers: asked for or told, by then. A reading that lacks one of them
    hides it, and has no sum; one that neither tells a part nor was asked for any says nothing of engagements.
    """
    parts, points = 0, []
    for at, values, asked in readings:
        told = total = 0
        for part, bit in OFFER_BIT.items():
            value = values.get(part)
            if value is not None:
                told |= bit
                total += int(value)
        spoken = told | _offered(asked)
        if spoken:
            parts |= spoken
            points.append(Point(at, total if told == parts else None, parts))
    return Series(points, readings)


def exposure_of(readings: Sequence[Early]) -> Series:
    """The exposures, from readings `by_instant`: views where any of them reports views, else impressions, and
    never the one for the other. A reading that was asked for it and does not tell it hides it."""
    name = next((name for name in EXPOSURES if any(name in one.values for one in readings)), None)
    points = [
        Point(one.at, int(one.values[name]) if name in one.values else None)
        for one in readings
        if name is not None and (name in one.values or name in one.asked)
    ]
    return Series(points, readings, name)


SERIES: Mapping[Counter, Callable[[Sequence[Early]], Series]] = {
    "exposure": exposure_of,
    "engagements": engagements_of,
}
"""What is compared at equal age, and how it is made of readings."""


def checkpoint(series: Series, publication: Publication, now: datetime, age: str) -> Checkpoint:
    """The value at one age.

    In this order: `published_as_day` where the post has no such age; `too_young` until it is reached,
    whatever was read before; the nearest reading within `NEAR` (of two as near the earlier); the straight
    line between the last reading before and the first after, no further apart than `WIDEST`, rounded half up;
    `not_reported` where one of these hides a part, or other readings are there and say nothing of the
    counter; `not_observed`. Publication itself is no reading. Raises KeyError for an age that is no
    checkpoint.
    """
    span = CHECKPOINTS[age]
    if not has_age(publication, age):
        return Checkpoint(age=age, missing="published_as_day")
    at = publication.at + span
    if now < at:
        return Checkpoint(age=age, missing="too_young")
    found = _reaching(series.points, at, age)
    if not found:
        missing: Missing = "not_reported" if _reaching(series.readings, at, age) else "not_observed"
        return Checkpoint(age=age, missing=missing)
    ends = [series.points[place] for place in found]
    before, after = ends[0], ends[-1]
    # Sums of other parts are no ends of a line.
    if before.value is None or after.value is None or before.parts != after.parts:
        return Checkpoint(age=age, missing="not_reported")
    if len(ends) == 1:
        old = (before.at - publication.at) // timedelta(seconds=1)
        return Checkpoint(age=age, value=before.value, observed_age_seconds=old)
    passed, whole = (at - before.at) // _TICK, (after.at - before.at) // _TICK
    gained = (2 * (after.value - before.value) * passed + whole) // (2 * whole)
    return Checkpoint(age=age, value=before.value + gained, interpolated=True)


def _reaching(known: Sequence[Point] | Sequence[Early], at: datetime, age: str) -> tuple[int, ...]:
    """The place of the reading that counts as at an instant, or the places of the two that bracket it."""
    after = bisect_right(known, at, key=lambda one: one.at)
    ends = [place for place in (after - 1, after) if 0 <= place < len(known)]
    nearest = min(ends, key=lambda place: abs(known[place].at - at), default=None)
    if nearest is not None and abs(known[nearest].at - at) <= _NEAR[age]:
        return (nearest,)
    if len(ends) == 2 and known[after].at - known[after - 1].at <= _WIDEST[age]:
        return tuple(ends)
    return ()
