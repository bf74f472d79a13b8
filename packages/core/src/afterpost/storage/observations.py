"""Stored readings: append-only, each once."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.metrics import Kind
from afterpost.domain.publication import Publication
from afterpost.domain.readings import Value
from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import Observed
from afterpost.domain.windows import day_date
from afterpost.storage.dialect import bulk
from afterpost.storage.posts import chunks
from afterpost.storage.scoping import within
from afterpost.storage.tables import daily_metrics, definition_sets, observations, posts


class Definitions(Struct, frozen=True):
    """The metrics a reading asked for, with the definition in force, and kinds other than cumulative."""

    definitions: dict[str, str]
    kinds: dict[str, Kind]


class Stored(NamedTuple):
    """A reading as stored, with what merging needs, and the run that told it."""

    observed: Observed
    run_id: int


Day: TypeAlias = date
"""The type, beside a field of that name."""


class Observation(Struct, frozen=True):
    """One stored reading as shown to people: what was said, when, by which run. Of one that tells only its
    day `observed_at` is None; `replaced`: what was told later of the same instant contradicts it."""

    date: date
    observed_at: datetime | None
    recorded_at: datetime
    values: dict[str, Value]
    definitions: dict[str, str]
    published_at: datetime | None
    published_on: Day | None
    source: str
    run_id: int
    digest: str
    replaced: bool
    payloads: tuple[str, ...] = ()
    """SHA-256 of what it was read from, in hexadecimal; `archive.digests_of` knows."""


COLUMNS = (
    "day",
    "post_id",
    "observed_at",
    "told",
    "digest",
    "whole_day",
    "organization_id",
    "definition_id",
    "body",
    "published_at",
    "published_day",
    "source",
    "run_id",
    "recorded_at",
)
_values = msgspec.json.Decoder(dict[str, Value]).decode
_definitions = msgspec.json.Decoder(Definitions).decode
_encode = msgspec.json.Encoder(order="deterministic").encode


_DEFINED = sa.select(definition_sets.c.id).where(definition_sets.c.body == sa.bindparam("named"))
_DEFINE = sa.insert(definition_sets).returning(definition_sets.c.id)


def definition_ids(connection: sa.Connection, scope: Scope, bodies: Iterable[str]) -> dict[str, int]:
    """Ids of definition sets by their JSON (`definition_body`), stored where they are new.

    They describe metrics, not tenants, so the scope does not narrow them.
    """
    found: dict[str, int] = {}
    for body in sorted(set(bodies)):
        key = connection.execute(_DEFINED, {"named": body}).scalar()
        if key is None:
            key = connection.execute(_DEFINE, {"body": body}).scalar_one()
        found[body] = key
    return found


def definition_body(definitions: Mapping[str, str], kinds: Mapping[str, Kind]) -> str:
    """The canonical JSON of a definition set."""
    return _encode(Definitions(dict(definitions), dict(kinds))).decode()


_READ = (
    observations.c.post_id,
    observations.c.day,
    observations.c.observed_at,
    observations.c.told,
    observations.c.digest,
    observations.c.whole_day,
    observations.c.body,
    observations.c.published_at,
    observations.c.published_day,
    observations.c.source,
    observations.c.run_id,
    definition_sets.c.body.label("definitions"),
)


def _observed(row: Any, sets: dict[str, Definitions]) -> Observed:
    """The reading in a row of `_READ`; `sets` keeps definitions that were decoded before."""
    known = sets.get(row.definitions)
    if known is None:
        known = sets[row.definitions] = _definitions(row.definitions)
    return Observed(
        row.observed_at,
        row.digest,
        _values(row.body),
        known.kinds,
        known.definitions,
        row.source,
        Publication(row.published_at, row.published_day).told,
        row.whole_day,
        row.told,
    )


def stored_on(
    connection: sa.Connection, scope: Scope, pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], list[Stored]]:
    """Every stored reading of the given (post id, day) pairs."""
    found: dict[tuple[int, int], list[Stored]] = {}
    sets: dict[str, Definitions] = {}
    by_day: dict[int, list[int]] = {}
    for post, day in pairs:
        by_day.setdefault(day, []).append(post)
    # A day at a time: SQLite seeks by the key's first column, but scans for an IN over (day, post).
    for day, some in ((day, some) for day, ids in by_day.items() for some in chunks(ids)):
        query = (
            sa.select(*_READ)
            .join(definition_sets, definition_sets.c.id == observations.c.definition_id)
            .where(
                observations.c.day == day,
                observations.c.post_id.in_(some),
                *within(scope, observations),
            )
        )
        for row in connection.execute(query):
            stored = Stored(_observed(row, sets), row.run_id)
            found.setdefault((row.post_id, row.day), []).append(stored)
    return found


def by_day(connection: sa.Connection, scope: Scope) -> Iterator[tuple[int, list[tuple[int, Observed]]]]:
    """(day, every reading of that day with its post), oldest day first; never more than one day of them at
    once."""
    sets: dict[str, Definitions] = {}
    seen: int | None = None
    while (day := next_day(connection, scope, seen)) is not None:
        query = (
            sa.select(*_READ)
            .join(definition_sets, definition_sets.c.id == observations.c.definition_id)
            .join(posts, posts.c.id == observations.c.post_id)
            .where(observations.c.day == day, *within(scope, posts))
        )
        yield (
            day,
            [(row.post_id, _observed(row, sets)) for row in connection.execute(query)],
        )
        seen = day


def next_day(connection: sa.Connection, scope: Scope, after: int | None) -> int | None:
    """The first day with a reading, after a day or of all; None where there is none."""
    query = sa.select(sa.func.min(observations.c.day)).where(*within(scope, observations))
    if after is not None:
        query = query.where(observations.c.day > after)
    return connection.execute(query).scalar()


def add_observations(
    connection: sa.Connection, scope: Scope, rows: Sequence[tuple[int | float | str | bytes | None, ...]]
) -> None:
    """Append readings (tuples of `COLUMNS`); one that is there already is left as it is."""
    organization = COLUMNS.index("organization_id")
    if scope.organizations is not None and any(row[organization] not in scope.organizations for row in rows):
        raise ValueError("an observation of an organisation outside the scope")
    put(connection, scope, rows)


def put(
    connection: sa.Connection, scope: Scope, rows: Sequence[tuple[int | float | str | bytes | None, ...]]
) -> None:
    """`add_observations` of posts that the scope was asked for."""
    bulk(connection, observations, COLUMNS, rows, mode="ignore")


def of_post(connection: sa.Connection, scope: Scope, post_id: int, days: Sequence[int]) -> list[Observation]:
    """The post's readings on those days, the one that counts most first."""
    found: list[tuple[int, Observed, Observation]] = []
    sets: dict[str, Definitions] = {}
    for some in chunks(days):
        query = (
            sa.select(*_READ, observations.c.recorded_at)
            .join(definition_sets, definition_sets.c.id == observations.c.definition_id)
            .join(posts, posts.c.id == observations.c.post_id)
            .where(
                observations.c.day.in_(some),
                observations.c.post_id == post_id,
                *within(scope, posts),
            )
        )
        rows = connection.execute(query).all()
        readings = [_observed(row, sets) for row in rows]
        for row, mine in zip(rows, readings, strict=True):
            shown = Observation(
                day_date(row.day),
                None if row.whole_day else row.observed_at,
                row.recorded_at,
                dict(mine.values),
                sets[row.definitions].definitions,
                row.published_at,
                None if row.published_day is None else day_date(row.published_day),
                row.source,
                row.run_id,
                row.digest.hex(),
                any(other.replaces(mine) for other in readings),
            )
            found.append((row.day, mine, shown))
    found.sort(key=lambda each: (each[0], each[1].order), reverse=True)
    return [shown for *_, shown in found]


