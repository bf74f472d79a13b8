"""What was read of posts while they were young, reached through their publication and not their history."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa

from afterpost.domain.equal_age import Early, by_instant
from afterpost.domain.expectation import PEERS
from afterpost.domain.metrics import Kind
from afterpost.domain.readings import Value, kind_of
from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.storage.dialect import given, one_of
from afterpost.storage.observations import Definitions
from afterpost.storage.scoping import Shape, selected, values_of, within
from afterpost.storage.tables import account_or_none, definition_sets, observations, posts
from afterpost.storage.types import from_micros

_DAY, _HOUR = (span // timedelta.resolution for span in (timedelta(days=1), timedelta(hours=1)))
_EARLIEST, _LATEST = -12 * _HOUR, 14 * _HOUR
"""How far a local day's clock lies from UTC's, at most."""

PoolOf = Literal["account", "platform"]
"""Posts that a post is compared with: of its account and content type, or of its platform; always of its
organisation."""


_Asked = tuple[frozenset[str], Mapping[str, Kind]]
"""What was asked for, and what of it is of another kind than usual."""


class _Told(NamedTuple):
    """A reading as stored; `observed_at` in microseconds."""

    observed_at: int
    told: int
    digest: bytes
    body: str
    definition_id: int


class Born(NamedTuple):
    """A post with its publication and where it belongs; `account_id` 0: none."""

    id: int
    published_at: datetime
    organization_id: int
    account_id: int
    platform: str
    content_type: str


_BORN = (
    posts.c.id,
    posts.c.published_at,
    posts.c.organization_id,
    sa.func.coalesce(posts.c.account_id, 0),
    posts.c.platform,
    posts.c.content_type,
)
_values = msgspec.json.Decoder(dict[str, Value]).decode
_definitions = msgspec.json.Decoder(Definitions).decode


def born(
    connection: sa.Connection, scope: Scope, selection: Selection, *, since: datetime, before: datetime
) -> list[Born]:
    """Posts published in [since, before), the earliest first."""
    query = sa.select(*_BORN).where(
        posts.c.published_at >= since,
        posts.c.published_at < before,
        *within(scope, posts),
        *selected(selection, posts),
    )
    query = query.order_by(posts.c.published_at, posts.c.id)
    return [Born(*row) for row in connection.execute(query).all()]


def reaches(
    connection: sa.Connection, scope: Scope, young: Iterable[Born], pool: PoolOf
) -> dict[int, datetime | None]:
    """post id -> when the earliest of the `PEERS` posts of its pool before it was published; None: the pool
    has no more than those. A seek and `PEERS` steps of an index a post, however long the history."""
    backend = connection.dialect.name
    query = _reaches(Shape.of(scope), backend, pool)
    values = {**values_of(scope), **given(backend, [post.id for post in young])}
    return {row.id: row.since for row in connection.execute(query, values)}


def between(
    connection: sa.Connection, scope: Scope, post: Born, pool: PoolOf, since: datetime | None, until: datetime
) -> list[tuple[int, datetime]]:
    """(post id, publication) of the posts of a post's pool that were published in [since, until]."""
    values = {**values_of(scope), **post._asdict(), "since": since, "until": until}
    query = _between(Shape.of(scope), pool, since is not None)
    return [(post_id, at) for post_id, at in connection.execute(query, values).all()]


@cache
def _reaches(shape: Shape, backend: str, pool: PoolOf) -> sa.Select[Any]:
    post, peer = posts, posts.alias("peer")
    alike = [peer.c[name] == post.c[name] for name in ("organization_id", "platform")]
    if pool == "account":
        alike.append(account_or_none(peer) == account_or_none(post))
        alike.append(peer.c.content_type == post.c.content_type)
    earlier = sa.tuple_(peer.c.published_at, peer.c.id) < sa.tuple_(post.c.published_at, post.c.id)
    last = (
        sa.select(peer.c.published_at)
        .where(*alike, earlier)
        .order_by(peer.c.published_at.desc(), peer.c.id.desc())
        .limit(1)
        .offset(PEERS - 1)
        .correlate(post)
        .scalar_subquery()
    )
    named = shape.conditions(post, named=True)
    return sa.select(post.c.id, last.label("since")).where(one_of(backend, post.c.id), *named)


