"""How often a post is read: the age ladder, with jitter that spreads the load and nothing else."""

import hashlib
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

LADDER = ((DAY, HOUR), (7 * DAY, 6 * HOUR), (30 * DAY, DAY))
"""(younger than, read every); older posts are read every `SLOWEST`."""
SLOWEST = 7 * DAY
_STEPS = tuple(
    zip(
        (timedelta(0), *(until for until, _ in LADDER)),
        (*(every for _, every in LADDER), SLOWEST),
        strict=True,
    )
)
JITTER = 0.1
"""A read may come up to this share of its interval later."""


def interval_at(age: timedelta) -> timedelta:
    """The time between two reads of a post of that age. A post of unknown age counts as new."""
    for younger_than, every in LADDER:
        if age < younger_than:
            return every
    return SLOWEST


def next_read(key: str, published_at: datetime | None, now: datetime) -> datetime:
    """When a post read at `now` is read again.

    `key` seeds the jitter: the same post at the same instant always gets the same answer.
    """
    every = interval_at(now - published_at if published_at is not None else timedelta(0))
    seed = hashlib.sha256(f"{key}@{now.isoformat()}".encode()).digest()
    return now + every * (1 + JITTER * int.from_bytes(seed[:4]) / 2**32)


def due_inside(published_at: datetime, begins_at: datetime, ends_at: datetime) -> bool:
    """True when the ladder, without jitter, reads the post inside [begins_at, ends_at).

    The first read comes an hour after publication, and a read is where one step of the ladder ends.
    """
    age = max(begins_at - published_at, HOUR)
    step, every = max(step for step in _STEPS if step[0] < age)
    reads = -((step - age) // every)  # of this step, up to the first one at or after the beginning
    return published_at + step + reads * every < ends_at
