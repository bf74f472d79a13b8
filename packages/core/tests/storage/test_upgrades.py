"""A database that the software of an earlier revision wrote keeps every fact, and answers as a new one does.

`upgrades/000N.json` holds what the code of revision N made of `upgrades/story.py`; the same story told to
today's code is what it has to become.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from alembic import command

from afterpost.loading import build_plugins
from afterpost.services.advice import posting_advice
from afterpost.services.boards import leaderboard, platforms
from afterpost.services.core import Core, open_core
from afterpost.services.dump import canonical
from afterpost.services.generation_context import generation_context
from afterpost.services.growth import growing
from afterpost.services.overview import overview
from afterpost.services.post_summary import post_analytics, post_observations
from afterpost.services.quality import quality
from afterpost.services.question import Question
from afterpost.services.rankings import ranking
from afterpost.services.receipts import receipt
from afterpost.services.rezone import rezone
from afterpost.services.series import timeseries
from afterpost.services.sync import sync_status
from afterpost.services.weekly import weekly
from afterpost.storage.engine import Database
from afterpost.storage.migrate import _config
from packages.core.tests.databases import NEWEST
from packages.core.tests.house import (
    ACTOR,
    EVERYTHING,
    Clock,
    MakeCore,
    at,
    day,
    settings_in,
    synced,
    tell,
    told,
)
from packages.core.tests.storage.upgrades.story import ASKED, tell_story

FOLDER = Path(__file__).parent / "upgrades"
REVISIONS = sorted(path.stem for path in FOLDER.glob("0*.json"))
WINDOW = Question(start=day("2026-11-12"), end=day("2026-11-21"))


def lay(database: Database, revision: str) -> None:
    """Make the schema of that revision by its own migrations, and put its rows in."""
    rows = json.loads((FOLDER / f"{revision}.json").read_text("utf-8"))
    with database.writer.connect() as connection, connection.begin():
        config = _config("afterpost.storage:migrations")
        config.attributes["connection"] = connection
        config.attributes["version_table"] = "alembic_version"
        command.upgrade(config, revision)
        assert rows.pop("alembic_version") == [{"version_num": revision}]
        schema = sa.MetaData()
        schema.reflect(connection)
        for table in schema.sorted_tables:
            mine = rows.pop(table.name, [])
            # Each row by itself: which columns it has differs.
            for row in mine:
                connection.execute(sa.insert(table), {n: _stored(table.c[n], v) for n, v in row.items()})
            if mine and connection.dialect.name == "postgresql" and table.name != "versions":
                _count_on(connection, table)
    assert rows == {}


def _stored(column: sa.Column[Any], value: Any) -> object:
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return bool(value) if isinstance(column.type, sa.Boolean) else value


def _count_on(connection: sa.Connection, table: sa.Table) -> None:
    """Ids go on from the last one, as they do where the rows were given theirs by the database."""
    if "id" in table.c:
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM {table.name}"
        )


@pytest.fixture(params=REVISIONS)
def upgraded(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Core]:
    """A core on a database of an earlier revision, which opening brings up to date."""
    settings = settings_in(tmp_path, f"of-{request.param}")
    database = Database(settings.database_url)
    lay(database, request.param)
    database.close()
    clock.now = at("2026-11-22")
    core = open_core(settings, build_plugins(settings, {}, installed=[]), clock=clock)
    yield core
    core.database.close()


@pytest.fixture
def fresh(make_core: MakeCore, clock: Clock) -> Core:
    """The same story, told to today's software."""
    core = make_core("fresh")
    tell_story(core, clock)
    return core


def dumped(core: Core) -> list[bytes]:
    return list(canonical(core, EVERYTHING))


