"""How the posts of a scope were attended to in a window, counted by the database."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.storage.scoping import selected, within
from afterpost.storage.snapshots import among
from afterpost.storage.tables import attendance, latest, post_analytics, posts


class Attended(NamedTuple):
    """Posts of one account on one platform: how many were expected, how many of them were observed in the
    window, and how many live ones were not read since it ended."""

    platform: str
    account_id: int
    expected: int
    observed: int
    unread: int


def attended(
    connection: sa.Connection,
    scope: Scope,
    selection: Selection,
    *,
    start: int,
    end: int,
    begins_at: datetime,
    until: datetime,
    but: tuple[datetime, datetime],
    accounts: Collection[int],
) -> list[Attended]:
    """Posts of those accounts published up to `until` and not in [but), unless gone before `begins_at`."""
    at, instant = posts.c.published_at, posts.c.published_at.type
    live = posts.c.state != "gone"
    between = _in_between(connection, scope, start, end)
    seen = sa.and_(
        latest.c.first_day <= end,
        latest.c.last_day >= start,
        sa.or_(latest.c.first_day >= start, latest.c.last_day <= end, between),
    )
    unread = sa.and_(live, sa.or_(latest.c.last_day.is_(None), latest.c.last_day <= end))
    query = (
        sa.select(
            posts.c.platform,
            posts.c.account_id,
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(sa.case((seen, 1), else_=0)), 0),
            sa.func.coalesce(sa.func.sum(sa.case((unread, 1), else_=0)), 0),
        )
        .select_from(posts.outerjoin(latest, latest.c.post_id == posts.c.id))
        .where(
            posts.c.account_id.in_(sorted(accounts)),
            at <= sa.literal(until, instant),
            sa.or_(at < sa.literal(but[0], instant), at >= sa.literal(but[1], instant)),
            sa.or_(live, posts.c.gone_at >= sa.literal(begins_at, instant)),
            *within(scope, posts),
            *selected(selection, posts),
        )
        .group_by(posts.c.platform, posts.c.account_id)
    )
    return [Attended(*map(_plain, row)) for row in connection.execute(query)]


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else int(value)


def _in_between(connection: sa.Connection, scope: Scope, start: int, end: int) -> sa.ColumnElement[bool]:
    """True of a post with snapshots before and after the window, where it has one inside as well.

    It has, unless it has a gap that spans the window, and attendance knows whether anybody has one.
    """
    over = (attendance.c.day > end, attendance.c.gap > attendance.c.day - start)
    spanning = sa.select(attendance.c.posts).where(*over, *within(scope, attendance)).limit(1)
    if connection.execute(spanning).first() is None:
        return sa.true()
    there = sa.select(post_analytics.c.day).where(
        post_analytics.c.post_id == latest.c.post_id, among(range(start, end + 1))
    )
    return there.exists()
