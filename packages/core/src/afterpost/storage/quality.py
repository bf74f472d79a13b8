"""Where the snapshots of some days are doubtful, counted in SQL by account, day and metric.

Only rows of the asked days are read, which lie together; what is rare is found by one pass over them, and
what would need more is first looked for in the rollups.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.quality import (
    MOST_IDS,
    RATIO_FLOOR,
    SMALL_FALL,
    SMALL_FALL_PERCENT,
    ZERO_FROM,
    Bound,
    Fall,
    Moves,
)
from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.storage.scoping import selected, within
from afterpost.storage.tables import latest, post_analytics, posts, rollups

Group = tuple[str, int | None]
"""Platform, account (None: posts that belong to none)."""

_pa = post_analytics.c
_before = post_analytics.alias("before")


class Found(NamedTuple):
    """Posts of one group, day and metric, and up to five of them."""

    group: Group
    day: int
    metric: str
    posts: int
    post_ids: tuple[int, ...]


class Doubted(NamedTuple):
    """Posts of one group of which an impossible publication was told, the last day one of them was read on,
    and up to five of them."""

    group: Group
    day: int
    posts: int
    post_ids: tuple[int, ...]


class Fell(NamedTuple):
    """Posts whose total fell, those apart that became 0 from something (`zeroed`; `zeroed_from`:
    together)."""

    found: Found
    fall: Fall
    zeroed: int
    zeroed_from: int
    zeroed_ids: tuple[int, ...]


class Reported(NamedTuple):
    """One group's day in the rollups: snapshots, and by metric how many reported it (those with any) and
    whether the gains of what was read that day cancel out to 0."""

    snapshots: int
    reported: Mapping[str, int]
    still: frozenset[str]


def _rows(scope: Scope, selection: Selection, start: int, end: int) -> list[sa.ColumnElement[bool]]:
    # Of the facts as well: the posts of other organisations are not even looked up.
    mine = (*within(scope, post_analytics), *within(scope, posts))
    return [_pa.day >= start, _pa.day <= end, *mine, *selected(selection, posts)]


def reported(
    connection: sa.Connection, scope: Scope, selection: Selection, start: int, end: int
) -> dict[Group, dict[int, Reported]]:
    """group -> day -> what was reported, of the days [start, end] with a snapshot; from the rollups."""
    c = rollups.c
    counters: list[sa.ColumnElement[Any]] = []
    for name in CUMULATIVE:
        counters.append(sa.func.sum(c[f"{name}_n"]))
        counters.append(sa.func.sum(c[f"{name}_gain"] - c[f"{name}_estimated"]))
    query = (
        sa.select(c.platform, c.account_id, c.day, sa.func.sum(c.snapshots), *counters)
        .where(
            c.day >= start,
            c.day <= end,
            c.snapshots > 0,
            *within(scope, rollups),
            *selected(selection, rollups),
        )
        .group_by(c.platform, c.account_id, c.day)
    )
    found: dict[Group, dict[int, Reported]] = {}
    for name, account_id, day, snapshots, *values in connection.execute(query):
        pairs = dict(zip(CUMULATIVE, zip(values[::2], values[1::2], strict=True), strict=True))
        there = {metric: int(n) for metric, (n, _) in pairs.items() if n}
        still = frozenset(metric for metric in there if pairs[metric][1] == 0)
        found.setdefault((name, account_id or None), {})[day] = Reported(int(snapshots), there, still)
    return found


def _ranked(source: sa.CTE, *most: sa.ColumnElement[Any], groups: Sequence[str]) -> sa.Subquery:
    """The source's rows with their place in their group, most affected first."""
    place = sa.func.row_number().over(
        partition_by=[source.c[name] for name in groups], order_by=[*most, source.c.post_id]
    )
    return sa.select(source, place.label("place")).subquery()


def _ids(table: sa.Subquery) -> sa.ColumnElement[Any]:
    """Ids of the first rows of a group as text, in that order."""
    few = sa.case((table.c.place <= MOST_IDS, sa.cast(table.c.post_id, sa.Text)))
    return sa.func.aggregate_strings(few, ",")


def _read(text: str | None) -> tuple[int, ...]:
    return tuple(sorted(int(part) for part in text.split(","))) if text else ()