class DailyValue(Struct, frozen=True):
    """One value of a series that is per day already, in the provider's own day. `observed_at`: the reading
    that said it first, of those since an earlier value differed; `restated`: one did."""

    date: date
    metric: str
    value: Value
    observed_at: datetime
    restated: bool


def add_daily(
    connection: sa.Connection,
    scope: Scope,
    rows: Sequence[tuple[int, int, str, datetime, Value, int, str, int, datetime]],
) -> int:
    """Add daily values of one reading: (day, post, metric, observed_at, value, organisation, source, run,
    recorded_at), each post, day and metric once.

    Of a value said again and again its first and its last time are kept: the last, so that a late reading
    of the time between can't pass for news. One between them is kept as well where it was recorded before
    the first: there was a time when nothing else was known. Returns how many values are none of their
    neighbours'.
    """
    if scope.organizations is not None and any(row[5] not in scope.organizations for row in rows):
        raise ValueError("a daily value of an organisation outside the scope")
    table, names = daily_metrics, [column.name for column in daily_metrics.columns]
    on_record = _said(connection, rows)
    added: list[dict[str, object]] = []
    dropped: list[sa.ColumnElement[bool]] = []
    new = 0
    for row in rows:
        day, post, metric, at, value = row[:5]
        known = sorted(on_record.get((day, post, metric), ()))
        order = [(said_at, said) for said_at, said, _ in known]
        key = (at, float(value))
        place = bisect_right(order, key)
        before = [said for _, said in order[max(0, place - 1) : place]]
        after = [said for _, said in order[place : place + 1]]
        if before == after == [value] or key in order:
            continue
        added.append(dict(zip(names, row, strict=True)))
        known.insert(place, (*key, row[8]))
        mine = sa.and_(table.c.day == day, table.c.post_id == post, table.c.metric == metric)
        dropped += [
            sa.and_(mine, table.c.observed_at == said_at, table.c.value == said)
            for said_at, said in _needless(known, place)
        ]
        new += value not in (*before, *after)
    if added:
        connection.execute(sa.insert(table), added)
    for which in dropped:
        connection.execute(sa.delete(table).where(which))
    return new


