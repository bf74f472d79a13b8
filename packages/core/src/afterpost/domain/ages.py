"""How often a post is read: the age ladder. Its rungs are ages, so that reads do not drift.

A rung's read is put off to the next tick of its account, at most a twelfth of the interval later. Ticks of
different accounts lie apart, which spreads the load; posts of one account whose rungs lie close together are
read in one call.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

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
TICKS = {HOUR: HOUR / 12, 6 * HOUR: HOUR / 2, DAY: 3 * HOUR / 4, SLOWEST: SLOWEST / 12}
"""An interval -> how far apart an account's ticks of it lie: a twelfth, and for daily reads less than the
hour that a checkpoint takes for near (`equal_age.NEAR`)."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def interval_at(age: timedelta) -> timedelta:
    """The time between two reads of a post of that age. A post of unknown age counts as new."""
    for younger_than, every in LADDER:
        if age < younger_than:
            return every
    return SLOWEST


def ladder_key(account_id: int | None) -> str:
    """What names an account to the ladder."""
    return f"account {account_id or 0}"


def next_read(key: str, published_at: datetime | None, now: datetime) -> datetime:
    """When a post that was read at `now` is read next: at its next rung, put off to the account's tick.

    `key` names the account. A read at any time stands for all rungs up to it. Without a publication there is
    nothing to count from: then an hour after `now`.
    """
    if published_at is None:
        return _tick(key, now + HOUR, HOUR)
    return next(_reads(key, published_at, now))


def _reads(key: str, published_at: datetime, after: datetime) -> Iterator[datetime]:
    """Reads of the rungs that lie after an instant, one after another, without end."""
    age = max(after - published_at, timedelta(0))
    while True:
        # The interval that leads to a rung is the one that is kept: the last hourly read is that of 24 h.
        step, every = max(step for step in _STEPS if step[0] <= age)
        age = step + ((age - step) // every + 1) * every
        yield _tick(key, published_at + age, every)


def _tick(key: str, at: datetime, every: timedelta) -> datetime:
    """The account's first tick at or after `at`."""
    width = TICKS[every]
    return at + (_EPOCH + width * _place(key) - at) % width


@lru_cache(maxsize=10_000)
def _place(key: str) -> float:
    """Where an account's ticks lie, as a share of their distance."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) / 2**32