def falls(
    connection: sa.Connection,
    scope: Scope,
    selection: Selection,
    start: int,
    end: int,
    metrics: Collection[str],
) -> list[Fell]:
    """Totals that fell, by group, day and metric; one pass over the days."""
    wanted = [name for name in CUMULATIVE if name in metrics]
    if not wanted:
        return []
    cells = [_pa[f"{name}_{what}"] for name in wanted for what in ("total", "gain")]
    suspect = (
        sa.select(_pa.day, _pa.platform, posts.c.account_id, _pa.post_id, *cells)
        .join(posts, posts.c.id == _pa.post_id)
        .where(*_rows(scope, selection, start, end), sa.or_(*(_pa[f"{name}_gain"] < 0 for name in wanted)))
        .cte("suspect")
    )
    parts = []
    for name in wanted:
        total, gain = suspect.c[f"{name}_total"], suspect.c[f"{name}_gain"]
        fell = (
            sa.select(
                suspect.c.day,
                suspect.c.platform,
                suspect.c.account_id,
                suspect.c.post_id,
                (-gain).label("lost"),
                (total - gain).label("had"),
                sa.case((sa.and_(total == 0, total - gain >= ZERO_FROM), 1), else_=0).label("zero"),
            )
            .where(gain < 0)
            .cte(f"fell_{name}")
        )
        groups = ("day", "platform", "account_id", "zero")
        table = _ranked(fell, fell.c.lost.desc(), groups=groups)
        large = sa.and_(table.c.lost >= SMALL_FALL, 100 * table.c.lost > SMALL_FALL_PERCENT * table.c.had)
        keys = [table.c[key] for key in groups]
        parts.append(
            sa.select(
                sa.literal(name).label("metric"),
                *keys,
                sa.func.count().label("posts"),
                sa.func.sum(table.c.lost).label("lost"),
                sa.func.max(100.0 * table.c.lost / table.c.had).label("most"),
                sa.func.sum(sa.case((large, 1), else_=0)).label("large"),
                _ids(table).label("ids"),
            ).group_by(*keys)
        )
    found: dict[tuple[Any, ...], dict[int, Any]] = {}
    for row in connection.execute(sa.union_all(*parts)):
        found.setdefault((row.platform, row.account_id, row.day, row.metric), {})[row.zero] = row
    answer = []
    for (name, account_id, day, metric), by in found.items():
        some, zero = by.get(0), by.get(1)
        count, ids = (0, ()) if some is None else (some.posts, _read(some.ids))
        fall = (
            Fall(0, 0, 0.0, 0)
            if some is None
            else Fall(count, int(some.lost), float(some.most), int(some.large))
        )
        where = Found((name, account_id), day, metric, count, ids)
        answer.append(
            Fell(where, fall, 0, 0, ())
            if zero is None
            else Fell(where, fall, zero.posts, int(zero.lost), _read(zero.ids))
        )
    return answer


def beyond(
    connection: sa.Connection,
    scope: Scope,
    selection: Selection,
    start: int,
    end: int,
    bounds: Sequence[Bound],
) -> list[tuple[Bound, Found]]:
    """Posts of which a part exceeds its whole, each once, by group and bound; the day is the last one it
    did."""
    if not bounds:
        return []
    broken = {n: _breaks(bound) for n, bound in enumerate(bounds)}
    flags = [sa.case((condition, 1), else_=0).label(f"b{n}") for n, condition in broken.items()]
    suspect = (
        sa.select(_pa.day, _pa.platform, posts.c.account_id, _pa.post_id, *flags)
        .join(posts, posts.c.id == _pa.post_id)
        .where(*_rows(scope, selection, start, end), sa.or_(*broken.values()))
        .cte("suspect")
    )
    parts = []
    for n in broken:
        keys = [suspect.c.platform, suspect.c.account_id, suspect.c.post_id]
        each = (
            sa.select(*keys, sa.func.max(suspect.c.day).label("day"))
            .where(suspect.c[f"b{n}"] == 1)
            .group_by(*keys)
            .cte(f"each_{n}")
        )
        table = _ranked(each, each.c.day.desc(), groups=("platform", "account_id"))
        parts.append(
            sa.select(
                sa.literal(n).label("bound"),
                table.c.platform,
                table.c.account_id,
                sa.func.max(table.c.day).label("day"),
                sa.func.count().label("posts"),
                _ids(table).label("ids"),
            ).group_by(table.c.platform, table.c.account_id)
        )
    return [
        (
            bounds[row.bound],
            Found((row.platform, row.account_id), row.day, bounds[row.bound].name, row.posts, _read(row.ids)),
        )
        for row in connection.execute(sa.union_all(*parts))
    ]


def _breaks(bound: Bound) -> sa.ColumnElement[bool]:
    whole = _pa[f"{bound.whole}_total"]
    totals = [_pa[f"{part}_total"] for part in bound.parts]
    known: Any = (
        totals[0] if len(totals) == 1 else sum((sa.func.coalesce(each, 0) for each in totals), start=0)
    )
    conditions = [known >= RATIO_FLOOR, known > bound.times * whole]
    if bound.unless is not None:
        conditions.append(_pa[f"{bound.unless}_total"].is_(None))
    return sa.and_(*conditions)


