"""Sync: writing the learning rows, all of them and the hundredth part, against CREATE TABLE AS of the same.

The baseline copies the same snapshots and dimensions in one statement, without a formula, a key or a check:
no sync is faster. The incremental one is held against the full one, per row and as a whole.
"""

import asyncio
import shutil
import time
from pathlib import Path
from typing import Any

from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.services.core import Core
from afterpost.services.sync import sync
from tests.bench.data import SEED
from tests.bench.report import report
from tests.bench.stock import stock
from tests.bench.test_query import core_on

SCOPE = Scope(organizations=frozenset({1}))
SHARE = 100
"""One change of so many is made again for the incremental sync."""


def synced(core: Core) -> tuple[int, float]:
    """Rows a sync wrote, and the seconds it took."""
    began = time.perf_counter()
    done = asyncio.run(sync(core, SCOPE, SYSTEM))
    return done.rows, time.perf_counter() - began


def copied(core: Core) -> float:
    """Seconds that CREATE TABLE AS of the same rows takes."""
    totals = ", ".join(f"a.{name}_total" for name in CUMULATIVE)
    sql = (
        "CREATE TABLE copied AS SELECT a.post_id, a.platform, a.day, a.organization_id, p.brand_id, "
        f"p.account_id, p.content_type, {totals}, p.links, a.source, a.change_seq "
        "FROM post_analytics a JOIN posts p ON p.id = a.post_id"
    )
    began = time.perf_counter()
    with core.database.writer.connect() as connection, connection.begin():
        connection.exec_driver_sql(sql)
    return time.perf_counter() - began


def change_some(core: Core) -> None:
    """Ask for one change in `SHARE` again, as readings of those posts and days would."""
    with core.transaction(SCOPE, SYSTEM) as tx:
        again = f"SELECT organization_id, seq, day, post_ids FROM kept WHERE seq % {SHARE} = 0"
        tx.connection.exec_driver_sql(f"INSERT INTO changes {again}")


def test_syncing_against_a_copy_of_the_same_rows(tmp_path: Path) -> None:
    made = stock("1m")
    path = tmp_path / "sync.db"
    shutil.copy(made.sqlite, path)
    with core_on(path, tmp_path / "core") as core:
        with core.database.writer.connect() as connection, connection.begin():
            connection.exec_driver_sql("CREATE TABLE kept AS SELECT * FROM changes")
        baseline = copied(core)
        rows, full = synced(core)
        assert rows == made.snapshots
        change_some(core)
        some, incremental = synced(core)
        assert 0 < some < rows / SHARE * 1.5
        assert synced(core)[0] == 0
    figures: dict[str, Any] = {
        "full": {
            "baseline": "CREATE TABLE AS of the same rows, no key",
            "speed": round(baseline / full, 3),
            "rows": rows,
            "rows_per_second": round(rows / full),
        },
        "incremental": {
            "baseline": "the full sync",
            "rows": some,
            "time_ratio": round(incremental / full, 4),
            "time_ratio_per_row": round(incremental / some / (full / rows), 3),
        },
    }
    report("sync", SEED, figures)