def _said(
    connection: sa.Connection, rows: Sequence[tuple[int, int, str, datetime, Value, int, str, int, datetime]]
) -> dict[tuple[int, int, str], list[tuple[datetime, float, datetime]]]:
    """(day, post, metric) -> when what was said of it, and when that was recorded, of the posts and days of
    the rows."""
    table = daily_metrics
    days: dict[int, set[int]] = {}
    for row in rows:
        days.setdefault(row[1], set()).add(row[0])
    found: dict[tuple[int, int, str], list[tuple[datetime, float, datetime]]] = {}
    for post, wanted in days.items():
        for some in chunks(sorted(wanted)):
            query = sa.select(
                table.c.day, table.c.metric, table.c.observed_at, table.c.value, table.c.recorded_at
            ).where(table.c.day.in_(some), table.c.post_id == post)
            for day, metric, *said in connection.execute(query):
                found.setdefault((day, post, metric), []).append((said[0], said[1], said[2]))
    return found


def _needless(known: Sequence[tuple[datetime, float, datetime]], place: int) -> list[tuple[datetime, float]]:
    """Neighbours of the value at `place` that say nothing between two equal ones, whenever one asks."""
    return [
        known[n][:2]
        for n in (place - 1, place + 1)
        if 0 < n < len(known) - 1
        and known[n - 1][1] == known[n][1] == known[n + 1][1]
        and known[n - 1][2] <= known[n][2]
    ]


def daily_of_post(
    connection: sa.Connection, scope: Scope, post_id: int, start: int, end: int
) -> list[DailyValue]:
    """The current value per day and metric in [start, end]; `restated` where an earlier one differed."""
    query = (
        sa.select(daily_metrics)
        .join(posts, posts.c.id == daily_metrics.c.post_id)
        .where(
            daily_metrics.c.day >= start,
            daily_metrics.c.day <= end,
            daily_metrics.c.post_id == post_id,
            *within(scope, posts),
        )
        .order_by(
            daily_metrics.c.day, daily_metrics.c.metric, daily_metrics.c.observed_at, daily_metrics.c.value
        )
    )
    current: dict[tuple[int, str], DailyValue] = {}
    for row in connection.execute(query):
        key = (row.day, row.metric)
        number = int(row.value) if float(row.value).is_integer() else row.value
        earlier = current.get(key)
        restated = earlier is not None and (earlier.restated or earlier.value != number)
        if earlier is None or earlier.value != number:
            current[key] = DailyValue(day_date(row.day), row.metric, number, row.observed_at, restated)
    return list(current.values())
