"""How the posts of a scope were attended to in a window, by counters; only overdue posts are looked at."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.storage.places import by_place, days_of
from afterpost.storage.rollups import first_inside
from afterpost.storage.scoping import Shape, selected, values_of, within
from afterpost.storage.tables import accounts as account
from afterpost.storage.tables import attendance, due_reads, latest, pauses, post_analytics, posts

_DAYS = sa.bindparam("days", type_=sa.Integer, expanding=True, literal_execute=True)


class Attended(NamedTuple):
    """Posts of one account on one platform: how many were expected, how many of them were observed in the
    window, and whether one of them may still be read for the first time since it ended."""

    platform: str
    account_id: int
    expected: int
    observed: int
    unread: bool


def attended(
    connection: sa.Connection,
    scope: Scope,
    selection: Selection,
    *,
    start: int,
    end: int,
    ends_at: datetime,
) -> list[Attended]:
    """How each account's posts were attended to on the days [start, end], which are over since `ends_at`.

    Counters tell what is booked. What is not booked yet are reads that have come and were not made: their
    posts are expected from the day of that read on.
    """
    shape, values = Shape.of(scope, selection), values_of(scope, selection)
    away = set(connection.execute(_paused(Shape.of(scope)), values).scalars())
    found: dict[tuple[str, int], Attended] = {}
    window = {**values, "start": start, "end": end}
    for platform, key, *sums in connection.execute(_booked(shape), window):
        due, missed, unread = map(int, sums)
        if due:
            found[platform, key] = Attended(
                platform, key, due, due - missed, bool(unread) and key not in away
            )
    overdue = {**window, "before": ends_at, "days": range(start, end + 1)}
    for platform, key, posted, seen, unread in connection.execute(_overdue(shape), overdue):
        _, _, expected, observed, waits = found.get((platform, key), Attended(platform, key, 0, 0, False))
        found[platform, key] = Attended(
            platform, key, expected + posted, observed + seen, waits or bool(unread)
        )
    return [found[key] for key in sorted(found)]


@cache
def _booked(shape: Shape) -> sa.Select[Any]:
    table = attendance
    first = first_inside()
    waits = table.c.day + table.c.gap <= sa.bindparam("end")
    keys = (table.c.platform, table.c.account_id)
    sums = (
        sa.func.coalesce(sa.func.sum(counter).filter(condition), 0)
        for counter, condition in ((table.c.due, first), (table.c.missed, first), (table.c.unread, waits))
    )
    return (
        sa.select(*keys, *sums)
        .select_from(by_place(shape, table))
        .where(table.c.account_id > 0, *shape.conditions(table), *days_of(table))
        .group_by(*keys)
    )


@cache
def _paused(shape: Shape) -> sa.Select[Any]:
    return sa.select(pauses.c.account_id).where(pauses.c.ended_at.is_(None), *shape.conditions(pauses))


@cache
def _overdue(shape: Shape) -> sa.Select[Any]:
    """Posts with a read that has come, is not booked in the window, and was due before its end: how many, of
    these seen in it, and not seen after it."""
    before = sa.bindparam("before", type_=posts.c.due_at.type)
    start, end = (sa.bindparam(name, type_=sa.Integer) for name in ("start", "end"))
    there = sa.select(post_analytics.c.day).where(
        post_analytics.c.post_id == posts.c.id, post_analytics.c.day.in_(_DAYS)
    )
    whose = shape._replace(brands=False, platform=False, content_type=False)
    collected = sa.select(account.c.id).where(
        account.c.id.not_in(sa.select(pauses.c.account_id).where(pauses.c.ended_at.is_(None))),
        *whose.conditions(account),
    )
    return (
        sa.select(
            posts.c.platform,
            posts.c.account_id,
            sa.func.count(),
            sa.func.count().filter(there.exists()),
            sa.func.count().filter(sa.or_(latest.c.last_day.is_(None), latest.c.last_day <= end)),
        )
        .select_from(posts.outerjoin(latest, latest.c.post_id == posts.c.id))
        .where(
            posts.c.account_id.in_(collected),
            posts.c.due_at < before,
            sa.or_(posts.c.due_day.is_(None), posts.c.due_day < start),
            # The day tells an instant and a publication of which only the day is known alike.
            sa.or_(posts.c.published_day.is_(None), posts.c.published_day <= end),
            # The organisation is its accounts'. Said of the posts as well, SQLite would enter by it.
            *shape._replace(organizations=False, accounts=False).conditions(posts),
        )
        .group_by(posts.c.platform, posts.c.account_id)
    )


def unread(
    connection: sa.Connection,
    scope: Scope,
    selection: Selection,
    account_id: int,
    *,
    days: Iterable[int],
    ends_at: datetime,
    limit: int,
) -> list[int]:
    """Some of an account's posts that were expected on those days and not observed, the lowest ids."""
    named = list(days)

    def on(table: sa.Table) -> sa.ColumnElement[bool]:
        row = sa.select(table.c.day).where(table.c.post_id == posts.c.id, table.c.day.in_(named))
        return row.exists()

    overdue = sa.and_(
        posts.c.due_at < ends_at,
        sa.or_(posts.c.published_day.is_(None), posts.c.published_day <= max(named)),
    )
    query = (
        sa.select(posts.c.id)
        .where(
            posts.c.account_id == account_id,
            sa.or_(overdue, on(due_reads)),
            ~on(post_analytics),
            *within(scope, posts, named=True),
            *selected(selection, posts),
        )
        .order_by(posts.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())
