"""Additive counters by day and dimension, and what is asked of them.

Rollups, the standing sums over all days, attendance (for distinct posts) and late openings change in the same
transaction as the snapshots they are made of, by integer deltas alone.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.attendance import Key
from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.scope import Scope
from afterpost.domain.selection import EVERY_POST, Selection
from afterpost.domain.snapshots import Bucket, Row
from afterpost.domain.snapshots import openings as openings_of
from afterpost.storage import openings as late_openings
from afterpost.storage.dialect import bulk
from afterpost.storage.places import by_place, days_of, of_place, places
from afterpost.storage.scoping import Shape, selected, values_of, within
from afterpost.storage.tables import (
    ATTENDANCE_COUNTERS,
    DIMENSIONS,
    ROLLUP_COUNTERS,
    STANDING_COUNTERS,
    attendance,
    openings,
    rollups,
    standing,
)

Dimensions = tuple[int, int, int, str, str]
"""Organisation, brand, account (0: none), platform, content type."""
Attended = dict[tuple[Dimensions, int, int], Bucket]
"""(dimensions, day, gap) -> what to add to the counters of attendance."""
Openings = dict[tuple[Dimensions, int, str, int], tuple[int, int]]
"""Late openings: (dimensions, day, metric, span) -> posts, and the sum of their totals."""


def open_late(found: Openings, dimensions: Dimensions, row: Row, sign: int) -> None:
    """Add the late openings of a snapshot (`sign` 1), or take them back (-1)."""
    for metric, span, total in openings_of(row):
        key = (dimensions, row.day, metric, span)
        posts, sums = found.get(key, (0, 0))
        found[key] = (posts + sign, sums + sign * total)


def apply(
    connection: sa.Connection,
    scope: Scope,
    deltas: Mapping[Dimensions, Mapping[int, Bucket]],
    attended: Attended,
    opened: Openings,
    *,
    prune: bool,
) -> None:
    """Add deltas: dimensions -> day -> counters, (dimensions, day, gap) -> counters, and late openings.

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
        openings,
        (*DIMENSIONS, "day", "metric", "span", "posts", "total"),
        [
            (*dims, day, metric, span, posts, total)
            for (dims, day, metric, span), (posts, total) in opened.items()
            if posts or total
        ],
        mode="add",
    )
    apply_attended(connection, scope, attended)
    if prune:
        _prune(connection, total)


def attend(attended: Attended, dimensions: Dimensions, booked: Mapping[Key, int], times: int = 1) -> None:
    """Gather what days book (`domain.attendance`), so many times."""
    for (day, gap, name), amount in booked.items():
        if amount:
            bucket = attended.setdefault((dimensions, day, gap), {})
            bucket[name] = bucket.get(name, 0) + times * amount


def apply_attended(connection: sa.Connection, scope: Scope, attended: Attended) -> None:
    """Add to attendance; a row whose counters all came to zero goes."""
    if scope.organizations is not None and any(d[0] not in scope.organizations for d, *_ in attended):
        raise ValueError("attendance of an organisation outside the scope")
    moved = {key: bucket for key, bucket in attended.items() if any(bucket.values())}
    names = [name for name in ATTENDANCE_COUNTERS if any(name in bucket for bucket in moved.values())]
    bulk(
        connection,
        attendance,
        (*DIMENSIONS, "day", "gap", *names),
        [(*dims, *days, *(bucket.get(n, 0) for n in names)) for (dims, *days), bucket in moved.items()],
        mode="add",
    )
    fewer = sorted(key for key, bucket in moved.items() if min(bucket.values()) < 0)
    if fewer:
        places = [(*dims, day, gap) for dims, day, gap in fewer]
        keys = [f"_{name}" for name in (*DIMENSIONS, "day", "gap")]
        connection.execute(_unattended(), [dict(zip(keys, place, strict=True)) for place in places])


@cache
def _unattended() -> sa.Delete:
    key = [attendance.c[name] == sa.bindparam(f"_{name}") for name in (*DIMENSIONS, "day", "gap")]
    return sa.delete(attendance).where(*key, *(attendance.c[name] == 0 for name in ATTENDANCE_COUNTERS))


def _prune(connection: sa.Connection, touched: Iterable[Dimensions]) -> None:
    names = [f"_{name}" for name in DIMENSIONS]
    places = [dict(zip(names, dimensions, strict=True)) for dimensions in sorted(touched)]
    for table in (rollups, standing, openings):
        connection.execute(_empty(table), places)


@cache
def _empty(table: sa.Table) -> sa.Delete:
    """Removes rows of a place whose counters are all 0. Every column that is not of the key is a counter."""
    place = [table.c[name] == sa.bindparam(f"_{name}") for name in DIMENSIONS]
    return sa.delete(table).where(*place, *(c == 0 for c in table.columns if not c.primary_key))


