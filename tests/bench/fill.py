"""Filling a database with made-up facts, by appending or through the real path, and DuckDB with the same."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import sqlalchemy as sa

from afterpost.domain.readings import Reading
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.services.record import Item, record
from afterpost.storage import changes, observations, organizations, posts, runs
from afterpost.storage import tables as t
from afterpost.storage.engine import Database
from afterpost.storage.migrate import migrate
from afterpost.storage.tables import ATTENDANCE_COUNTERS, DIMENSIONS, ROLLUP_COUNTERS, STANDING_COUNTERS
from afterpost.storage.transaction import Transactions
from afterpost.storage.types import from_micros
from tests.bench.data import (
    BATCH,
    BRANDS,
    DAY,
    DUE_DAYS,
    METRICS,
    PLATFORMS,
    SNAPSHOT_COLUMNS,
    TODAY,
    TYPES,
    Book,
    Ints,
    Population,
    Written,
    bodies,
    definitions,
    due_on,
    noon,
    opening,
    readings_of,
    reports,
    snapshot_rows,
)

EVERYTHING = Scope.default()
DUE_COLUMNS = ("day", "post_id", "organization_id", "prev_day", "first_at", "last_at", "recorded_at")
LATEST_COLUMNS = (
    *("post_id", "organization_id", "first_day", "last_day", "first_at", "published_at", "known"),
)


def opened(path: Path, population: Population) -> Database:
    """A database with the organisations, brands, accounts and posts of a population, and no facts."""
    database = Database(f"sqlite:///{path}")
    migrate(database, EVERYTHING, {})
    now = noon(TODAY)
    size = population.size
    accounts = [
        (organization, brand, PLATFORMS[platform])
        for organization in range(1, size.organizations + 1)
        for brand in range((organization - 1) * BRANDS + 1, organization * BRANDS + 1)
        for platform in range(len(PLATFORMS))
    ]
    with database.writer.connect() as connection, connection.begin():
        _insert(
            connection,
            t.organizations,
            ("slug", "name", "time_zone", "zone_fixed", "change_seq", "created_at"),
            ((f"o{n}", f"Organisation {n}", "UTC", True, 0, now) for n in range(1, size.organizations + 1)),
        )
        _insert(
            connection,
            t.brands,
            ("organization_id", "slug", "name", "created_at"),
            (
                (1 + n // BRANDS, f"b{n + 1}", f"Brand {n + 1}", now)
                for n in range(size.organizations * BRANDS)
            ),
        )
        _insert(
            connection,
            t.accounts,
            (
                *("organization_id", "brand_id", "platform", "external_id", "handle", "name", "state"),
                *("listed", "created_at"),
            ),
            (
                (organization, brand, platform, f"a{n}", f"a{n}", f"Account {n}", "active", True, now)
                for n, (organization, brand, platform) in enumerate(accounts, start=1)
            ),
        )
        _insert(
            connection,
            t.posts,
            (
                *("organization_id", "brand_id", "account_id", "platform", "external_id", "title"),
                *("description", "url", "content_type", "published_at", "links", "state", "misses"),
                *("gone_at", "created_at"),
            ),
            _posts(population),
        )
        for organization in range(1, size.organizations + 1):
            runs.start_run(connection, EVERYTHING, organization, "collect", "bench", now)
        _definition_ids(connection)
    return database


def _definition_ids(connection: sa.Connection) -> list[int]:
    """The id of what each platform is asked for; two of them are asked for the same."""
    asked = [observations.definition_body(definitions(name), {}) for name in PLATFORMS]
    ids = observations.definition_ids(connection, EVERYTHING, asked)
    return [ids[body] for body in asked]


def _posts(population: Population) -> Iterator[tuple[Any, ...]]:
    columns = [
        population.organization,
        population.brand,
        population.account,
        population.platform,
        population.content_type,
        population.published,
        population.gone,
    ]
    never, created = np.iinfo(np.int64).max, noon(TODAY)
    for row, (organization, brand, account, platform, kind, published, gone) in enumerate(
        zip(*(column.tolist() for column in columns), strict=True)
    ):
        left = gone != never
        yield (
            *(organization, brand, account, PLATFORMS[platform], f"p{row + 1}", opening(population, row)),
            *("", f"https://example.test/p{row + 1}", TYPES[kind], from_micros(published), "{}"),
            *("gone" if left else "live", 3 if left else 0, from_micros(gone) if left else None, created),
        )


def _insert(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    connection.execute(sa.insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def append(
    database: Database, population: Population, *, facts: duckdb.DuckDBPyConnection | None = None
) -> int:
    """Store the whole history; returns how many snapshots. `facts`: a DuckDB that gets the same ones."""
    if facts is not None:
        _create_facts(facts)
        _describe(facts, population)
    book, count = Book(population), 0
    seqs = np.zeros(population.size.posts, np.int64)
    with database.writer.connect() as connection, connection.begin():
        asked = _definition_ids(connection)
    for day in range(population.first_day, population.first_day + population.size.days):
        written = book.day(day)
        count += len(written.readings.rows)
        with database.writer.connect() as connection, connection.begin():
            _number(connection, population, written, seqs)
            _append(
                connection, "observations", observations.COLUMNS, _observations(population, written, asked)
            )
            _append(connection, "post_analytics", SNAPSHOT_COLUMNS, snapshot_rows(population, written, seqs))
        if facts is not None:
            _append_facts(facts, population, written)
    with database.writer.connect() as connection, connection.begin():
        place = _places(population)
        # In the order of the keys: brands before days, and accounts are numbered by brand.
        daily = sorted(book.rollups(), key=lambda row: (place[row[0]][:2], row[1], place[row[0]][2:]))
        _append(
            connection,
            "rollups",
            (*DIMENSIONS, "day", *ROLLUP_COUNTERS),
            ((*place[group], day, *counters) for group, day, counters in daily),
        )
        _append(
            connection,
            "standing",
            (*DIMENSIONS, *STANDING_COUNTERS),
            ((*place[group], *counters) for group, counters in book.standing()),
        )
        book.unread()
        attended = sorted(
            book.attendance.items(),
            key=lambda row: (place[row[0][0]][:2], row[0][1], place[row[0][0]][2:], row[0][2]),
        )
        _append(
            connection,
            "attendance",
            (*DIMENSIONS, "day", "gap", *ATTENDANCE_COUNTERS),
            (
                (*place[group], *days, *(counters.get(name, 0) for name in ATTENDANCE_COUNTERS))
                for (group, *days), counters in attended
            ),
        )
        _append(connection, "due_reads", DUE_COLUMNS, _dues(population))
        heads = {row[1]: (row[0], row[3]) for row in _dues(population)}
        connection.exec_driver_sql(
            "UPDATE posts SET due_day = ?, due_prev = ? WHERE id = ?",
            [(*head, post_id) for post_id, head in heads.items()],
        )
        opened = sorted(
            book.openings, key=lambda row: (place[row[0]][:2], row[1], place[row[0]][2:], *row[2:])
        )
        _append(
            connection,
            "openings",
            (*DIMENSIONS, "day", "metric", "span", "posts", "total"),
            ((*place[group], *rest) for group, *rest in opened),
        )
        _append(connection, "latest", LATEST_COLUMNS, book.states())
    return count


def _dues(population: Population) -> Iterator[tuple[Any, ...]]:
    """Rows of `due_reads`, in the order of their key."""
    end = population.first_day + population.size.days
    for day in range(end - DUE_DAYS, end):
        due = np.flatnonzero(due_on(population, day))
        first = (population.published[due] // DAY == day) | (day == end - DUE_DAYS)
        at = (day * DAY + population.read_at[due]).tolist()
        owners = population.organization[due].tolist()
        for row, owner, new, instant in zip(due.tolist(), owners, first.tolist(), at, strict=True):
            yield day, row + 1, owner, None if new else day - 1, instant, instant, instant


def _append(
    connection: sa.Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    raw: Any = connection.connection.driver_connection
    marks = ",".join("?" * len(columns))
    raw.executemany(f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})", rows)


def _places(population: Population) -> list[tuple[int, int, int, str, str]]:
    """group -> its dimensions in the rollups."""
    found: list[tuple[int, int, int, str, str]] = []
    for account in range(population.size.organizations * BRANDS * len(PLATFORMS)):
        brand, platform = divmod(account, len(PLATFORMS))
        organization = 1 + brand // BRANDS
        found.extend((organization, brand + 1, account + 1, PLATFORMS[platform], kind) for kind in TYPES)
    return found


def _number(connection: sa.Connection, population: Population, written: Written, seqs: Ints) -> None:
    """Give the snapshots of a day their numbers in the change sequence, a batch of posts each."""
    rows = written.readings.rows
    for organization in range(1, population.size.organizations + 1):
        mine = rows[population.organization[rows] == organization]
        for start in range(0, len(mine), BATCH):
            some = mine[start : start + BATCH]
            seq = organizations.next_change(connection, EVERYTHING, organization, noon(TODAY))
            seqs[some] = seq
            changes.add(connection, EVERYTHING, organization, seq, {written.day: (some + 1).tolist()})


def _observations(
    population: Population, written: Written, asked: Sequence[int]
) -> Iterator[tuple[Any, ...]]:
    readings = written.readings
    columns = (
        population.organization[readings.rows].tolist(),
        population.platform[readings.rows].tolist(),
        population.published[readings.rows].tolist(),
        readings.at.tolist(),
    )
    recorded = readings.at.max(initial=0)
    for (row, body, digest), organization, platform, published, at in zip(
        bodies(population, readings), *columns, strict=True
    ):
        yield (
            *(written.day, row + 1, at, digest, organization, asked[platform], body, published),
            *("api", organization, int(recorded)),
        )


def record_all(database: Database, population: Population) -> None:
    """The same history through the real path."""
    with database.read() as connection:
        owners = posts.get_posts(connection, EVERYTHING, range(1, population.size.posts + 1))
        known = organizations.list_organizations(connection, EVERYTHING)
    for day in range(population.first_day, population.first_day + population.size.days):
        readings = readings_of(population, day)
        items: dict[int, list[Item]] = {}
        for n, row in enumerate(readings.rows.tolist()):
            post = owners[row + 1]
            asked = definitions(post.platform)
            reading = Reading(
                observed_at=from_micros(int(readings.at[n])),
                values={name: int(readings.totals[name][n]) for name in asked},
                definitions=asked,
                published_at=post.published_at,
            )
            items.setdefault(post.organization_id, []).append(Item(post, reading, "api"))
        now = from_micros(int(readings.at.max())) + timedelta(seconds=1)
        for organization in known:
            with Transactions(database, lambda now=now: now).write(EVERYTHING, SYSTEM) as tx:  # type: ignore[misc]
                record(tx, organization, items.get(organization.id, []), organization.id)


def _create_facts(facts: duckdb.DuckDBPyConnection) -> None:
    counters = ", ".join(f"{name}_total BIGINT, {name}_gain BIGINT" for name in METRICS)
    facts.execute(
        "CREATE TABLE facts (day INTEGER, post_id INTEGER, organization_id INTEGER, brand_id INTEGER, "
        f"account_id INTEGER, platform VARCHAR, content_type VARCHAR, days INTEGER, {counters})"
    )


def _describe(facts: duckdb.DuckDBPyConnection, population: Population) -> None:
    """The posts: whose they are, when they came out and when they went."""
    columns = {
        "number": np.arange(1, population.size.posts + 1),
        "organization": population.organization,
        "published": population.published,
        "gone": population.gone,
    }
    facts.register("columns", columns)
    facts.execute(
        "CREATE TABLE posts AS SELECT number AS id, organization AS organization_id, "
        f"published AS published_at, CASE WHEN gone < {np.iinfo(np.int64).max} THEN gone END AS gone_at "
        "FROM columns"
    )
    facts.unregister("columns")


def _append_facts(facts: duckdb.DuckDBPyConnection, population: Population, written: Written) -> None:
    """Append a day's snapshots, dimensions beside them: what a store of columns would hold."""
    rows = written.readings.rows
    columns: dict[str, Any] = {
        "post_id": rows + 1,
        "organization_id": population.organization[rows],
        "brand_id": population.brand[rows],
        "account_id": population.account[rows],
        "platform": population.platform[rows],
        "content_type": population.content_type[rows],
        "days": written.days,
        "unknown": written.unknown,
    }
    chosen = []
    for name in METRICS:
        columns[f"{name}_told"] = reports(population, rows, name)
        columns[f"{name}_total"], columns[f"{name}_gain"] = written.readings.totals[name], written.gains[name]
        chosen.append(f"CASE WHEN {name}_told THEN {name}_total END")
        chosen.append(f"CASE WHEN {name}_told AND NOT unknown THEN {name}_gain END")
    facts.register("columns", columns)
    facts.execute(
        f"INSERT INTO facts SELECT {written.day}, post_id, organization_id, brand_id, account_id, "
        f"{_named('platform', PLATFORMS)}, {_named('content_type', TYPES)}, days, {', '.join(chosen)} "
        "FROM columns"
    )
    facts.unregister("columns")


def _named(column: str, names: Sequence[str]) -> str:
    listed = ", ".join(f"'{name}'" for name in names)
    return f"([{listed}])[{column} + 1]"
