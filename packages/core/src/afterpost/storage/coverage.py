"""How the posts of a scope were attended to in a window, counted by the database."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from msgspec import structs

from afterpost.domain.ages import SLOWEST, Slowly, Surely
from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.storage.rollups import any_spans
from afterpost.storage.scoping import selected, within
from afterpost.storage.snapshots import among
from afterpost.storage.tables import accounts as account
from afterpost.storage.tables import latest, post_analytics, posts
from afterpost.storage.types import to_micros

_MICROSECOND = timedelta.resolution


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
    accounts: Collection[int],
    due: Surely | Mapping[int, Slowly],
) -> list[Attended]:
    """Posts of those accounts that a read was due of, unless gone before `begins_at`.

    `due`: for all of them alike, or by account. Posts that it leaves open are not counted.
    """
    live = posts.c.state != "gone"
    between = _in_between(connection, scope, start, end)
    seen = sa.and_(
        latest.c.first_day <= end,
        latest.c.last_day >= start,
        sa.or_(latest.c.first_day >= start, latest.c.last_day <= end, between),
    )
    unread = sa.and_(live, sa.or_(latest.c.last_day.is_(None), latest.c.last_day <= end))
    # The scope's organisations are met by way of the accounts. Said of the posts as well, SQLite would enter
    # by organisation, and visit each post's own wide row.
    mine = (account.c.id.in_(sorted(accounts)), *within(structs.replace(scope, brands=None), account))
    inside = structs.replace(scope, organizations=None)
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
            posts.c.account_id.in_(sa.select(account.c.id).where(*mine)),
            *_due(due),
            sa.or_(live, posts.c.gone_at >= _literal(begins_at)),
            *within(inside, posts),
            *selected(selection, posts),
        )
        .group_by(posts.c.account_id, posts.c.platform)
    )
    return [Attended(*map(_plain, row)) for row in connection.execute(query)]


def _literal(at: datetime) -> sa.ColumnElement[datetime]:
    return sa.literal(at, posts.c.published_at.type)


def _due(due: Surely | Mapping[int, Slowly]) -> list[sa.ColumnElement[bool]]:
    """What `domain.ages` says of a post's publication, in SQL."""
    at = posts.c.published_at
    if isinstance(due, Surely):
        but = sa.or_(at < _literal(due.since), at >= _literal(due.before))
        return [at <= _literal(due.until), but]
    names = ("account_id", "until", "last", "width")
    values = [
        (key, to_micros(slow.until), to_micros(slow.last), slow.width // _MICROSECOND)
        for key, slow in due.items()
    ]
    each = sa.values(*(sa.column(name, sa.BigInteger) for name in names), name="slowly").data(values)
    slowly, published = each.cte("slowly"), sa.type_coerce(at, sa.BigInteger)
    return [
        posts.c.account_id == slowly.c.account_id,
        published <= slowly.c.until,
        (slowly.c.last - published) % (SLOWEST // _MICROSECOND) < slowly.c.width,
    ]


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else int(value)


def _in_between(connection: sa.Connection, scope: Scope, start: int, end: int) -> sa.ColumnElement[bool]:
    """True of a post with snapshots before and after the window, where it has one inside as well.

    It has, unless it has a gap that spans the window, and attendance knows whether anybody has one.
    """
    if not any_spans(connection, scope, start=start, end=end):
        return sa.true()
    there = sa.select(post_analytics.c.day).where(
        post_analytics.c.post_id == latest.c.post_id, among(range(start, end + 1))
    )
    return there.exists()
