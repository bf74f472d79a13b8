"""Late openings: first totals of which nobody knows on which days they were gained, and where they count.

To a window that holds its whole span an opening is *undated*: gained in it, on no day of it. To any other
window that shares a day with the span it is unknown, to the rest it is nothing.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.domain.selection import EVERY_POST, Selection
from afterpost.storage.places import by_place
from afterpost.storage.scoping import Shape, selected, values_of, within
from afterpost.storage.tables import DIMENSIONS, openings, post_analytics, posts

Key = tuple[Any, ...]
_T = openings.c
_BEGAN = _T.day - sa.func.abs(_T.span) + 1


def _sharing(shape: Shape) -> list[sa.ColumnElement[bool]]:
    """Openings whose span shares a day with [start, end]."""
    return [
        _T.day >= sa.bindparam("start"),
        sa.bindparam("end") >= _BEGAN,
        _T.metric.in_(sa.bindparam("metrics", expanding=True)),
        *shape.conditions(openings),
    ]


@cache
def _sums(shape: Shape, by: tuple[str, ...]) -> sa.Select[Any]:
    keys = [_T[name] for name in by]
    whole = sa.and_(_T.span > 0, _T.day <= sa.bindparam("end"), sa.bindparam("start") <= _BEGAN)
    amounts = (
        sa.case((whole, _T.total), else_=0),
        sa.case((whole, _T.posts), else_=0),
        sa.case((whole, 0), else_=_T.posts),
    )
    sums = [sa.func.coalesce(sa.func.sum(amount), 0) for amount in amounts]
    query = sa.select(_T.metric, *sums, *keys).select_from(by_place(shape, openings))
    return query.where(*_sharing(shape)).group_by(_T.metric, *keys)


def sums(
    connection: sa.Connection,
    scope: Scope,
    by: tuple[str, ...],
    *,
    start: int,
    end: int,
    selection: Selection,
    metrics: Iterable[str],
) -> dict[Key, dict[str, int]]:
    """The openings that concern the days [start, end], by some dimensions: of each metric `m` with any
    `m_undated` the sum of what is undated, `m_undated_posts` of how many posts, and `m_unknown` the posts
    whose opening is unknown there."""
    values = {**values_of(scope, selection), "start": start, "end": end, "metrics": list(metrics)}
    found: dict[Key, dict[str, int]] = {}
    query = _sums(Shape.of(scope, selection), by)
    for row in connection.execute(query, values):
        names = (f"{row[0]}_{what}" for what in ("undated", "undated_posts", "unknown"))
        found.setdefault(tuple(row[4:]), {}).update(zip(names, map(int, row[1:4]), strict=True))
    return found


class Late(NamedTuple):
    """Posts of one place whose first total of a metric came late on the same day, with spans of one length;
    `dated` is False where their publication is unknown."""

    dimensions: tuple[int, int, int, str, str]
    metric: str
    began: int
    day: int
    dated: bool
    posts: int

    def shares(self, start: int, end: int) -> bool:
        """Whether the span shares a day with [start, end]."""
        return self.began <= end and self.day >= start

    def undated_in(self, start: int, end: int) -> bool:
        """Whether [start, end] holds the whole span."""
        return self.dated and start <= self.began and self.day <= end


@cache
def _late(shape: Shape) -> sa.Select[Any]:
    query = sa.select(*(_T[name] for name in DIMENSIONS), _T.metric, _BEGAN, _T.day, _T.span > 0, _T.posts)
    return query.select_from(by_place(shape, openings)).where(*_sharing(shape))


def late(
    connection: sa.Connection,
    scope: Scope,
    *,
    start: int,
    end: int,
    metrics: Iterable[str],
    selection: Selection = EVERY_POST,
) -> list[Late]:
    """The openings whose span shares a day with [start, end], one by one."""
    values = {**values_of(scope, selection), "start": start, "end": end, "metrics": list(metrics)}
    return [
        Late(tuple(row[:5]), row[5], int(row[6]), row[7], bool(row[8]), int(row[9]))
        for row in connection.execute(_late(Shape.of(scope, selection)), values)
    ]


def posts_of(
    connection: sa.Connection,
    scope: Scope,
    selection: Selection,
    days: Iterable[int],
    metrics: Iterable[str],
) -> Iterator[tuple[int, Late]]:
    """(post id, opening) of each first total of those metrics on those days that is no gain. Reads the
    snapshots of the days."""
    names, table = list(metrics), post_analytics
    late = {name: table.c[f"{name}_gain"].is_(None) & table.c[f"{name}_total"].is_not(None) for name in names}
    dimensions = [
        posts.c.organization_id,
        sa.func.coalesce(posts.c.brand_id, sa.literal_column("0")),
        sa.func.coalesce(posts.c.account_id, sa.literal_column("0")),
        posts.c.platform,
        posts.c.content_type,
    ]
    spans = [sa.case((late[name], table.c[f"{name}_days"])) for name in names]
    query = sa.select(table.c.post_id, table.c.day, *dimensions, *spans).join(
        posts, posts.c.id == table.c.post_id
    )
    query = query.where(
        table.c.day.in_(sorted(days)),
        sa.or_(*late.values()),
        *within(scope, posts, named=True),
        *selected(selection, posts),
    )
    for row in connection.execute(query):
        for name, span in zip(names, row[7:], strict=True):
            if span is not None:
                yield row[0], Late(tuple(row[2:7]), name, row[1] - abs(span) + 1, row[1], span > 0, 1)
