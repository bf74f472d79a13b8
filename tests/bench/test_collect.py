"""Collect: from decoded readings to commit, against two other ways to write the same rows, and against itself
after a hundred times the history.

All sides run in one process, turn by turn, on files in the same directory. What the real path sends to the
database is noted once, on a database of its own, so that noting it costs no side.

- `raw`: the very same bulk statements and rows, one executemany each, one commit a batch. The ratio says what
  deciding on those rows costs. A slow table would flatter it: absolute rates and bytes stand beside it.
- `one_statement_a_row`: the same rows, each sent by itself through SQLAlchemy and committed by itself, as an
  application does that stores what it has when it has it; `one_statement_a_row_one_commit`: each sent by
  itself, those of a table committed together.
- `after_100_times_the_history`: the same days stored after 3 days and after 300.
"""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from afterpost.domain.readings import Reading
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.services.record import Item, record
from afterpost.storage import dialect, latest, observations, organizations, posts, rollups, runs, snapshots
from afterpost.storage.engine import Database
from afterpost.storage.migrate import migrate
from afterpost.storage.posts import Post
from afterpost.storage.transaction import Transactions, Tx
from tests.bench.report import Paired, report

SEED = 20260410
NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
TABLES = ("observations", "post_analytics", "latest", "rollups", "standing", "attendance", "openings")
DEFINITIONS = dict.fromkeys(("views", "likes", "comments", "shares"), "1")
EVERYTHING = Scope.default()

BATCH = 5_000
"""Posts of the comparison; a day of them is one batch."""
DAYS = 12
SAMPLE = 100
"""So many rows of a statement are sent one by one; the time is scaled to all of them."""

LONG = 2_000
"""Posts of the long history."""
YOUNG = 3
TIMES = 100

Sent = tuple[str, list[Any]]


