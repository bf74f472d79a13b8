"""How the numbers of a made-up post grow: pure functions of the post and the instant."""

import math
from datetime import UTC, datetime

from msgspec import Struct

_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
_DAY_SECONDS = 86_400.0

_WEEKDAYS = (0.92, 0.90, 0.95, 0.98, 1.05, 1.15, 1.05)
"""How much happens on each day from Monday on; the mean is 1."""

_SHAPE = 0.6
_TAIL = 0.06


class Wave(Struct, frozen=True):
    """One push by the audience: it begins `start` days after publication, brings `size` in the end, and
    has brought about two thirds of it after `pace` days."""

    start: float
    size: float
    pace: float

    def reached(self, age: float) -> float:
        """What it has brought at an age in days: fast at first, then ever slower, never less."""
        since = age - self.start
        if since <= 0:
            return 0.0
        return self.size * (1 - math.exp(-((since / self.pace) ** _SHAPE)) + _TAIL * math.log1p(since / 10))


class Growth(Struct, frozen=True):
    """The life of one post: its waves, and a purge that once takes `purged` (a share) of what was there.

    Without a purge it never falls. Ages are in busy days: a Saturday counts for more than a Tuesday.
    """

    published_at: datetime
    waves: tuple[Wave, ...]
    purge_age: float | None = None
    purged: float = 0.0

    def exposure(self, now: datetime) -> float:
        """How often the post was seen until `now`."""
        age = max(0.0, _busy_days(now) - _busy_days(self.published_at))
        seen = self._reached(age)
        if self.purge_age is not None and age >= self.purge_age:
            seen -= self.purged * self._reached(self.purge_age)
        return seen

    def _reached(self, age: float) -> float:
        return sum(wave.reached(age) for wave in self.waves)


def _busy_days(at: datetime) -> float:
    """Days since a Monday long ago, each as long as the audience is busy on it."""
    days = (at - _MONDAY).total_seconds() / _DAY_SECONDS
    weeks, rest = divmod(days, 7)
    whole = int(rest)
    return weeks * 7 + sum(_WEEKDAYS[:whole]) + _WEEKDAYS[whole] * (rest - whole)
