"""How the posts of a scope were attended to in a window, counted by the database."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from msgspec import structs

from afterpost.domain.ages import SLOWEST, Slowly, Surely
from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.storage import snapshots
from afterpost.storage.scoping import selected, within
from afterpost.storage.tables import accounts as account
from afterpost.storage.tables import latest, posts
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
    seen = snapshots.seen_in(connection, scope, start, end)
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
            sa.func.count().filter(seen),
            sa.func.count().filter(unread),
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
    return [Attended(*row) for row in connection.execute(query)]


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
