"""What a post had at a given age: values at checkpoints, so that posts are compared at equal age."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from afterpost.domain.ages import HOUR

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
_NEAR = {age: min(NEAR * span, HOUR) for age, span in CHECKPOINTS.items()}
_WIDEST = {age: WIDEST * span for age, span in CHECKPOINTS.items()}
_TICK = timedelta(microseconds=1)

Missing = Literal["too_young", "not_observed"]


class Checkpoint(Struct, frozen=True, kw_only=True):
    """A metric's value at an age (a key of `CHECKPOINTS`).

    `interpolated`: between two readings, not read. `missing`: why `value` is None; None where it is not.
    """

    age: str
    value: int | None = None
    interpolated: bool = False
    missing: Missing | None = None


def checkpoint(
    readings: Iterable[tuple[datetime, int]], published_at: datetime, now: datetime, age: str
) -> Checkpoint:
    """The value at one age, from (observed at, value) readings of one post and metric in any order.

    In this order: `too_young` until the age is reached, whatever was read before; the nearest reading within
    `NEAR` (of two as near the earlier, of one instant the greater value); the straight line between the last
    reading before and the first after, no further apart than `WIDEST`, rounded half up; `not_observed`.
    Publication itself is no reading. Raises KeyError for an age that is no checkpoint.
    """
    at = published_at + CHECKPOINTS[age]
    if now < at:
        return Checkpoint(age=age, missing="too_young")
    before: tuple[datetime, int] | None = None
    after: tuple[datetime, int] | None = None
    for reading in readings:
        if reading[0] <= at:
            before = reading if before is None else max(before, reading)
        # The earliest instant, of one instant the greater value.
        elif after is None or (reading[0], -reading[1]) < (after[0], -after[1]):
            after = reading
    ends = [end for end in (before, after) if end is not None]
    nearest = min(ends, key=lambda end: abs(end[0] - at), default=None)
    if nearest is not None and abs(nearest[0] - at) <= _NEAR[age]:
        return Checkpoint(age=age, value=nearest[1])
    if before is None or after is None or after[0] - before[0] > _WIDEST[age]:
        return Checkpoint(age=age, missing="not_observed")
    passed, whole = (at - before[0]) // _TICK, (after[0] - before[0]) // _TICK
    gained = (2 * (after[1] - before[1]) * passed + whole) // (2 * whole)
    return Checkpoint(age=age, value=before[1] + gained, interpolated=True)


def checkpoints(
    readings: Iterable[tuple[datetime, int]], published_at: datetime, now: datetime
) -> tuple[Checkpoint, ...]:
    """The value at every checkpoint, youngest first; see `checkpoint`."""
    known = list(readings)
    return tuple(checkpoint(known, published_at, now, age) for age in CHECKPOINTS)
