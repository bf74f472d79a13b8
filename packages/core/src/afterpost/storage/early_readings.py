"""What was read of posts while they were young, reached through their publication and not their history."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from afterpost.domain.equal_age import Early, Publication, by_instant, publication_of
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
_NOON = 12 * _HOUR
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
    """A post with its publication, the day of it, and where it belongs; `account_id` 0: none."""

    id: int
    publication: Publication
    published_day: int
    organization_id: int
    account_id: int
    platform: str
    content_type: str


class Reach(NamedTuple):
    """Since when the last `PEERS` posts of a pool before a post were published: those with an instant, and
    those with only a day. None: the pool has no more than those."""

    since: datetime | None
    since_day: int | None


_BORN = (
    posts.c.id,
    posts.c.published_at,
    posts.c.published_day,
    posts.c.organization_id,
    sa.func.coalesce(posts.c.account_id, 0),
    posts.c.platform,
    posts.c.content_type,
)
_values = msgspec.json.Decoder(dict[str, Value]).decode
_definitions = msgspec.json.Decoder(Definitions).decode


def born(
    connection: sa.Connection, scope: Scope, selection: Selection, zone: ZoneInfo, start: int, end: int
) -> list[Born]:
    """Posts published on the days [start, end], which are cut in that zone, the earliest first."""
    query = sa.select(*_BORN).where(
        posts.c.published_day.between(start, end),
        *within(scope, posts),
        *selected(selection, posts),
    )
    found = []
    for post_id, at, day, *place in connection.execute(query).all():
        if (publication := publication_of(at, day, zone)) is not None:
            found.append(Born(post_id, publication, day, *place))
    return sorted(found, key=lambda post: (post.publication.at, post.id))


def reaches(connection: sa.Connection, scope: Scope, young: Iterable[Born], pool: PoolOf) -> dict[int, Reach]:
    """post id -> how far back the posts go that it is compared with, at least `PEERS` of either kind where
    there are as many. Two seeks and twice `PEERS` steps of an index a post, however long the history."""
    backend = connection.dialect.name
    query = _reaches(Shape.of(scope), backend, pool)
    values = {**values_of(scope), **given(backend, [post.id for post in young])}
    return {row.id: Reach(row.since, row.since_day) for row in connection.execute(query, values)}


def between(
    connection: sa.Connection, scope: Scope, post: Born, pool: PoolOf, since: datetime | None, until: datetime
) -> dict[int, Publication]:
    """post id -> publication, of the posts of a post's pool that were published at an instant in
    [since, until]."""
    rows = _found_between(connection, scope, post, pool, "published_at", since, until)
    return {post_id: Publication(at) for post_id, at in rows}


def on_days(
    connection: sa.Connection,
    scope: Scope,
    post: Born,
    pool: PoolOf,
    zone: ZoneInfo,
    since: int | None,
    until: int,
) -> dict[int, Publication]:
    """The same of those of which only the day is known, in [since, until]."""
    rows = _found_between(connection, scope, post, pool, "published_day", since, until)
    known = ((post_id, publication_of(None, day, zone)) for post_id, day in rows)
    return {post_id: publication for post_id, publication in known if publication is not None}


_When = Literal["published_at", "published_day"]
"""What says when a post was published: the instant, or the day of one that has no instant."""


def _found_between(
    connection: sa.Connection, scope: Scope, post: Born, pool: PoolOf, when: _When, since: Any, until: Any
) -> Sequence[Any]:
    place = {name: getattr(post, name) for name in _PLACE}
    values = {**values_of(scope), **place, "since": since, "until": until}
    return connection.execute(_between(Shape.of(scope), pool, when, since is not None), values).all()


_PLACE = ("organization_id", "platform", "account_id", "content_type")


@cache
def _reaches(shape: Shape, backend: str, pool: PoolOf) -> sa.Select[Any]:
    post, peer = posts, posts.alias("peer")
    alike = [peer.c[name] == post.c[name] for name in ("organization_id", "platform")]
    if pool == "account":
        alike.append(account_or_none(peer) == account_or_none(post))
        alike.append(peer.c.content_type == post.c.content_type)
    # Either kind by itself, for at young ages only those with an instant count. A day begins before its noon
    # in every zone: which of the posts around it are earlier is told apart where they are compared.
    kinds = {
        "since": (peer.c.published_at, (peer.c.published_at < _born_from(),)),
        "since_day": (
            peer.c.published_day,
            (peer.c.published_at.is_(None), peer.c.published_day < post.c.published_day),
        ),
    }
    last = [
        sa.select(when)
        .where(*alike, *earlier)
        # As the index has them, whose order PostgreSQL takes only if all of it is named.
        .order_by(*(peer.c[name].desc() for name in ("published_at", "published_day", "id")))
        .limit(1)
        .offset(PEERS - 1)
        .correlate(post)
        .scalar_subquery()
        .label(name)
        for name, (when, earlier) in kinds.items()
    ]
    named = shape.conditions(post, named=True)
    return sa.select(post.c.id, *last).where(one_of(backend, post.c.id), *named)


@cache
def _between(shape: Shape, pool: PoolOf, when: _When, begins: bool) -> sa.Select[Any]:
    at = posts.c[when]
    alike = [posts.c[name] == sa.bindparam(name) for name in ("organization_id", "platform")]
    if pool == "account":
        alike.append(account_or_none(posts) == sa.bindparam("account_id"))
        alike.append(posts.c.content_type == sa.bindparam("content_type"))
    if when == "published_day":
        alike.append(posts.c.published_at.is_(None))
    if begins:
        alike.append(at >= sa.bindparam("since", type_=at.type))
    alike.append(at <= sa.bindparam("until", type_=at.type))
    return sa.select(posts.c.id, at).where(*alike, *shape.conditions(posts, named=True))


def _born_from() -> sa.ColumnElement[int]:
    """The instant of a post's publication in microseconds; of one published on a day, the first that the
    noon of that day can have in any zone."""
    return _born(_NOON - _LATEST)


def _born_until() -> sa.ColumnElement[int]:
    """The same with the last."""
    return _born(_NOON - _EARLIEST)


def _born(of_the_day: int) -> sa.ColumnElement[int]:
    at = sa.type_coerce(posts.c.published_at, sa.BigInteger)
    # PostgreSQL multiplies as wide as the column is, and a day number is narrow.
    day = sa.cast(posts.c.published_day, sa.BigInteger)
    return sa.func.coalesce(at, day * _DAY + of_the_day, type_=sa.BigInteger)


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
    """post id -> its exact readings up to that age, one an instant, of the posts that have any; of a post
    published on a day up to some hours more."""
    backend = connection.dialect.name
    query = _read_while_young(Shape.of(scope), backend, until // timedelta.resolution)
    rows = connection.execute(query, {**values_of(scope), **given(backend, young)}).all()
    asked = _asked(connection, {row.definition_id for row in rows})
    told: dict[int, list[_Told]] = {}
    for post_id, *reading in rows:
        told.setdefault(post_id, []).append(_Told(*reading))
    return {post_id: _merged(readings, asked) for post_id, readings in told.items()}


def _merged(readings: list[_Told], asked: Mapping[int, _Asked]) -> list[Early]:
    """A post's readings, those of one instant merged as the snapshots do it: what was told last counts."""
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
    observed_at, born_until = sa.type_coerce(table.c.observed_at, sa.BigInteger), _born_until()
    first, last = (_born_from() + _EARLIEST) // _DAY, (born_until + age + _LATEST) // _DAY
    most = (age + 2 * (_LATEST - _EARLIEST)) // _DAY + 2
    days = sa.values(sa.column("after", sa.BigInteger), name="days").data([(n,) for n in range(most)])
    after = days.cte("days").c.after
    read = sa.and_(table.c.day == first + after, table.c.post_id == posts.c.id)
    order = (observed_at, table.c.told, table.c.digest)
    return (
        sa.select(table.c.post_id, *order, table.c.body, table.c.definition_id)
        .select_from(posts.join(after.table, first + after <= last).join(table, read))
        .where(
            one_of(backend, posts.c.id),
            observed_at <= born_until + age,
            # It lies nowhere in its day.
            ~table.c.whole_day,
            *shape.conditions(posts, named=True),
        )
    )
