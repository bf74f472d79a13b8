"""How the posts of a scope were attended to in a window, counted by the database."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from msgspec import structs

from afterpost.domain.ages import SLOWEST, Slowly, Surely
from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.domain.windows import day_number
from afterpost.storage import rollups, snapshots
from afterpost.storage.scoping import selected, within
from afterpost.storage.tables import accounts as account
from afterpost.storage.tables import latest, posts
from afterpost.storage.types import to_micros

_MICROSECOND = timedelta.resolution
_LAST = day_number(date.max)


class Attended(NamedTuple):
    """Posts of one account on one platform: how many were expected, how many of them were observed in the
    window, and how many live ones were not read since it ended."""

    platform: str
    account_id: int
    expected: int
    observed: int
    unread: int


def mostly_due(
    connection: sa.Connection,
    scope: Scope,
    selection: Selection,
    *,
    start: int,
    end: int,
    begins_at: datetime,
    accounts: Collection[int],
    due: Surely,
) -> list[Attended]:
    """Posts of those accounts that a read was due of for sure, unless gone before `begins_at`.

    Nearly all are. So all are counted, and how many were read, which attendance knows; looked at and taken
    off are only those that are not live and due.
    """
    at, gone = posts.c.published_at, posts.c.state == "gone"
    asked = sa.and_(at <= _literal(due.until), sa.or_(at < _literal(due.since), at >= _literal(due.before)))
    # A comparison with an unknown publication is neither true nor false.
    unasked = sa.or_(at.is_(None), sa.not_(asked))
    expected = sa.and_(at.is_not(None), asked, posts.c.gone_at >= _literal(begins_at))
    seen = snapshots.seen_in(connection, scope, start, end)
    mine, key = _of(scope, selection, accounts), (posts.c.platform, posts.c.account_id)
    total = sa.select(*key, sa.func.count()).where(*mine).group_by(*key[::-1])
    besides = (
        sa.select(
            *key,
            sa.func.count(),
            sa.func.count().filter(expected),
            sa.func.count().filter(sa.not_(expected), seen),
            sa.func.count().filter(latest.c.last_day > end),
        )
        .select_from(posts.outerjoin(latest, latest.c.post_id == posts.c.id))
        .where(*mine, sa.or_(unasked, gone))
        .group_by(*key[::-1])
    )
    others = {(platform, owner): counts for platform, owner, *counts in connection.execute(besides)}
    by = ("platform", "account_id")
    inside = rollups.distinct_posts_by(connection, scope, by, start=start, end=end, selection=selection)
    after = rollups.distinct_posts_by(connection, scope, by, start=end + 1, end=_LAST, selection=selection)
    found = []
    for platform, account_id, count in connection.execute(total):
        place = (platform, account_id)
        rest, expected_besides, seen_besides, read_besides = others.get(place, (0, 0, 0, 0))
        surely = count - rest
        found.append(
            Attended(
                *place,
                expected=surely + expected_besides,
                observed=inside.get(place, 0) - seen_besides,
                unread=surely - (after.get(place, 0) - read_besides),
            )
        )
    return found


def slowly_due(
    connection: sa.Connection,
    scope: Scope,
    selection: Selection,
    *,
    start: int,
    end: int,
    begins_at: datetime,
    due: Mapping[int, Slowly],
) -> list[Attended]:
    """Slow posts of those accounts that a read was due of, unless gone before `begins_at`: some of them, each
    of which is looked at. Posts that `due` leaves open are not counted."""
    live = posts.c.state != "gone"
    seen = snapshots.seen_in(connection, scope, start, end)
    unread = sa.and_(live, sa.or_(latest.c.last_day.is_(None), latest.c.last_day <= end))
    names = ("account_id", "until", "last", "width")
    values = [
        (key, to_micros(slow.until), to_micros(slow.last), slow.width // _MICROSECOND)
        for key, slow in due.items()
    ]
    each = sa.values(*(sa.column(name, sa.BigInteger) for name in names), name="slowly").data(values)
    slowly, published = each.cte("slowly"), sa.type_coerce(posts.c.published_at, sa.BigInteger)
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
            posts.c.account_id == slowly.c.account_id,
            published <= slowly.c.until,
            (slowly.c.last - published) % (SLOWEST // _MICROSECOND) < slowly.c.width,
            sa.or_(live, posts.c.gone_at >= _literal(begins_at)),
            *_of(scope, selection, due),
        )
        .group_by(posts.c.account_id, posts.c.platform)
    )
    return [Attended(*row) for row in connection.execute(query)]


def _of(scope: Scope, selection: Selection, accounts: Collection[int]) -> list[sa.ColumnElement[bool]]:
    """The scope's and the selection's posts of those accounts.

    The scope's organisations are met by way of the accounts. Said of the posts as well, SQLite would enter by
    organisation, and visit each post's own wide row.
    """
    mine = (account.c.id.in_(sorted(accounts)), *within(structs.replace(scope, brands=None), account))
    inside = structs.replace(scope, organizations=None)
    of_them = posts.c.account_id.in_(sa.select(account.c.id).where(*mine))
    return [of_them, *within(inside, posts), *selected(selection, posts)]


def _literal(at: datetime) -> sa.ColumnElement[datetime]:
    return sa.literal(at, posts.c.published_at.type)
