"""How often a post is read: the age ladder, with jitter that spreads the load and nothing else."""

import hashlib
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

LADDER = ((DAY, HOUR), (7 * DAY, 6 * HOUR), (30 * DAY, DAY))
"""(younger than, read every); older posts are read every `SLOWEST`."""
SLOWEST = 7 * DAY
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

    A post under 30 days is read at least daily, so any whole day of its life holds a read; the first
    comes an hour after publication. An older one is read every 7 days, counted from its 30th day.
    """
    if published_at + HOUR >= ends_at:
        return False
    old_from = published_at + LADDER[-1][0]
    if begins_at < old_from:
        return True
    before_start = -((old_from - begins_at) // SLOWEST)  # reads at old_from + k weeks: first k at/after start
    return old_from + before_start * SLOWEST < ends_at
