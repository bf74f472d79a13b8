"""Daily snapshots (`post_analytics`): one row a post, platform and day."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.readings import Value
from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.domain.snapshots import Cell, Row
from afterpost.storage.dialect import bulk
from afterpost.storage.posts import chunks
from afterpost.storage.scoping import Shape, selected, values_of, within
from afterpost.storage.tables import latest, post_analytics, posts

FIXED = (
    "day",
    "post_id",
    "platform",
    "organization_id",
    "prev_day",
    "offers",
    "source",
    "change_seq",
    "other",
)
_CANONICAL = frozenset(CUMULATIVE)
_encode = msgspec.json.Encoder(order="deterministic").encode
_other = msgspec.json.Decoder(dict[str, Value | tuple[int, int | None, int]]).decode


class Stored(NamedTuple):
    """A snapshot with the number of the change that wrote it."""

    row: Row
    change_seq: int


def _cells(mapping: sa.RowMapping) -> Stored:
    cells: dict[str, Cell] = {}
    gauges: dict[str, Value] = {}
    for name in CUMULATIVE:
        total = mapping[f"{name}_total"]
        if total is not None:
            cells[name] = Cell(total, mapping[f"{name}_gain"], mapping[f"{name}_days"])
    if mapping["other"] is not None:
        for name, value in _other(mapping["other"]).items():
            if isinstance(value, tuple):
                cells[name] = Cell(*value)
            else:
                gauges[name] = value
    row = Row(mapping["day"], mapping["prev_day"], mapping["offers"], mapping["source"], cells, gauges)
    return Stored(row, mapping["change_seq"])


def since(
    connection: sa.Connection, scope: Scope, post_ids: Iterable[int], day: int
) -> dict[int, list[Stored]]:
    """Each post's snapshots from `day` on, newest first, along the links from its latest one."""
    found: dict[int, list[Stored]] = {}
    query, values = _since(Shape.of(scope)), {**values_of(scope), "day": day}
    for some in chunks(post_ids):
        for mapping in connection.execute(query, {**values, "ids": some}).mappings():
            found.setdefault(mapping["post_id"], []).append(_cells(mapping))
    for rows in found.values():
        rows.sort(key=lambda stored: stored.row.day, reverse=True)
    return found


@cache
def _since(shape: Shape) -> sa.Select[Any]:
    table, mine = post_analytics, latest.c.post_id.in_(sa.bindparam("ids", expanding=True))
    recent = table.c.day >= sa.bindparam("day", type_=sa.Integer)
    chain = (
        sa.select(table.c.post_id, table.c.day, table.c.prev_day)
        .join(latest, sa.and_(latest.c.last_day == table.c.day, latest.c.post_id == table.c.post_id))
        .join(posts, posts.c.id == table.c.post_id)
        .where(mine, recent, *shape.conditions(posts, named=True))
        .cte("chain", recursive=True)
    )
    link = sa.and_(table.c.day == chain.c.prev_day, table.c.post_id == chain.c.post_id)
    chain = chain.union_all(
        sa.select(table.c.post_id, table.c.day, table.c.prev_day)
        .select_from(chain.join(table, link))
        .where(recent)
    )
    here = sa.and_(chain.c.day == table.c.day, chain.c.post_id == table.c.post_id)
    return sa.select(table).join(chain, here)


def on_days(connection: sa.Connection, scope: Scope, day: int, post_ids: Iterable[int]) -> dict[int, Stored]:
    """The snapshots of those posts on one day."""
    found: dict[int, Stored] = {}
    for some in chunks(post_ids):
        query = (
            sa.select(post_analytics)
            .join(posts, posts.c.id == post_analytics.c.post_id)
            .where(
                post_analytics.c.day == day,
                post_analytics.c.post_id.in_(some),
                *within(scope, posts, named=True),
            )
        )
        found.update((m["post_id"], _cells(m)) for m in connection.execute(query).mappings())
    return found


def save(
    connection: sa.Connection,
    scope: Scope,
    rows: Sequence[tuple[int, str, int, int, Row]],
) -> None:
    """Write snapshots: (post id, platform, organisation id, change number, row).

    Only the columns of the batch's own metrics are bound: a metric once known of a day stays known, so a
    row written again never has to lose one.
    """
    names = {name for *_, row in rows for name in row.cells} & _CANONICAL
    present = [name for name in CUMULATIVE if name in names]
    plain: list[tuple[int | float | str | bytes | None, ...]] = []
    for post_id, platform, organization_id, seq, row in rows:
        if scope.organizations is not None and organization_id not in scope.organizations:
            raise ValueError("a snapshot of an organisation outside the scope")
        cells: list[int | None] = []
        for name in present:
            cell = row.cells.get(name)
            cells.extend((None, None, None) if cell is None else cell)
        extra: dict[str, object] = {name: row.cells[name] for name in row.cells if name not in _CANONICAL}
        extra.update(row.gauges)
        other = _encode(extra).decode() if extra else None
        fixed = (row.day, post_id, platform, organization_id, row.prev, row.offers, row.source, seq, other)
        plain.append((*fixed, *cells))
    put(connection, scope, present, plain)


