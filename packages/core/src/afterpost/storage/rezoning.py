"""The days of an organisation cut in another zone: what would move, and everything by day made anew.

A reading's day follows from its instant alone, so nothing is lost on the way and the way back leads to the
same rows. Days of a zone need not be one stretch of instants (St. John's set its clocks back at 00:01), so
each instant that was read at is asked for its day, and not only the midnights.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.domain.windows import local_day_number
from afterpost.storage import dues
from afterpost.storage.dues import DueRead
from afterpost.storage.observations import next_day
from afterpost.storage.refold import DERIVED, Progress
from afterpost.storage.scoping import within
from afterpost.storage.tables import (
    changes,
    observations,
    post_analytics,
)

POSTS_AT_ONCE = 1_000
"""Posts whose due reads are laid anew together."""
APART = 2
"""The same instant falls on calendar days at most so far apart, in any two zones."""


class Cut(Struct, frozen=True):
    """What lies on an organisation's days: distinct pairs of post and day, posts, distinct days."""

    snapshots: int
    posts: int
    days: int


def stored(connection: sa.Connection, scope: Scope) -> Cut:
    """As it is stored now."""
    table = post_analytics
    posts, days = (sa.func.count(sa.distinct(table.c[name])) for name in ("post_id", "day"))
    row = connection.execute(sa.select(sa.func.count(), posts, days).where(*within(scope, table))).one()
    return Cut(*row)


def count_readings(connection: sa.Connection, scope: Scope) -> int:
    """How many readings there are."""
    query = sa.select(sa.func.count()).select_from(observations).where(*within(scope, observations))
    return connection.execute(query).scalar_one()


def would_be(connection: sa.Connection, scope: Scope, zone: ZoneInfo, progress: Progress) -> tuple[Cut, int]:
    """As it would be with the days cut in `zone`, and how many readings would lie on another day.

    In memory are the posts of a few days, however long the history is.
    """
    day_of = _days_of(zone)
    table = observations
    posts: set[int] = set()
    open_days: dict[int, set[int]] = {}
    snapshots = days = moved = 0
    for day in _days(connection, scope):
        for ended in [d for d in open_days if d < day - APART]:
            snapshots, days = snapshots + len(open_days.pop(ended)), days + 1
        query = sa.select(table.c.post_id, table.c.observed_at, table.c.whole_day).where(
            table.c.day == day, *within(scope, table)
        )
        rows = connection.execute(query).all()
        for post_id, observed_at, whole_day in rows:
            target = day if whole_day else day_of(observed_at)
            moved += target != day
            open_days.setdefault(target, set()).add(post_id)
            posts.add(post_id)
        progress(len(rows))
    snapshots += sum(map(len, open_days.values()))
    return Cut(snapshots, len(posts), days + len(open_days)), moved


def redate(connection: sa.Connection, scope: Scope, zone: ZoneInfo, progress: Progress) -> int:
    """Lay every reading on its day in `zone`; returns how many lay on another one.

    A day after the other, a statement for each stretch of it that moves. A reading that moves to a later day
    is met there once more, and stays. One that tells only its day lies on it in every zone.
    """
    day_of = _days_of(zone)
    table = observations
    moved = 0
    for day in _days(connection, scope):
        query = (
            sa.select(table.c.observed_at, table.c.whole_day, sa.func.count())
            .where(table.c.day == day, *within(scope, table))
            .group_by(table.c.observed_at, table.c.whole_day)
            .order_by(table.c.observed_at)
        )
        rows = connection.execute(query).all()
        instants = [(at, count) for at, whole_day, count in rows if not whole_day]
        still = sum(count for _, whole_day, count in rows if whole_day)
        for target, stretch in groupby(instants, key=lambda row: day_of(row[0])):
            if target == day:
                continue
            ends = [row[0] for row in stretch]
            move = (
                sa.update(table)
                .where(
                    table.c.day == day,
                    table.c.whole_day.is_(False),
                    table.c.observed_at.between(ends[0], ends[-1]),
                    *within(scope, table),
                )
                .values(day=target)
            )
            moved += connection.execute(move).rowcount
        progress(still + sum(count for at, count in instants if day_of(at) <= day))
    return moved


def redate_dues(connection: sa.Connection, scope: Scope, zone: ZoneInfo) -> None:
    """Lay every due read on its days in `zone`, post by post; the heads are `refold.derive`'s to set."""
    dated = dues.dated(connection, scope)
    for start in range(0, len(dated), POSTS_AT_ONCE):
        some = dated[start : start + POSTS_AT_ONCE]
        found = dues.since(connection, scope, some, -1)
        dues.remove(connection, scope, [row for rows in found.values() for row in rows])
        dues.add(connection, scope, [row for rows in found.values() for row in _redated(rows, zone)])


def _redated(rows: Sequence[DueRead], zone: ZoneInfo) -> Iterator[DueRead]:
    """One post's due reads on the days of a zone. The first and the last read of a day are less than a day
    apart: all days between lie on theirs."""
    days: dict[int, DueRead] = {}
    for row in sorted(rows):
        for at in (row.first_at, row.last_at):
            day = local_day_number(at, zone)
            known = days.get(day)
            days[day] = (
                row._replace(day=day, first_at=at, last_at=at)
                if known is None
                else known._replace(last_at=at)
            )
    prev = None
    for day in sorted(days):
        yield days[day]._replace(prev_day=prev)
        prev = day


def clear(connection: sa.Connection, scope: Scope) -> None:
    """Forget everything that follows from the days of readings; `refold.derive` makes it again, and who calls
    it the changes with it."""
    for table in (changes, *DERIVED):
        connection.execute(sa.delete(table).where(*within(scope, table)))


def _days(connection: sa.Connection, scope: Scope) -> Iterator[int]:
    """The days with a reading, in order, as they are when their turn comes."""
    day: int | None = None
    while (day := next_day(connection, scope, day)) is not None:
        yield day


def _days_of(zone: ZoneInfo) -> Callable[[datetime], int]:
    """instant -> day number; readings of one batch share their instant."""
    return lru_cache(maxsize=4_096)(lambda instant: local_day_number(instant, zone))