def answers(core: Core) -> dict[str, bytes]:
    """What is asked most, of a window and of each post, without how often something changed."""
    found: dict[str, object] = {
        "overview": overview(core, EVERYTHING, WINDOW),
        "days": timeseries(core, EVERYTHING, WINDOW),
        "weekly": weekly(core, EVERYTHING, WINDOW),
        "growth": growing(core, EVERYTHING, WINDOW),
        "platforms": platforms(core, EVERYTHING, WINDOW),
        "brands": leaderboard(core, EVERYTHING, "brands", WINDOW),
        "ranking": ranking(core, EVERYTHING, WINDOW, sort="views"),
        "receipt": receipt(core, EVERYTHING, WINDOW),
        "quality": quality(core, EVERYTHING, WINDOW),
        "times": posting_advice(core, EVERYTHING, WINDOW),
        "context": generation_context(core, EVERYTHING, WINDOW),
    }
    for post in range(1, 6):
        found[f"post {post}"] = post_analytics(core, EVERYTHING, post, start=WINDOW.start, end=WINDOW.end)
        found[f"readings {post}"] = post_observations(core, EVERYTHING, post, before=None, days=50)
    return {
        name: re.sub(rb'"change_seq":\d+', b"", msgspec.json.encode(each)) for name, each in found.items()
    }


def test_every_revision_has_rows_that_its_own_software_wrote() -> None:
    known = {f"{number:04}" for number in range(1, int(NEWEST) + 1)}
    # The newest one's are written before the next is added (`upgrades/story.py`).
    assert known - {NEWEST} <= set(REVISIONS) <= known


def test_every_fact_is_kept_and_every_question_answered(upgraded: Core, fresh: Core, clock: Clock) -> None:
    """As by a new one, and as of the end of the story too."""
    assert dumped(upgraded) == dumped(fresh)
    assert sync_status(upgraded, EVERYTHING).pending == sync_status(fresh, EVERYTHING).pending > 0
    assert answers(upgraded) == answers(fresh)
    clock.now = at("2026-11-23")
    instant = at("2026-11-22 12:30")
    assert dumped(upgraded.as_of(instant)) == dumped(fresh.as_of(instant))
    assert answers(upgraded.as_of(instant)) == answers(fresh.as_of(instant))


@pytest.mark.parametrize("upgraded", REVISIONS[1:], indirect=True)
def test_of_what_is_written_down_since_0002_the_past_is_answered_too(
    upgraded: Core, fresh: Core, clock: Clock
) -> None:
    """In the middle of the story. Before it a daily value counts from the end of its run (docs/as-of.md)."""
    clock.now = at("2026-11-23")
    for minute in (2, 6, 9, 11):
        instant = at(f"2026-11-22 08:{minute:02}")
        assert dumped(upgraded.as_of(instant)) == dumped(fresh.as_of(instant))


def test_it_goes_on_as_a_new_one(upgraded: Core, fresh: Core, clock: Clock) -> None:
    """Each way a reading can take: a next day, a late one, a new post, a lapsed metric; the sync; another
    zone."""
    clock.now = at("2026-11-23 18:00")
    for core in (upgraded, fresh):
        tell(core, told("a", at("2026-11-22 10:00"), {"views": 700, "likes": 8}, asked=ASKED))
        tell(core, told("a", at("2026-11-23 10:00"), {"views": 720, "likes": 8, "saves": 9}, asked=ASKED))
        tell(core, told("a", at("2026-11-12 10:00"), {"views": 105}, asked=ASKED))
        tell(core, told("old", at("2026-11-23"), {"views": 90_300, "likes": 801}))
        tell(
            core,
            told("new", at("2026-11-23"), {"views": 3}, published_at=at("2026-11-22")),
            brand="Tidewater",
        )
        tell(core, told("old", at("2026-11-23"), {}, daily={day("2026-11-19"): {"views": 6.5}}))
        synced(core)
    assert dumped(upgraded) == dumped(fresh)
    assert answers(upgraded) == answers(fresh)
    for core in (upgraded, fresh):
        asyncio.run(rezone(core, EVERYTHING, ACTOR, "Pacific/Kiritimati"))
    assert dumped(upgraded) == dumped(fresh)