@cache
def _between(shape: Shape, pool: PoolOf, begins: bool) -> sa.Select[Any]:
    at = posts.c.published_at
    alike = [posts.c[name] == sa.bindparam(name) for name in ("organization_id", "platform")]
    if pool == "account":
        alike.append(account_or_none(posts) == sa.bindparam("account_id"))
        alike.append(posts.c.content_type == sa.bindparam("content_type"))
    if begins:
        alike.append(at >= sa.bindparam("since", type_=at.type))
    alike.append(at <= sa.bindparam("until", type_=at.type))
    return sa.select(posts.c.id, at).where(*alike, *shape.conditions(posts, named=True))


def count_without_hour(
    connection: sa.Connection, scope: Scope, selection: Selection, start: int, end: int
) -> int:
    """Posts published on the days [start, end] of which nothing more exact is known."""
    query = (
        sa.select(sa.func.count())
        .select_from(posts)
        .where(
            posts.c.published_day.between(start, end),
            posts.c.published_at.is_(None),
            *within(scope, posts),
            *selected(selection, posts),
        )
    )
    return int(connection.execute(query).scalar_one())


def read_while_young(
    connection: sa.Connection, scope: Scope, young: Iterable[int], until: timedelta
) -> dict[int, list[Early]]:
    """post id -> its exact readings up to that age, one an instant, of the posts that have any."""
    backend = connection.dialect.name
    query = _read_while_young(Shape.of(scope), backend, until // timedelta.resolution)
    rows = connection.execute(query, {**values_of(scope), **given(backend, young)}).all()
    asked = _asked(connection, {row.definition_id for row in rows})
    told: dict[int, list[_Told]] = {}
    for post_id, *reading in rows:
        told.setdefault(post_id, []).append(_Told(*reading))
    return {post_id: _merged(readings, asked) for post_id, readings in told.items()}


def _merged(readings: list[_Told], asked: Mapping[int, _Asked]) -> list[Early]:
    """A post's readings, those of one instant merged as the snapshots merge them: what was told last counts."""
    readings.sort(key=lambda one: (one.observed_at, one.told, one.digest))
    return by_instant(
        [
            Early(from_micros(one.observed_at), _counters(_values(one.body), kinds), names)
            for one in readings
            for names, kinds in (asked[one.definition_id],)
        ]
    )


def _counters(values: Mapping[str, Value], kinds: Mapping[str, Kind]) -> Mapping[str, Value]:
    """Those of the values that are lifetime counters."""
    if not kinds:
        return values
    return {name: value for name, value in values.items() if kind_of(name, kinds) is Kind.CUMULATIVE}


def _asked(connection: sa.Connection, ids: Iterable[int]) -> dict[int, _Asked]:
    """Definition sets by id; few, for a provider asks for the same each time."""
    backend, table = connection.dialect.name, definition_sets
    query = sa.select(table.c.id, table.c.body).where(one_of(backend, table.c.id))
    known = {row.id: _definitions(row.body) for row in connection.execute(query, given(backend, ids))}
    return {key: (frozenset(each.definitions), each.kinds) for key, each in known.items()}


@cache
def _read_while_young(shape: Shape, backend: str, age: int) -> sa.Select[Any]:
    """Facts are keyed by day and post: each of the few days on which a post was young, in whatever zone its
    organisation cuts days, is a seek. `age` in microseconds."""
    table = observations
    born_at, observed_at = (
        sa.type_coerce(at, sa.BigInteger) for at in (posts.c.published_at, table.c.observed_at)
    )
    first, last = (born_at + _EARLIEST) // _DAY, (born_at + age + _LATEST) // _DAY
    most = (age + _LATEST - _EARLIEST) // _DAY + 2
    days = sa.values(sa.column("after", sa.BigInteger), name="days").data([(n,) for n in range(most)])
    after = days.cte("days").c.after
    read = sa.and_(table.c.day == first + after, table.c.post_id == posts.c.id)
    order = (observed_at, table.c.told, table.c.digest)
    return (
        sa.select(table.c.post_id, *order, table.c.body, table.c.definition_id)
        .select_from(posts.join(after.table, first + after <= last).join(table, read))
        .where(
            one_of(backend, posts.c.id),
            observed_at <= born_at + age,
            # It lies nowhere in its day.
            ~table.c.whole_day,
            *shape.conditions(posts, named=True),
        )
    )