Counters = dict[str, int]


class Sums(Struct, frozen=True):
    """Counters of one group over a window. `reported` names the metrics that were reported or booked."""

    key: str | None
    counters: Mapping[str, int]

    @property
    def reported(self) -> frozenset[str]:
        """Counters asked for that some post reported in the window or whose gain covers part of it."""
        counters = self.counters
        return frozenset(m for m in CUMULATIVE if counters.get(f"{m}_n") or counters.get(f"{m}_covered"))

    def earned(self, metric: str) -> int | None:
        """What was booked to the window's days, and what is undated in it; None where nothing of it is known:
        never reported, or only first totals of unknown gain."""
        counters = self.counters
        if counters[f"{metric}_covered"] or counters.get(f"{metric}_undated_posts"):
            return counters[f"{metric}_gain"] + counters.get(f"{metric}_undated", 0)
        return None

    def undated(self, metric: str) -> tuple[int, int]:
        """Of `earned` what was gained on days that nobody knows, and how many posts that is of."""
        return self.counters.get(f"{metric}_undated", 0), self.counters.get(f"{metric}_undated_posts", 0)

    def unknown_openings(self, metric: str) -> int:
        """How many posts `earned` lacks: their first total was gained in the window in part, nobody knows
        which."""
        return self.counters.get(f"{metric}_unknown", 0)

    def estimated(self, metric: str) -> int:
        """The part of `earned` that was booked to days without an observation."""
        return self.counters[f"{metric}_estimated"]

    def estimated_share(self, metric: str) -> float | None:
        """Which part of what was booked, gained or lost, falls on days without an observation; None where
        nothing was booked. Post by post: what one lost takes nothing from what another gained."""
        counters = self.counters
        booked = counters[f"{metric}_gain"] + 2 * counters[f"{metric}_fell"]
        estimated = counters[f"{metric}_estimated"] + 2 * counters[f"{metric}_estimated_fell"]
        return estimated / booked if booked else None


Metrics = tuple[str, ...]
_OF_ALL = ROLLUP_COUNTERS[: ROLLUP_COUNTERS.index(f"{CUMULATIVE[0]}_gain")]
_OF_EACH = ("gain", "estimated", "covered", "n", "fell", "estimated_fell")


@cache
def _counters_of(metrics: Metrics) -> tuple[str, ...]:
    return (*_OF_ALL, *(f"{name}_{what}" for name in metrics for what in _OF_EACH))


@cache
def _sums(shape: Shape, by: tuple[str, ...], metrics: Metrics) -> sa.Select[Any]:
    keys = [rollups.c[name] for name in by]
    counters = [sa.func.coalesce(sa.func.sum(rollups.c[name]), 0) for name in _counters_of(metrics)]
    query = (
        sa.select(*keys, *counters)
        .select_from(by_place(shape, rollups))
        .where(*shape.conditions(rollups), *days_of(rollups))
    )
    return query.group_by(*keys) if keys else query


def sums_by(
    connection: sa.Connection,
    scope: Scope,
    by: tuple[str, ...],
    *,
    start: int,
    end: int,
    selection: Selection = EVERY_POST,
    metrics: Metrics = CUMULATIVE,
) -> dict[tuple[Any, ...], Counters]:
    """Counters summed over the days [start, end], by several dimensions at once, in their order; () as a
    whole.

    By day there are no late openings: they are of no day.
    """
    names, size = _counters_of(metrics), len(by)
    query = _sums(Shape.of(scope, selection), by, metrics)
    found = {
        tuple(row[:size]): dict(zip(names, map(int, row[size:]), strict=True))
        for row in connection.execute(query, {**values_of(scope, selection), "start": start, "end": end})
    }
    if "day" not in by:
        concern = late_openings.sums(
            connection, scope, by, start=start, end=end, selection=selection, metrics=metrics
        )
        for key, opened in concern.items():
            found.setdefault(key, dict.fromkeys(names, 0)).update(opened)
    return {key: found[key] for key in sorted(found)}


def sums(
    connection: sa.Connection,
    scope: Scope,
    *,
    start: int,
    end: int,
    selection: Selection = EVERY_POST,
    by: str | None = None,
    metrics: Metrics = CUMULATIVE,
) -> list[Sums]:
    """The same as a whole, or by one dimension (`by`)."""
    found = sums_by(
        connection, scope, (by,) if by else (), start=start, end=end, selection=selection, metrics=metrics
    )
    return [Sums(str(key[0]) if key else None, counters) for key, counters in found.items()]