def put(
    connection: sa.Connection,
    scope: Scope,
    metrics: Sequence[str],
    rows: Sequence[tuple[int | float | str | bytes | None, ...]],
) -> None:
    """Write snapshots that all have the same canonical counters (`metrics`, in the order of `CUMULATIVE`), of
    posts that the scope was asked for: the fixed columns, then total, gain and days of each metric."""
    columns = (*FIXED, *(f"{name}_{what}" for name in metrics for what in ("total", "gain", "days")))
    bulk(connection, post_analytics, columns, rows, mode="replace")


def among(days: Iterable[int]) -> sa.ColumnElement[bool]:
    """On one of those days, each named: so a post's rows are sought, where a range would read everybody's."""
    named = sa.bindparam("days", list(days), sa.Integer, expanding=True, literal_execute=True)
    return post_analytics.c.day.in_(named)


def gains_inside(
    connection: sa.Connection,
    scope: Scope,
    post_ids: Collection[int],
    start: int,
    end: int,
    names: Sequence[str],
) -> dict[int, dict[str, int]]:
    """post id -> metric -> sum of the gains whose days all lie in [start, end], and of the first totals that
    are undated there; absent where there is neither."""
    table = post_analytics
    found: dict[int, dict[str, int]] = {}
    columns = []
    for name in names:
        gain, days = table.c[f"{name}_gain"], table.c[f"{name}_days"]
        # A late opening has no gain, and fewer days than 0 where its publication is unknown.
        amount = sa.case((table.c.day - days + 1 >= start, sa.func.coalesce(gain, table.c[f"{name}_total"])))
        known = sa.case((days > 0, amount))
        columns += [sa.func.count(known), sa.func.coalesce(sa.func.sum(known), 0)]
    for some in chunks(post_ids):
        query = (
            sa.select(table.c.post_id, *columns)
            .join(posts, posts.c.id == table.c.post_id)
            .where(among(range(start, end + 1)), posts.c.id.in_(some), *within(scope, posts, named=True))
            .group_by(table.c.post_id)
        )
        for post_id, *numbers in connection.execute(query):
            reported = zip(names, numbers[::2], numbers[1::2], strict=True)
            found[post_id] = {name: int(gained) for name, n, gained in reported if n}
    return found


def across_edges(
    connection: sa.Connection,
    scope: Scope,
    post_ids: Collection[int],
    start: int,
    end: int,
    names: Sequence[str],
) -> Iterator[tuple[int, Row]]:
    """(post id, snapshot) with a gain of one of the metrics that covers days in [start, end] and others."""
    table = post_analytics
    reaching = []
    for name in names:
        first = table.c.day - table.c[f"{name}_days"] + 1
        known = table.c[f"{name}_gain"].is_not(None)
        into = sa.and_(known, first < start, table.c.day <= end)
        out_of = sa.and_(known, first <= end, table.c.day > end)
        reaching += [into, out_of]
    for some in chunks(post_ids):
        # A gain can reach back from as late as the last day there is.
        latest_of = sa.select(sa.func.max(latest.c.last_day)).where(latest.c.post_id.in_(some))
        days = range(start, (connection.execute(latest_of).scalar() or end) + 1)
        query = (
            sa.select(table)
            .join(posts, posts.c.id == table.c.post_id)
            .where(
                among(days),
                sa.or_(*reaching),
                posts.c.id.in_(some),
                *within(scope, posts, named=True),
            )
            .order_by(table.c.day, table.c.post_id)
        )
        for mapping in connection.execute(query).mappings():
            yield mapping["post_id"], _cells(mapping).row


class Place(NamedTuple):
    """Where a snapshot lies among all."""

    day: int
    post_id: int


class Booked(NamedTuple):
    """A snapshot whose gain of one metric covers days of a window, or whose first total is undated in it."""

    day: int
    post_id: int
    platform: str
    cell: Cell


def behind(
    connection: sa.Connection,
    scope: Scope,
    selection: Selection,
    name: str,
    start: int,
    end: int,
    *,
    after: Place | None,
    limit: int,
) -> list[Booked]:
    """Snapshots with a gain of that metric that covers days in [start, end], or a first total that is undated
    there, by day and post.

    `after`: the last one before this page.
    """
    table = post_analytics
    total, gain, days = (table.c[f"{name}_{what}"] for what in ("total", "gain", "days"))
    query = (
        sa.select(table.c.day, table.c.post_id, table.c.platform, total, gain, days)
        .join(posts, posts.c.id == table.c.post_id)
        .where(
            table.c.day >= start,
            sa.or_(
                sa.and_(gain.is_not(None), table.c.day - days + 1 <= end),
                sa.and_(gain.is_(None), days > 0, table.c.day - days + 1 >= start, table.c.day <= end),
            ),
            *within(scope, posts),
            *selected(selection, posts),
        )
        .order_by(table.c.day, table.c.post_id)
        .limit(limit)
    )
    if after is not None:
        day, post_id = after
        query = query.where(table.c.day >= day, sa.or_(table.c.day > day, table.c.post_id > post_id))
    return [
        Booked(day, post_id, platform, Cell(*cell))
        for day, post_id, platform, *cell in connection.execute(query)
    ]
