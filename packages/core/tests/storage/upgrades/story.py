"""A story that is told to a database, and what the software of each revision made of it (`000N.json`).

The files were written by the code of then, not by today's: a migration has to understand what was really
stored. One for the newest revision is written before the next one is added, from the folder of its checkout:

    python packages/core/tests/storage/upgrades/story.py packages/core/tests/storage/upgrades/0008.json

So this file uses only what tests could use from the first revision on.
"""

import json
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from afterpost.domain.metrics import Kind
from afterpost.domain.posts import CreativeLinks
from afterpost.domain.readings import Value
from afterpost.loading import build_plugins
from afterpost.services.core import Core, open_core
from afterpost.storage import posts
from packages.core.tests.house import (
    ACTOR,
    EVERYTHING,
    NOW,
    Clock,
    at,
    day,
    settings_in,
    synced,
    tell,
    told,
)
from packages.core.tests.services.scenery import adopt, set_missing

ASKED = ("views", "likes", "comments", "shares", "saves")


def tell_story(core: Core, clock: Clock) -> None:
    """Gaps, a fall, a late reading, a metric that vanished, levels, series by day, an account, a post that
    went, learning rows and one that waits; a minute apart. It ends at noon of the 22nd."""
    clock.now = at("2026-11-22 08:00")
    for n, when in enumerate(("10 09:00", "11 23:30", "15 10:00", "16 10:00", "20 10:00")):
        told_then = told(
            "a",
            at(f"2026-11-{when}"),
            {
                "views": 100 + 70 * n,
                "likes": 9 - n,
                "saves": n,
                "x_youtube_points": 3 * n,
                "avg_view_seconds": 7.5,
            },
            published_at=at("2026-11-10 08:00"),
            asked=ASKED,
            title="Loaf of rye",
            content_type="video",
            links=CreativeLinks(hook="h1", prompt="bold"),
        )
        tell(core, told_then, brand="Corner Bakery")
        clock.advance(timedelta(minutes=1))
    # Read late, of a day in a gap; and of a time before the first reading.
    tell(core, told("a", at("2026-11-13 10:00"), {"views": 111, "likes": 4}, asked=ASKED))
    clock.advance(timedelta(minutes=1))
    # Opening totals: of an old post, of a new one, of one that nobody dates; without exposure.
    tell(core, told("old", at("2026-11-14"), {"views": 90_000, "likes": 800}, published_at=at("2025-06-01")))
    tell(core, told("old", at("2026-11-19"), {"views": 90_050}, published_at=at("2025-06-01")))
    clock.advance(timedelta(minutes=1))
    tell(
        core,
        told("undated", at("2026-11-18"), {"impressions": 40, "likes": 2}, asked=("impressions", "likes")),
    )
    tell(
        core, told("undated", at("2026-11-20"), {"impressions": 80, "likes": 3}), brand=None, source="manual"
    )
    clock.advance(timedelta(minutes=1))
    # Series by day, one of them restated; a metric that is a level here.
    for hour, value in ((8, 5.0), (9, 5.0), (10, 6.5)):
        said: dict[date, dict[str, Value]] = {
            day("2026-11-19"): {"views": value},
            day("2026-11-18"): {"views": 4},
        }
        tell(core, told("old", at(f"2026-11-20 {hour:02}:00"), {}, kinds={"views": Kind.DAILY}, daily=said))
        clock.advance(timedelta(minutes=1))
    tell(
        core, told("level", at("2026-11-20"), {"x_youtube_level": 3.5}, kinds={"x_youtube_level": Kind.GAUGE})
    )
    adopt(core, "a", "old")
    synced(core)
    clock.advance(timedelta(minutes=1))
    # Restated after the sync: the learning rows wait for the next one.
    tell(core, told("a", at("2026-11-16 11:00"), {"views": 300, "likes": 5}, asked=ASKED))
    tell(core, told("today", at("2026-11-22 07:00"), {"views": 12}, published_at=at("2026-11-22 06:00")))
    set_missing(core, 2, clock.now, misses=3)
    if hasattr(posts, "note_absence"):
        with core.transaction(EVERYTHING, ACTOR) as tx:
            (post,) = posts.get_posts(tx.connection, EVERYTHING, [2]).values()
            posts.note_absence(tx.connection, EVERYTHING, post, clock.now, clock.now)
    clock.now = at("2026-11-22")


def rows_of(core: Core) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table as SQLite stores it; bytes as hexadecimal, null and counters of 0 left out."""
    found: dict[str, list[dict[str, Any]]] = {}
    with core.database.read() as connection:
        for table in sorted(sa.inspect(connection).get_table_names()):
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").mappings()
            counted = table in ("rollups", "standing")
            found[table] = [
                {
                    name: {"hex": value.hex()} if isinstance(value, bytes) else value
                    for name, value in row.items()
                    if value is not None and not (counted and value == 0 and name[-3:] != "_id")
                }
                for row in rows
            ]
    return found


def main(path: Path) -> None:
    """Tell it to a new database, and write what became of it."""
    clock = Clock(NOW)
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_in(Path(folder))
        core = open_core(settings, build_plugins(settings, {}, installed=[]), clock=clock)
        tell_story(core, clock)
        lines = [
            f"{json.dumps(table)}: [\n" + ",\n".join(json.dumps(row, sort_keys=True) for row in rows) + "\n]"
            for table, rows in rows_of(core).items()
            if rows
        ]
        core.database.close()
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
