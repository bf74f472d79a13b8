"""What was read of posts while they were young, reached through their publication and not their history."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.storage.posts import chunks
from afterpost.storage.scoping import selected, within
from afterpost.storage.tables import observations, posts
from afterpost.storage.types import to_micros

_DAY = timedelta(days=1) // timedelta(microseconds=1)


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
    title: str
    description: str


_BORN = (
    posts.c.id,
    posts.c.published_at,
    sa.func.coalesce(posts.c.account_id, 0),
    posts.c.platform,
    posts.c.content_type,
    posts.c.title,
    posts.c.description,
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
    return [Born(*row) for row in connection.execute(query if most is None else query.limit(most))]


def read_while_young(
    connection: sa.Connection, scope: Scope, young: Iterable[Born], until: timedelta
) -> dict[int, list[tuple[datetime, Counts]]]:
    """post id -> its readings up to that age, of the posts that have any.

    Read a day at a time, for each day the posts that were young on it: facts are keyed by day and post.
    """
    by_day: dict[int, list[int]] = {}
    ends = {}
    for post in young:
        at, ends[post.id] = to_micros(post.published_at), post.published_at + until
        # A day is cut in the organisation's zone, so it may be the one before or after the UTC day.
        for day in range(at // _DAY - 1, to_micros(ends[post.id]) // _DAY + 2):
            by_day.setdefault(day, []).append(post.id)
    found: dict[int, list[tuple[datetime, Counts]]] = {}
    for day, ids in by_day.items():
        for post_id, observed_at, body in _on(connection, scope, day, ids):
            if observed_at <= ends[post_id]:
                found.setdefault(post_id, []).append((observed_at, _counts(body)))
    return found


def _on(
    connection: sa.Connection, scope: Scope, day: int, ids: Sequence[int]
) -> Iterable[tuple[int, datetime, str]]:
    table = observations
    for some in chunks(ids):
        query = sa.select(table.c.post_id, table.c.observed_at, table.c.body).where(
            table.c.day == day, table.c.post_id.in_(some), *within(scope, table)
        )
        for row in connection.execute(query):
            yield row.post_id, row.observed_at, row.body