def doubted(
    connection: sa.Connection, scope: Scope, selection: Selection, start: int, end: int
) -> list[Doubted]:
    """Posts read on those days of which an impossible publication was ever told, by group.

    An index names these posts, and where a post was read last mostly says whether it was on those days.
    """
    inside = (
        sa.select(sa.func.max(_pa.day))
        .where(
            _pa.post_id == posts.c.id,
            _pa.platform == posts.c.platform,
            _pa.day.in_(sa.bindparam("days", expanding=True, literal_execute=True)),
        )
        .scalar_subquery()
    )
    day = sa.case(
        (sa.or_(latest.c.last_day < start, latest.c.first_day > end), sa.null()),
        (latest.c.last_day <= end, latest.c.last_day),
        else_=inside,
    )
    each = (
        sa.select(posts.c.platform, posts.c.account_id, posts.c.id.label("post_id"), day.label("day"))
        .join(latest, latest.c.post_id == posts.c.id)
        .where(posts.c.publication_doubted, *within(scope, posts), *selected(selection, posts))
        .cte("doubted")
    )
    read = sa.select(each).where(each.c.day.is_not(None)).cte("read")
    table = _ranked(read, read.c.day.desc(), groups=("platform", "account_id"))
    query = sa.select(
        *(table.c.platform, table.c.account_id, sa.func.max(table.c.day).label("day")),
        *(sa.func.count().label("posts"), _ids(table).label("ids")),
    ).group_by(table.c.platform, table.c.account_id)
    rows = connection.execute(query, {"days": range(start, end + 1)})
    return [Doubted((row.platform, row.account_id), row.day, row.posts, _read(row.ids)) for row in rows]


def vanished(
    connection: sa.Connection,
    scope: Scope,
    selection: Selection,
    start: int,
    end: int,
    platforms: Mapping[str, Collection[str]],
) -> list[Found]:
    """Metrics that a post's previous snapshot had and this one has not; `platforms`: metric -> where to look.

    A post's next snapshot without it is no news: it is found on the day it vanished.
    """
    wanted = [name for name in CUMULATIVE if platforms.get(name)]
    if not wanted:
        return []
    now = {
        name: sa.and_(_pa.platform.in_(sorted(platforms[name])), _pa[f"{name}_total"].is_(None))
        for name in wanted
    }
    gone = {name: sa.and_(now[name], _before.c[f"{name}_total"].is_not(None)) for name in wanted}
    flags = [sa.case((condition, 1), else_=0).label(f"{name}_gone") for name, condition in gone.items()]
    suspect = (
        sa.select(_pa.day, _pa.platform, posts.c.account_id, _pa.post_id, *flags)
        .join(posts, posts.c.id == _pa.post_id)
        .join(
            _before,
            sa.and_(
                _before.c.day == _pa.prev_day,
                _before.c.post_id == _pa.post_id,
                _before.c.platform == _pa.platform,
            ),
        )
        # The first condition is implied by the second; alone it spares the look at the day before.
        .where(*_rows(scope, selection, start, end), sa.or_(*now.values()), sa.or_(*gone.values()))
        .cte("suspect")
    )
    groups = ("day", "platform", "account_id")
    parts = []
    for name in wanted:
        lost = sa.select(suspect).where(suspect.c[f"{name}_gone"] == 1).cte(f"lost_{name}")
        table = _ranked(lost, groups=groups)
        keys = [table.c[key] for key in groups]
        parts.append(
            sa.select(
                sa.literal(name).label("metric"),
                *keys,
                sa.func.count().label("posts"),
                _ids(table).label("ids"),
            ).group_by(*keys)
        )
    return [
        Found((row.platform, row.account_id), row.day, row.metric, row.posts, _read(row.ids))
        for row in connection.execute(sa.union_all(*parts))
    ]


def movement(
    connection: sa.Connection,
    scope: Scope,
    selection: Selection,
    start: int,
    end: int,
    metrics: Collection[str],
    platforms: Collection[str],
) -> dict[tuple[Group, str], list[Moves]]:
    """(group, metric) -> by day how many posts had a known gain, and of how many it was not 0."""
    wanted = [name for name in CUMULATIVE if name in metrics]
    counts: list[sa.ColumnElement[Any]] = []
    for name in wanted:
        gain = _pa[f"{name}_gain"]
        counts += [sa.func.count(gain), sa.func.coalesce(sa.func.sum(sa.case((gain != 0, 1), else_=0)), 0)]
    keys = [_pa.platform, posts.c.account_id, _pa.day]
    query = (
        sa.select(*keys, *counts)
        .join(posts, posts.c.id == _pa.post_id)
        .where(*_rows(scope, selection, start, end), _pa.platform.in_(sorted(platforms)))
        .group_by(*keys)
    )
    found: dict[tuple[Group, str], list[Moves]] = {}
    for platform, account_id, day, *values in connection.execute(query):
        for n, name in enumerate(wanted):
            moves = Moves(day, int(values[2 * n]), int(values[2 * n + 1]))
            found.setdefault(((platform, account_id), name), []).append(moves)
    return found


def some_posts(
    connection: sa.Connection, scope: Scope, selection: Selection, group: Group, day: int
) -> tuple[int, ...]:
    """Up to five posts of a group with a snapshot of that day, the lowest ids."""
    query = (
        sa.select(_pa.post_id)
        .join(posts, posts.c.id == _pa.post_id)
        .where(
            *_rows(scope, selection, day, day),
            _pa.platform == group[0],
            posts.c.account_id.is_(None) if group[1] is None else posts.c.account_id == group[1],
        )
        .order_by(_pa.post_id)
        .limit(MOST_IDS)
    )
    return tuple(connection.execute(query).scalars())