class Side:
    """A database with posts in it, and what is needed to collect them."""

    def __init__(self, path: Path, count: int) -> None:
        self.path = path
        self.database = Database(f"sqlite:///{path}")
        migrate(self.database, EVERYTHING, {})
        with self.writing(NOON) as tx:
            self.organization = organizations.ensure_default(tx.connection, EVERYTHING, "UTC", NOON)
            rows = [self._post(n) for n in range(count)]
            posts.add_posts(tx.connection, EVERYTHING, rows)
            names = [row["external_id"] for row in rows]
            found = posts.find_posts(tx.connection, EVERYTHING, self.organization.id, "bench", names)
            self.posts = list(found.values())
            self.run_id = runs.start_run(
                tx.connection, EVERYTHING, self.organization.id, "collect", "bench", NOON
            )
            body = observations.definition_body(DEFINITIONS, {})
            observations.definition_ids(tx.connection, EVERYTHING, [body])

    def writing(self, at: datetime) -> AbstractContextManager[Tx]:
        """A transaction that records this instant."""
        return Transactions(self.database, lambda: at).write(EVERYTHING, SYSTEM)

    def collect(self, at: datetime, items: Sequence[Item]) -> float:
        """Store a batch the real way; returns the seconds it took, commit included."""
        began = time.perf_counter()
        with self.writing(at) as tx:
            record(tx, self.organization, items, self.run_id)
        return time.perf_counter() - began

    def repeat(self, sent: Sequence[Sent]) -> float:
        """Send those statements in one transaction; returns the seconds it took, commit included."""
        began = time.perf_counter()
        with self.database.writer.connect() as connection, connection.begin():
            for sql, rows in sent:
                connection.exec_driver_sql(sql, rows)
        return time.perf_counter() - began

    def one_by_one(self, sent: Sequence[Sent], *, commits: bool) -> float:
        """The seconds of sending every row by itself, scaled from a sample; a commit each, or one a table."""
        seconds = 0.0
        for sql, rows in sent:
            # Two samples without a row in common: both insert what is not there.
            few = rows[int(commits) :: max(2, len(rows) // SAMPLE)]
            began = time.perf_counter()
            if commits:
                for row in few:
                    with self.database.writer.connect() as connection, connection.begin():
                        connection.exec_driver_sql(sql, row)
            else:
                with self.database.writer.connect() as connection, connection.begin():
                    for row in few:
                        connection.exec_driver_sql(sql, row)
            seconds += (time.perf_counter() - began) * len(rows) / len(few)
        return seconds

    def contents(self) -> dict[str, list[Any]]:
        """Every fact."""
        with self.database.read() as connection:
            return {
                table: sorted(map(tuple, connection.exec_driver_sql(f"SELECT * FROM {table}")))
                for table in TABLES
            }

    def count(self, table: str) -> int:
        """Rows of a table."""
        with self.database.read() as connection:
            found: int = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            return found

    def _post(self, n: int) -> dict[str, Any]:
        return {
            "organization_id": self.organization.id,
            "platform": "bench",
            "external_id": f"p{n}",
            "title": "",
            "description": "",
            "url": "",
            "content_type": f"type{n % 8}",
            "links": "{}",
            "state": "live",
            "misses": 0,
            "created_at": NOON,
        }


def readings(owners: Sequence[Post], days: int) -> Iterator[tuple[datetime, list[Item]]]:
    """A batch a day, its posts in random order, 3 % of them missing."""
    rng = random.Random(SEED)
    totals = {post.id: [1_000, 100, 20, 5] for post in owners}
    for day in range(days):
        at = NOON + timedelta(days=day)
        items = []
        for post in rng.sample(owners, len(owners)):
            counts = totals[post.id]
            for n, most in enumerate((500, 40, 6, 3)):
                counts[n] += rng.randrange(most)
            if rng.random() >= 0.03:
                reading = Reading(
                    observed_at=at,
                    values=dict(zip(DEFINITIONS, counts, strict=True)),
                    definitions=DEFINITIONS,
                    published_at=NOON - timedelta(hours=5, seconds=post.id),
                )
                items.append(Item(post, reading, "api"))
        yield at, items


@contextmanager
def noted(monkeypatch: pytest.MonkeyPatch, sent: list[Sent]) -> Iterator[None]:
    """Keep every bulk statement with its rows."""
    real = dialect.bulk

    def noting(connection: Any, table: Any, columns: Any, rows: Any, *, mode: Any) -> int:
        if rows:
            keys = tuple(column.name for column in table.primary_key.columns)
            at = [columns.index(name) for name in keys]
            plain = sorted(rows, key=lambda row: tuple(row[n] for n in at))
            sent.append((dialect._upsert("sqlite", table, columns, keys, mode), plain))
        return real(connection, table, columns, rows, mode=mode)

    with monkeypatch.context() as patched:
        for module in (observations, snapshots, latest, rollups, runs):
            patched.setattr(module, "bulk", noting)
        yield


def test_collecting_against_other_ways_to_write_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, raw, shadow = (Side(tmp_path / f"{name}.db", BATCH) for name in ("real", "raw", "shadow"))
    single = Side(tmp_path / "single.db", BATCH)
    empty = real.path.stat().st_size
    ours: list[float] = []
    others: dict[str, list[float]] = {"raw": [], "single": [], "together": []}
    rates, raw_rates, stored = [], [], 0
    for at, items in readings(real.posts, DAYS):
        sent: list[Sent] = []
        with noted(monkeypatch, sent):
            shadow.collect(at, items)
        ours.append(real.collect(at, items))
        others["raw"].append(raw.repeat(sent))
        others["single"].append(single.one_by_one(sent, commits=True))
        others["together"].append(single.one_by_one(sent, commits=False))
        single.repeat(sent)  # what was a sample becomes whole, so that this one grows with the others
        rates.append(len(items) / ours[-1])
        raw_rates.append(len(items) / others["raw"][-1])
        stored += len(items)
    # Both sides hold the same facts, or the comparison would be worth nothing.
    assert raw.contents() == real.contents()
    to_raw, to_single = Paired(ours, others["raw"]), Paired(ours, others["single"])
    real.database.close()
    figures = {
        "readings_per_second": round(median(rates)),
        "raw_readings_per_second": round(median(raw_rates)),
        "bytes_per_reading": round((real.path.stat().st_size - empty) / stored),
        "readings_a_batch": round(stored / DAYS),
        "raw": to_raw.figures("the same rows by executemany, one commit a batch"),
        "one_statement_a_row": to_single.figures("the same rows, a statement and a commit each"),
        "one_statement_a_row_one_commit": Paired(ours, others["together"]).figures(
            "the same rows, a statement each, one commit a table"
        ),
    }
    for side in (raw, shadow, single):
        side.database.close()
    report("collect", SEED, figures)
    assert to_raw.speed >= 0.4
    assert to_single.speed >= 15


def test_collecting_after_a_hundred_times_the_history(tmp_path: Path) -> None:
    young, old = Side(tmp_path / "young.db", LONG), Side(tmp_path / "old.db", LONG)
    days = list(readings(young.posts, YOUNG + 12))
    for at, items in days[:YOUNG]:
        young.collect(at, items)
        old.collect(at, items)
    lengthen(old)
    for table in ("observations", "post_analytics"):
        assert old.count(table) == TIMES * young.count(table)
    now: list[float] = []
    start: list[float] = []
    for turn, (at, items) in enumerate(days[YOUNG:]):
        sides = [(young, start), (old, now)]
        for side, times in sides[:: 1 if turn % 2 else -1]:
            times.append(side.collect(at, items))
    paired = Paired(now, start)
    figures = {
        "readings_per_second": round(LONG * 0.97 / median(now)),
        "snapshots_before": old.count("post_analytics"),
        "after_100_times_the_history": paired.figures(
            f"the same days after {YOUNG} days instead of {YOUNG * TIMES}"
        ),
    }
    for side in (young, old):
        side.database.close()
    report("collect-history", SEED, figures)
    assert paired.speed >= 0.8


def lengthen(side: Side) -> None:
    """Repeat the history that there is before its first day, until it is `TIMES` as long."""
    moved = {"day": "day - {0}", "prev_day": "prev_day - {0}"}
    moved |= {"observed_at": "observed_at - {0} * 86400000000"}
    with side.writing(NOON) as tx:
        for table in ("observations", "post_analytics", "rollups", "attendance"):
            names = [row[1] for row in tx.connection.exec_driver_sql(f"PRAGMA table_info({table})")]
            last = day_of(NOON)
            for n in range(TIMES - 1, 0, -1):
                columns = ", ".join(moved.get(name, name).format(n * YOUNG) for name in names)
                tx.connection.exec_driver_sql(
                    f"INSERT INTO {table} SELECT {columns} FROM {table} WHERE day >= {last}"
                )
        tx.connection.exec_driver_sql(f"UPDATE latest SET first_day = first_day - {YOUNG * (TIMES - 1)}")
        tx.connection.exec_driver_sql("ANALYZE")


def day_of(instant: datetime) -> int:
    """Its day number in UTC."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)).days