def together(parts: Iterable[Sums], metrics: Metrics) -> Sums:
    """Groups of one window as a whole; `metrics` are those they were asked for."""
    counters = dict.fromkeys(_counters_of(metrics), 0)
    for part in parts:
        for name, amount in part.counters.items():
            counters[name] = counters.get(name, 0) + amount
    return Sums(None, counters)


def platforms(connection: sa.Connection, scope: Scope, selection: Selection) -> list[str]:
    """The platforms that posts with counters are on, by name."""
    query = sa.select(standing.c.platform).distinct().order_by(standing.c.platform)
    query = query.where(*within(scope, standing), *selected(selection, standing))
    return list(connection.execute(query).scalars())


@cache
def _observed_span(shape: Shape) -> sa.Select[Any]:
    place = places(shape)
    seen = sa.select(rollups.c.day).where(
        *of_place(rollups, place), *shape.conditions(rollups), rollups.c.snapshots > 0
    )
    first = seen.order_by(rollups.c.day).limit(1).scalar_subquery()
    last = seen.order_by(rollups.c.day.desc()).limit(1).scalar_subquery()
    return sa.select(sa.func.min(first), sa.func.max(last)).select_from(place)


def observed_span(
    connection: sa.Connection, scope: Scope, *, selection: Selection = EVERY_POST
) -> tuple[int, int] | None:
    """The first and the last day with a snapshot; None where there is none."""
    first, last = connection.execute(
        _observed_span(Shape.of(scope, selection)), values_of(scope, selection)
    ).one()
    return None if first is None else (int(first), int(last))


@cache
def _held(shape: Shape, metrics: Metrics) -> sa.CompoundSelect[Any]:
    names = [f"{name}_{what}" for name in metrics for what in ("n", "change")]
    standing_sums = [sa.func.coalesce(sa.func.sum(standing.c[name]), 0) for name in names]
    later = [sa.func.coalesce(-sa.func.sum(rollups.c[name]), 0) for name in names]
    return sa.union_all(
        sa.select(*standing_sums).where(*shape.conditions(standing)),
        sa.select(*later)
        .select_from(by_place(shape, rollups))
        .where(*shape.conditions(rollups), rollups.c.day > sa.bindparam("end")),
    )


def lifetime(
    connection: sa.Connection,
    scope: Scope,
    *,
    end: int,
    selection: Selection = EVERY_POST,
    metrics: Metrics = CUMULATIVE,
) -> dict[str, int | None]:
    """metric -> sum of each post's last known total at the end of the day `end`; None: never reported.

    The standing sum minus what came after: the cost does not grow with the history before the window.
    """
    rows = connection.execute(
        _held(Shape.of(scope, selection), metrics), {**values_of(scope, selection), "end": end}
    ).all()
    held = [sum(map(int, column)) for column in zip(*rows, strict=True)]
    return {
        name: change if n else None for name, n, change in zip(metrics, held[::2], held[1::2], strict=True)
    }


def first_inside() -> sa.ColumnElement[bool]:
    """A post's first day from `start` on: the one whose gap reaches back beyond it, or to none."""
    return sa.or_(attendance.c.gap == 0, attendance.c.gap > attendance.c.day - sa.bindparam("start"))


@cache
def _distinct(shape: Shape, by: tuple[str, ...]) -> sa.Select[Any]:
    keys = [attendance.c[name] for name in by]
    query = (
        sa.select(sa.func.coalesce(sa.func.sum(attendance.c.posts), 0), *keys)
        .select_from(by_place(shape, attendance))
        .where(first_inside(), *shape.conditions(attendance), *days_of(attendance))
    )
    return query.group_by(*keys) if keys else query


def distinct_posts_by(
    connection: sa.Connection,
    scope: Scope,
    by: tuple[str, ...],
    *,
    start: int,
    end: int,
    selection: Selection = EVERY_POST,
) -> dict[tuple[Any, ...], int]:
    """Distinct posts with a snapshot in [start, end], by several dimensions at once; () as a whole.

    Each post counts on its first day inside the window: the one whose previous snapshot lies before it.
    """
    query = _distinct(Shape.of(scope, selection), by)
    return {
        tuple(keys): int(count)
        for count, *keys in connection.execute(
            query, {**values_of(scope, selection), "start": start, "end": end}
        )
    }


def distinct_posts(
    connection: sa.Connection,
    scope: Scope,
    *,
    start: int,
    end: int,
    selection: Selection = EVERY_POST,
    by: str | None = None,
) -> dict[str | None, int]:
    """Distinct posts with a snapshot in [start, end], as a whole (key None) or by a dimension."""
    found = distinct_posts_by(
        connection, scope, (by,) if by else (), start=start, end=end, selection=selection
    )
    return {str(keys[0]) if keys else None: count for keys, count in found.items()}
