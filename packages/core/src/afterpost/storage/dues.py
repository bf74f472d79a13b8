"""Due reads: the days on which the schedule in force asked for a read of a post, made or not.

A post's due days are a list that only grows at its end, and from there it is gone along by `prev_day`; its
head stands with the post. Only a post that is gone loses some: those after it was gone.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.storage.dialect import bulk, given, one_of
from afterpost.storage.posts import chunks
from afterpost.storage.scoping import Shape, values_of, within
from afterpost.storage.tables import due_reads, latest, posts
from afterpost.storage.types import to_micros


class Head(NamedTuple):
    """Where a post stands: its place in the rollups, its planned read, its last two due days, and the day of
    its last snapshot."""

    post_id: int
    dimensions: tuple[int, int, int, str, str]
    due_at: datetime | None
    due_day: int | None
    due_prev: int | None
    state: str
    last_day: int | None


class DueRead(NamedTuple):
    """A day on which reads of a post were due, from the first of them to the last."""

    day: int
    post_id: int
    organization_id: int
    prev_day: int | None
    first_at: datetime
    last_at: datetime
    recorded_at: datetime


_COLUMNS = DueRead._fields
_HEADS = sa.select(
    posts.c.id,
    posts.c.organization_id,
    sa.func.coalesce(posts.c.brand_id, 0),
    sa.func.coalesce(posts.c.account_id, 0),
    posts.c.platform,
    posts.c.content_type,
    posts.c.due_at,
    posts.c.due_day,
    posts.c.due_prev,
    posts.c.state,
    latest.c.last_day,
).outerjoin(latest, latest.c.post_id == posts.c.id)


def heads(connection: sa.Connection, scope: Scope, post_ids: Iterable[int]) -> dict[int, Head]:
    """Where those posts of the scope stand, by id."""
    backend = connection.dialect.name
    values = {**values_of(scope), **given(backend, post_ids)}
    rows = connection.execute(_heads(Shape.of(scope), backend), values)
    return {key: Head(key, tuple(place), *rest) for key, place, rest in ((r[0], r[1:6], r[6:]) for r in rows)}


@cache
def _heads(shape: Shape, backend: str) -> sa.Select[Any]:
    return _HEADS.where(one_of(backend, posts.c.id), *shape.conditions(posts, named=True))


def came(connection: sa.Connection, scope: Scope, account_id: int, now: datetime) -> list[int]:
    """The account's live posts with a planned read that has come."""
    query = sa.select(posts.c.id).where(
        posts.c.account_id == account_id,
        posts.c.due_at <= now,
        posts.c.state == "live",
        *within(scope, posts),
    )
    return list(connection.execute(query).scalars())


def wake(connection: sa.Connection, scope: Scope, account_id: int, now: datetime) -> None:
    """Plan those of them for now."""
    mine = (posts.c.account_id == account_id, posts.c.due_at < now, posts.c.state == "live")
    connection.execute(sa.update(posts).where(*mine, *within(scope, posts)).values(due_at=now))


def since(
    connection: sa.Connection, scope: Scope, post_ids: Iterable[int], floor: int
) -> dict[int, list[DueRead]]:
    """Each post's due reads after the day `floor`, and the last one before that, newest first."""
    found: dict[int, list[DueRead]] = {}
    query, values = _since(Shape.of(scope)), {**values_of(scope), "floor": floor}
    for some in chunks(post_ids):
        for row in connection.execute(query, {**values, "ids": some}):
            found.setdefault(row.post_id, []).append(DueRead(*row))
    for rows in found.values():
        rows.sort(reverse=True)
    return found


@cache
def _since(shape: Shape) -> sa.Select[Any]:
    mine = posts.c.id.in_(sa.bindparam("ids", expanding=True))
    columns = [due_reads.c[name] for name in _COLUMNS]
    chain = (
        sa.select(*columns)
        .join(posts, sa.and_(posts.c.due_day == due_reads.c.day, posts.c.id == due_reads.c.post_id))
        .where(mine, *shape.conditions(posts, named=True))
        .cte("chain", recursive=True)
    )
    link = sa.and_(due_reads.c.day == chain.c.prev_day, due_reads.c.post_id == chain.c.post_id)
    chain = chain.union_all(
        sa.select(*columns)
        .select_from(chain.join(due_reads, link))
        .where(chain.c.day > sa.bindparam("floor", type_=sa.Integer))
    )
    return sa.select(chain)


def add(connection: sa.Connection, scope: Scope, rows: Sequence[DueRead]) -> None:
    """Store due reads of posts that the scope was asked for."""
    if scope.organizations is not None and any(r.organization_id not in scope.organizations for r in rows):
        raise ValueError("a due read of an organisation outside the scope")
    plain = [(*row[:4], *map(to_micros, row[4:])) for row in rows]
    bulk(connection, due_reads, _COLUMNS, plain, mode="replace")


def prolong(connection: sa.Connection, scope: Scope, rows: Sequence[tuple[int, int, datetime]]) -> None:
    """Note a later due read of days that are stored: (day, post id, instant)."""
    if not rows:
        return
    key = (due_reads.c.day == sa.bindparam("_day"), due_reads.c.post_id == sa.bindparam("_post"))
    statement = sa.update(due_reads).where(*key, *within(scope, due_reads, many=True))
    values = [{"_day": day, "_post": post_id, "_at": at} for day, post_id, at in rows]
    connection.execute(statement.values(last_at=sa.bindparam("_at", type_=due_reads.c.last_at.type)), values)


def remove(connection: sa.Connection, scope: Scope, rows: Sequence[DueRead]) -> None:
    """Forget due reads."""
    if not rows:
        return
    key = (due_reads.c.day == sa.bindparam("_day"), due_reads.c.post_id == sa.bindparam("_post"))
    statement = sa.delete(due_reads).where(*key, *within(scope, due_reads, many=True))
    connection.execute(statement, [{"_day": row.day, "_post": row.post_id} for row in rows])


def days(connection: sa.Connection, scope: Scope) -> list[int]:
    """The days with a due read, in order."""
    query = sa.select(due_reads.c.day).distinct().where(*within(scope, due_reads)).order_by(due_reads.c.day)
    return list(connection.execute(query).scalars())


def on_day(connection: sa.Connection, scope: Scope, day: int) -> set[int]:
    """The posts that a read was due of on a day."""
    query = (
        sa.select(due_reads.c.post_id)
        .join(posts, posts.c.id == due_reads.c.post_id)
        .where(due_reads.c.day == day, *within(scope, posts, named=True))
    )
    return set(connection.execute(query).scalars())


def dated(connection: sa.Connection, scope: Scope) -> list[int]:
    """The posts that have due reads."""
    query = sa.select(posts.c.id).where(posts.c.due_day.is_not(None), *within(scope, posts))
    return list(connection.execute(query.order_by(posts.c.id)).scalars())
