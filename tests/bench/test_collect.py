"""Collect: readings per second through the real path, against raw executemany of the same rows.

Both sides run in one process, one after the other, on files in the same directory. The raw side repeats the
very statements and rows that the real path sent to the database, one commit a batch, so the ratio says what
deciding on those rows costs. Figures go to stdout and to `bench-collect.json` (AFTERPOST_BENCH_DIR).
"""

import json
import os
import platform
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from afterpost.domain.readings import Reading
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.services.record import Item, record
from afterpost.storage import dialect, latest, observations, organizations, posts, rollups, runs, snapshots
from afterpost.storage.engine import Database
from afterpost.storage.migrate import migrate
from afterpost.storage.organizations import Organization
from afterpost.storage.posts import Post
from afterpost.storage.transaction import Transactions, Tx

SEED = 20260410
POSTS = 5_000
BATCH = 5_000
DAYS = 10
NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
TABLES = ("observations", "post_analytics", "latest", "rollups", "standing", "attendance")
DEFINITIONS = dict.fromkeys(("views", "likes", "comments", "shares"), "1")
EVERYTHING = Scope.default()

Sent = tuple[str, list[Any]]


def writing(database: Database, at: datetime) -> AbstractContextManager[Tx]:
    """A transaction that records this instant."""
    return Transactions(database, lambda: at).write(EVERYTHING, SYSTEM)


def prepare(path: Path) -> tuple[Database, Organization, list[Post], int]:
    """A database with the posts in it."""
    database = Database(f"sqlite:///{path}")
    migrate(database, EVERYTHING, {})
    with writing(database, NOON) as tx:
        organization = organizations.ensure_default(tx.connection, EVERYTHING, "UTC", NOON)
        posts.add_posts(
            tx.connection,
            EVERYTHING,
            [
                {
                    "organization_id": organization.id,
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
                for n in range(POSTS)
            ],
        )
        found = posts.find_posts(
            tx.connection, EVERYTHING, organization.id, "bench", [f"p{n}" for n in range(POSTS)]
        )
        run_id = runs.start_run(tx.connection, EVERYTHING, organization.id, "collect", "bench", NOON)
        body = observations.definition_body(DEFINITIONS, {})
        observations.definition_ids(tx.connection, EVERYTHING, [body])
    return database, organization, list(found.values()), run_id


def readings(owners: list[Post]) -> Iterator[tuple[datetime, list[Item]]]:
    """Batches of one day each, in random order, 3 % of the posts missing each day."""
    rng = random.Random(SEED)
    totals = {post.id: [1_000, 100, 20, 5] for post in owners}
    for day in range(DAYS):
        at = NOON + timedelta(days=day)
        order = rng.sample(owners, len(owners))
        items = []
        for post in order:
            counts = totals[post.id]
            for n, most in enumerate((500, 40, 6, 3)):
                counts[n] += rng.randrange(most)
            if rng.random() >= 0.03:
                values = dict(zip(DEFINITIONS, counts, strict=True))
                reading = Reading(
                    observed_at=at,
                    values=values,
                    definitions=DEFINITIONS,
                    published_at=NOON - timedelta(hours=5),
                )
                items.append(Item(post, reading, "api"))
        for start in range(0, len(items), BATCH):
            yield at, items[start : start + BATCH]


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


def contents(database: Database) -> dict[str, list[Any]]:
    with database.read() as connection:
        return {
            table: sorted(map(tuple, connection.exec_driver_sql(f"SELECT * FROM {table}")))
            for table in TABLES
        }


def test_collecting_against_raw_executemany_of_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, organization, owners, run_id = prepare(tmp_path / "real.db")
    raw, *_ = prepare(tmp_path / "raw.db")
    # What the real path sends is noted on a third database, so that noting it costs neither side.
    shadow, *_ = prepare(tmp_path / "shadow.db")
    real_rates, raw_rates, ratios = [], [], []
    for at, items in readings(owners):
        began = time.perf_counter()
        with writing(database, at) as tx:
            record(tx, organization, items, run_id)
        real_seconds = time.perf_counter() - began

        sent: list[Sent] = []
        with noted(monkeypatch, sent), writing(shadow, at) as tx:
            record(tx, organization, items, run_id)
        began = time.perf_counter()
        with raw.writer.connect() as connection, connection.begin():
            for sql, rows in sent:
                connection.exec_driver_sql(sql, rows)
        raw_seconds = time.perf_counter() - began
        real_rates.append(len(items) / real_seconds)
        raw_rates.append(len(items) / raw_seconds)
        ratios.append(raw_seconds / real_seconds)
    _same(database, raw)
    ratios.sort()
    figures = {
        "readings_per_second": round(sorted(real_rates)[len(real_rates) // 2]),
        "raw_readings_per_second": round(sorted(raw_rates)[len(raw_rates) // 2]),
        "ratio_median": round(ratios[len(ratios) // 2], 3),
        "ratio_range": [round(ratios[0], 3), round(ratios[-1], 3)],
        "posts": POSTS,
        "days": DAYS,
        "batch": BATCH,
        "seed": SEED,
        "commit": _commit(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    }
    print("\n" + json.dumps(figures, indent=2))
    out = Path(os.environ.get("AFTERPOST_BENCH_DIR", tmp_path)) / "bench-collect.json"
    out.write_text(json.dumps(figures, indent=2) + "\n")
    for opened in (database, raw, shadow):
        opened.close()


def _same(real: Database, raw: Database) -> None:
    """Both sides hold the same facts, or the comparison would be worth nothing."""
    expected, found = contents(real), contents(raw)
    for table in TABLES:
        assert found[table] == expected[table], table


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"
