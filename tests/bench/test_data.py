"""The made-up facts are the ones the real path stores."""

from pathlib import Path
from typing import Any

from afterpost.storage import tables
from afterpost.storage.dump import TABLES
from afterpost.storage.engine import Connection
from packages.core.tests.properties import recount
from tests.bench.data import Size, population
from tests.bench.fill import EVERYTHING, append, opened, record_all


def rows_of(connection: Connection, name: str) -> list[dict[str, Any]]:
    """Every row of a table, by column, as stored."""
    return [dict(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}").mappings()]


def recounted(connection: Connection) -> recount.Counters:
    """Attendance, from snapshots and due reads: what `record` alone does not book."""
    posts = {row["id"]: row for row in rows_of(connection, "posts")}
    return recount.attendance(rows_of(connection, "post_analytics"), posts, rows_of(connection, "due_reads"))


def test_appended_facts_are_those_of_the_real_path(tmp_path: Path) -> None:
    posts = population(Size(posts=400, days=25, organizations=3))
    appended, recorded = opened(tmp_path / "appended.db", posts), opened(tmp_path / "recorded.db", posts)
    count = append(appended, posts)
    record_all(recorded, posts)
    with appended.read() as ours, recorded.read() as theirs:
        for name, rows in TABLES.items():
            assert list(rows(ours, EVERYTHING)) == list(rows(theirs, EVERYTHING)), name
        assert len(list(TABLES["post_analytics"](ours, EVERYTHING))) == count > 5_000
        waited = recounted(ours)
        assert recount.stored(rows_of(ours, "attendance"), tables.ATTENDANCE_COUNTERS, "day", "gap") == waited
        assert {name for counters in waited.values() for name in counters} == {*tables.ATTENDANCE_COUNTERS}
    appended.close()
    recorded.close()
