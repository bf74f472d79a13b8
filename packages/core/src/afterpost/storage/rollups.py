"""Additive counters by day and dimension, and what is asked of them.

Rollups, the standing sums over all days, and attendance (for distinct posts) change in the same
transaction as the snapshots they are made of, by integer deltas alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.scope import Scope
from afterpost.domain.selection import EVERY_POST, Selection
from afterpost.domain.snapshots import Bucket
from afterpost.storage.dialect import bulk
from afterpost.storage.scoping import selected, within
from afterpost.storage.tables import (
    DIMENSIONS,
    ROLLUP_COUNTERS,
    STANDING_COUNTERS,
    attendance,
    rollups,
    standing,
)

Dimensions = tuple[int, int, int, str, str]
"""Organisation, brand, account (0: none), platform, content type."""


def apply(
    connection: sa.Connection,
    scope: Scope,
    deltas: Mapping[Dimensions, Mapping[int, Bucket]],
    attended: Mapping[tuple[Dimensions, int, int], int],
    *,
    prune: bool,
) -> None:
    """Add deltas: dimensions -> day -> counters, and (dimensions, day, gap) -> posts.

    `prune` removes rows whose counters all came to zero; needed only when something was taken back.
    """
    if scope.organizations is not None and any(d[0] not in scope.organizations for d in deltas):
        raise ValueError("a rollup of an organisation outside the scope")
    total: dict[Dimensions, Bucket] = {}
    daily: dict[tuple[Dimensions, int], Bucket] = {}
    for dimensions, days in deltas.items():
        for day, bucket in days.items():
            daily[dimensions, day] = bucket
            sums = total.setdefault(dimensions, {})
            for name, amount in bucket.items():
                if name.endswith(("_n", "_change")):
                    sums[name] = sums.get(name, 0) + amount
    names = [name for name in ROLLUP_COUNTERS if any(name in bucket for bucket in daily.values())]
    bulk(
        connection,
        rollups,
        (*DIMENSIONS, "day", *names),
        [(*dims, day, *(bucket.get(n, 0) for n in names)) for (dims, day), bucket in daily.items()],
        mode="add",
    )
    # Posts of gauges alone, or of nothing at all, have nothing standing: no row for them.
    moved = {dims: bucket for dims, bucket in total.items() if any(bucket.values())}
    kept = [name for name in STANDING_COUNTERS if any(name in bucket for bucket in moved.values())]
    bulk(
        connection,
        standing,
        (*DIMENSIONS, *kept),
        [(*dims, *(bucket.get(n, 0) for n in kept)) for dims, bucket in moved.items()],
        mode="add",
    )
    bulk(
        connection,
        attendance,
        (*DIMENSIONS, "day", "gap", "posts"),
        [(*dims, day, gap, posts) for (dims, day, gap), posts in attended.items() if posts],
        mode="add",
    )
    if prune:
        _prune(connection, list(total))


def _prune(connection: sa.Connection, touched: Sequence[Dimensions]) -> None:
    for table, counters in (
        (rollups, ROLLUP_COUNTERS),
        (standing, STANDING_COUNTERS),
        (attendance, ("posts",)),
    ):
        for dimensions in touched:
            mine = [table.c[name] == value for name, value in zip(DIMENSIONS, dimensions, strict=True)]
            connection.execute(sa.delete(table).where(*mine, *(table.c[name] == 0 for name in counters)))


class Sums(Struct, frozen=True):
    """Counters of one group over a window. `reported` names the metrics that were reported or booked."""

    key: str | None
    counters: Mapping[str, int]

    @property
    def reported(self) -> frozenset[str]:
        """Canonical counters that some post reported in the window or whose gain covers part of it."""
        return frozenset(m for m in CUMULATIVE if self.counters[f"{m}_n"] or self.counters[f"{m}_covered"])

    def earned(self, metric: str) -> int | None:
        """What was booked to the window's days; None where the metric was never reported.

        A first total of unknown gain is reported and books nothing: a window with nothing else earned 0.
        """
        return self.counters[f"{metric}_gain"] if metric in self.reported else None

    def estimated(self, metric: str) -> int:
        """The part of `earned` that was booked to days without an observation."""
        return self.counters[f"{metric}_estimated"]


def _filters(
    table: sa.Table, scope: Scope, selection: Selection, start: int | None, end: int | None
) -> list[sa.ColumnElement[bool]]:
    conditions = [*within(scope, table), *selected(selection, table)]
    if start is not None:
        conditions.append(table.c.day >= start)
    if end is not None:
        conditions.append(table.c.day <= end)
    return conditions


# Built once: making these expressions costs more than the database takes to work them out.
_SUMS = [sa.func.coalesce(sa.func.sum(rollups.c[name]), 0).label(name) for name in ROLLUP_COUNTERS]
_STANDING_SUMS = {
    table.name: [sa.func.coalesce(sa.func.sum(table.c[name]), 0) for name in STANDING_COUNTERS]
    for table in (standing, rollups)
}


def sums(
    connection: sa.Connection,
    scope: Scope,
    *,
    start: int,
    end: int,
    selection: Selection = EVERY_POST,
    by: str | None = None,
) -> list[Sums]:
    """Counters summed over the days [start, end], as a whole or by a dimension (`by`)."""
    key: sa.ColumnElement[Any] = rollups.c[by] if by else sa.null()
    query = sa.select(key.label("key"), *_SUMS).where(*_filters(rollups, scope, selection, start, end))
    if by:
        query = query.group_by(rollups.c[by]).order_by(rollups.c[by])
    return [
        Sums(None if by is None else str(m["key"]), {name: int(m[name]) for name in ROLLUP_COUNTERS})
        for m in connection.execute(query).mappings()
    ]


def platforms(connection: sa.Connection, scope: Scope, selection: Selection) -> list[str]:
    """The platforms that posts with counters are on, by name."""
    query = sa.select(standing.c.platform).distinct().order_by(standing.c.platform)
    query = query.where(*within(scope, standing), *selected(selection, standing))
    return list(connection.execute(query).scalars())


def observed_span(
    connection: sa.Connection, scope: Scope, *, selection: Selection = EVERY_POST
) -> tuple[int, int] | None:
    """The first and the last day with a snapshot; None where there is none."""
    seen = sa.select(sa.func.min(rollups.c.day), sa.func.max(rollups.c.day)).where(
        rollups.c.snapshots > 0, *_filters(rollups, scope, selection, None, None)
    )
    first, last = connection.execute(seen).one()
    return None if first is None else (int(first), int(last))


def lifetime(
    connection: sa.Connection, scope: Scope, *, end: int, selection: Selection = EVERY_POST
) -> dict[str, int | None]:
    """metric -> sum of each post's last known total at the end of the day `end`; None: never reported.

    The standing sum minus what came after: the cost does not grow with the history before the window.
    """
    held: dict[str, int] = {}
    for table, where, sign in (
        (standing, _filters(standing, scope, selection, None, None), 1),
        (rollups, _filters(rollups, scope, selection, end + 1, None), -1),
    ):
        row = connection.execute(sa.select(*_STANDING_SUMS[table.name]).where(*where)).one()
        for name, value in zip(STANDING_COUNTERS, row, strict=True):
            held[name] = held.get(name, 0) + sign * int(value)
    return {m: held[f"{m}_change"] if held[f"{m}_n"] else None for m in CUMULATIVE}


def distinct_posts(
    connection: sa.Connection,
    scope: Scope,
    *,
    start: int,
    end: int,
    selection: Selection = EVERY_POST,
    by: str | None = None,
) -> dict[str | None, int]:
    """Distinct posts with a snapshot in [start, end], as a whole (key None) or by a dimension.

    Each post counts on its first day inside the window: the one whose previous snapshot lies before it.
    """
    first = sa.or_(attendance.c.gap == 0, attendance.c.gap > attendance.c.day - start)
    key: sa.ColumnElement[Any] = attendance.c[by] if by else sa.null()
    query = sa.select(key, sa.func.coalesce(sa.func.sum(attendance.c.posts), 0)).where(
        first, *_filters(attendance, scope, selection, start, end)
    )
    if by:
        query = query.group_by(attendance.c[by])
    return {None if row[0] is None else str(row[0]): int(row[1]) for row in connection.execute(query)}
