"""How the posts of a scope were attended to in a window, counted by the database."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterpost.domain.ages import SLOWEST, Slowly, Surely
from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.domain.windows import day_number
from afterpost.storage import rollups, snapshots
from afterpost.storage.scoping import Shape, values_of
from afterpost.storage.tables import accounts as account
from afterpost.storage.tables import latest, posts
from afterpost.storage.types import to_micros

_MICROSECOND = timedelta.resolution
_LAST = day_number(date.max)
# Written out, as in the index of those posts: SQLite chooses indexes before it knows bound values.
_GONE = posts.c.state == sa.literal_column("'gone'")


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

    Nearly all are. So all are counted, and attendance knows how many were read, in the window and after it.
    Only posts that are gone, or that no read was due of for sure, are looked at and taken off. A window costs
    the days since it began, as lifetime totals do.
    """
    shape = Shape.of(scope, selection)
    seen = snapshots.Seen.within(connection, scope, start, end)
    values = {**values_of(scope, selection), "accounts": sorted(accounts)}
    looked_at = {**values, **seen.values, **due._asdict(), "begins_at": begins_at}
    apart = {key: counts for key, *counts in connection.execute(_apart(shape, seen.spans), looked_at)}

    def read(start: int, end: int) -> Mapping[tuple[int], int]:
        by = ("account_id",)
        return rollups.distinct_posts_by(connection, scope, by, start=start, end=end, selection=selection)

    inside, after = read(start, end), read(end + 1, _LAST)
    found = []
    for platform, key, count in connection.execute(_all_of_each(shape), values):
        others, expected_too, seen_unexpected, read_since = apart.get(key, (0, 0, 0, 0))
        surely = count - others
        found.append(
            Attended(
                platform=platform,
                account_id=key,
                expected=surely + expected_too,
                observed=inside.get((key,), 0) - seen_unexpected,
                unread=surely - (after.get((key,), 0) - read_since),
            )
        )
    return found


@cache
def _all_of_each(shape: Shape) -> sa.Select[Any]:
    """How many posts each of the accounts has."""
    mine = sa.select(sa.func.count()).where(posts.c.account_id == account.c.id, *_of_posts(shape))
    return sa.select(account.c.platform, account.c.id, mine.scalar_subquery()).where(*_of_accounts(shape))


@cache
def _apart(shape: Shape, spans: bool) -> sa.Select[Any]:
    """By account, of its posts that are gone or that no read was surely due of: how many there are, were
    expected, were seen and not expected, were read since."""
    at, instant = posts.c.published_at, posts.c.published_at.type
    until, since, before, begins_at = (
        sa.bindparam(name, type_=instant) for name in ("until", "since", "before", "begins_at")
    )
    # Once, however often it is referred to: a statement holds so many values and no more.
    whose = sa.select(account.c.id, account.c.organization_id).where(*_of_accounts(shape)).cte("whose")
    accounts, owned = sa.select(whose.c.id), posts.c.organization_id.in_(sa.select(whose.c.organization_id))
    gone = sa.and_(posts.c.account_id.in_(accounts), _GONE)
    chosen = shape._replace(organizations=False, accounts=False).conditions(posts, named=True)
    no, gone_later = sa.false(), posts.c.gone_at >= begins_at

    def some(expected: sa.ColumnElement[bool], *which: sa.ColumnElement[bool]) -> sa.Select[Any]:
        mine = sa.select(posts.c.id, posts.c.account_id, expected.label("expected"))
        return mine.where(*which, *chosen)

    # No post is in two of them. SQLite answers each from an index alone, without a visit to any post.
    apart = sa.union_all(
        some(no, owned, at.is_(None)),
        some(no, owned, at >= since, at < before),
        some(no, owned, at > until),
        some(gone_later, gone, at < since),
        some(gone_later, gone, at >= before, at <= until),
    ).subquery("apart")
    seen_unexpected = sa.and_(sa.not_(apart.c.expected), snapshots.Seen.condition(spans))
    return (
        sa.select(
            apart.c.account_id,
            sa.func.count(),
            sa.func.count().filter(apart.c.expected),
            sa.func.count().filter(seen_unexpected),
            sa.func.count().filter(latest.c.last_day > sa.bindparam("end", type_=sa.Integer)),
        )
        .select_from(apart.outerjoin(latest, latest.c.post_id == apart.c.id))
        .where(apart.c.account_id.in_(accounts))
        .group_by(apart.c.account_id)
    )


def some_due(
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
    live, begins = posts.c.state != "gone", sa.literal(begins_at, posts.c.gone_at.type)
    unread = sa.and_(live, sa.or_(latest.c.last_day.is_(None), latest.c.last_day <= end))
    shape = Shape.of(scope, selection)
    seen = snapshots.Seen.within(connection, scope, start, end)
    names = ("account_id", "until", "last", "width")
    data = [
        (key, to_micros(slow.until), to_micros(slow.last), slow.width // _MICROSECOND)
        for key, slow in due.items()
    ]
    each = sa.values(*(sa.column(name, sa.BigInteger) for name in names), name="slowly").data(data)
    slowly, published = each.cte("slowly"), sa.type_coerce(posts.c.published_at, sa.BigInteger)
    query = (
        sa.select(
            posts.c.platform,
            posts.c.account_id,
            sa.func.count(),
            sa.func.count().filter(snapshots.Seen.condition(seen.spans)),
            sa.func.count().filter(unread),
        )
        .select_from(posts.outerjoin(latest, latest.c.post_id == posts.c.id))
        .where(
            posts.c.account_id == slowly.c.account_id,
            published <= slowly.c.until,
            (slowly.c.last - published) % (SLOWEST // _MICROSECOND) < slowly.c.width,
            sa.or_(live, posts.c.gone_at >= begins),
            posts.c.account_id.in_(sa.select(account.c.id).where(*_of_accounts(shape))),
            *_of_posts(shape),
        )
        .group_by(posts.c.account_id, posts.c.platform)
    )
    values = {**values_of(scope, selection), **seen.values, "accounts": sorted(due)}
    return [Attended(*row) for row in connection.execute(query, values)]


def _of_accounts(shape: Shape) -> list[sa.ColumnElement[bool]]:
    """Those of the named accounts that are the scope's. A post may be of another brand than its account."""
    whose = Shape(shape.organizations, False, shape.accounts, False, False)
    return [account.c.id.in_(sa.bindparam("accounts", expanding=True)), *whose.conditions(account)]


def _of_posts(shape: Shape) -> list[sa.ColumnElement[bool]]:
    """The scope's and the selection's posts, of accounts that are the scope's.

    The organisation is its accounts'. Said of the posts as well, SQLite would enter by it, and visit each
    post's own wide row.
    """
    return shape._replace(organizations=False).conditions(posts)
