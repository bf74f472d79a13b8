"""What was read of posts while they were young, reached through their publication and not their history."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.storage.dialect import given, one_of
from afterpost.storage.scoping import Shape, selected, values_of, within
from afterpost.storage.tables import latest, observations, posts
from afterpost.storage.types import from_micros

_DAY, _HOUR = (span // timedelta.resolution for span in (timedelta(days=1), timedelta(hours=1)))
_EARLIEST, _LATEST = -12 * _HOUR, 14 * _HOUR
"""How far a local day's clock lies from UTC's, at most."""


class Counts(msgspec.Struct, frozen=True):
    """The counters of a reading that comparisons at equal age need; other metrics are passed over."""

    views: int | None = None
    impressions: int | None = None
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    saves: int | None = None


class Born(NamedTuple):
    """A post with its publication and where it belongs; `account_id` 0: none."""

    id: int
    published_at: datetime
    account_id: int
    platform: str
    content_type: str


_BORN = (
    posts.c.id,
    posts.c.published_at,
    sa.func.coalesce(posts.c.account_id, 0),
    posts.c.platform,
    posts.c.content_type,
)
_counts = msgspec.json.Decoder(Counts).decode


def born(
    connection: sa.Connection,
    scope: Scope,
    selection: Selection,
    *,
    since: datetime | None = None,
    before: datetime,
    most: int | None = None,
) -> list[Born]:
    """Posts published in [since, before), the latest first; `most`: no more than that."""
    query = sa.select(*_BORN).where(
        posts.c.published_at < before, *within(scope, posts), *selected(selection, posts)
    )
    if since is not None:
        query = query.where(posts.c.published_at >= since)
    query = query.order_by(posts.c.published_at.desc(), posts.c.id.desc())
    return [Born(*row) for row in connection.execute(query if most is None else query.limit(most)).all()]


def count_without_hour(
    connection: sa.Connection, scope: Scope, selection: Selection, since: datetime, before: datetime
) -> int:
    """Posts whose hour of publication is not known, of those first read in [since, before)."""
    first_read = latest.c.first_at
    query = (
        sa.select(sa.func.count())
        .select_from(posts.join(latest, latest.c.post_id == posts.c.id))
        .where(
            posts.c.published_at.is_(None),
            first_read >= since,
            first_read < before,
            *within(scope, posts),
            *selected(selection, posts),
        )
    )
    return int(connection.execute(query).scalar_one())


def read_while_young(
    connection: sa.Connection, scope: Scope, young: Iterable[Born], until: timedelta
) -> dict[int, list[tuple[datetime, Counts]]]:
    """post id -> its readings up to that age, of the posts that have any."""
    backend = connection.dialect.name
    query = _read_while_young(Shape.of(scope), backend, until // timedelta.resolution)
    values = {**values_of(scope), **given(backend, [post.id for post in young])}
    found: dict[int, list[tuple[datetime, Counts]]] = {}
    for post_id, at, body in connection.execute(query, values).all():
        found.setdefault(post_id, []).append((from_micros(at), _counts(body)))
    return found


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
    return (
        sa.select(table.c.post_id, observed_at, table.c.body)
        .select_from(posts.join(after.table, first + after <= last).join(table, read))
        .where(
            one_of(backend, posts.c.id),
            observed_at <= born_at + age,
            *shape.conditions(posts, named=True),
        )
    )
