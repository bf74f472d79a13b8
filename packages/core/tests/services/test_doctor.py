"""The doctor: each broken thing is found and named with a next step, and nothing is changed by looking."""

import asyncio
import hashlib
import os
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from afterpost.domain.errors import Misconfigured
from packages.core.tests.house import NOW, at, tell, told
from packages.core.tests.services.sick import (
    House,
    LostMigrations,
    MutePlugin,
    RaisingPlugin,
    micros,
)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An installation in order, with one post of two days."""
    made = House(tmp_path)
    core = made.open(made.load())
    for day, views in (("2026-11-20", 10), ("2026-11-21", 25)):
        tell(core, told("p", at(day), {"views": views}, published_at=at("2026-11-20"), platform="toy"))
    asyncio.run(core.close())
    return made


def test_an_installation_in_order_is_healthy(house: House) -> None:
    house.account()
    found = house.examined()
    assert found.healthy
    assert [finding.area for finding in found.findings] == [
        *(
            "settings",
            "database",
            "schema",
            "plugins",
            "providers",
            "retention",
            "runner",
            "clock",
            "accounts",
        ),
        *("runs", "sync", "rollups"),
    ]
    by_area = {finding.area: finding for finding in found.findings}
    assert {area: f.mark for area, f in by_area.items() if f.mark != "ok"} == {"sync": "warning"}
    assert by_area["schema"].sentence == "afterpost 0001, the newest"
    assert by_area["clock"].sentence.startswith(
        "Sun 2026-11-22 19:16 in UTC, fixed by the first snapshot, tz"
    )
    assert by_area["retention"].sentence == "Everything is kept."
    assert by_area["rollups"].sentence == "equal to the facts, 2 snapshots summed again"
    assert "last ingest: run 2" in by_area["runs"].sentence


def no_file(house: House) -> None:
    house.database.unlink()


def no_database(house: House) -> None:
    house.database.write_bytes(b"no database at all, but long enough to have a header " * 50)


def damaged(house: House) -> None:
    content = bytearray(house.database.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 8] = b"\xff" * 8
    house.database.write_bytes(bytes(content))


def behind(house: House) -> None:
    house.sql("DELETE FROM alembic_version")


def newer(house: House) -> None:
    house.sql("UPDATE alembic_version SET version_num = '9999'")


def left_over(house: House) -> None:
    house.sql("CREATE TABLE alembic_version_gone (version_num TEXT)")
    house.sql("INSERT INTO alembic_version_gone VALUES ('0003')")


def no_wal(house: House) -> None:
    house.sql("PRAGMA journal_mode = DELETE")


def back_in_time(house: House) -> None:
    house.clock.advance(timedelta(days=-30))


def other_zone(house: House) -> None:
    house.changed["time_zone"] = "Europe/Berlin"


def no_such_zone(house: House) -> None:
    house.sql("UPDATE organizations SET time_zone = 'Mars/Olympus'")


def stopped(house: House) -> None:
    house.account(state="stopped", failure_kind="credential_revoked", failure_message="The grant is gone.")


def parked(house: House) -> None:
    house.account(parked_until=micros(NOW + timedelta(hours=1)), failure_message="The quota is used up.")


def failed_last(house: House) -> None:
    house.account(failure_message="The platform is down.", parked_until=micros(NOW - timedelta(hours=1)))


def overdue(house: House) -> None:
    house.account(next_list_at=micros(NOW - timedelta(hours=5)))


def no_plugin(house: House) -> None:
    house.account(platform="nosuch")


def other_key(house: House) -> None:
    house.account()
    house.changed["secret_key"] = "A" * 43 + "="


def moved_credential(house: House) -> None:
    house.account(external_id="t2")


def no_credential(house: House) -> None:
    house.account(credential=None)


def abandoned(house: House) -> None:
    house.sql("UPDATE runs SET state = 'running', ended_at = NULL WHERE id = 1")
    house.clock.advance(timedelta(hours=9))


def failed_run(house: House) -> None:
    house.sql("UPDATE runs SET state = 'failed', message = 'toy @baker: down', failed = 3, kind = 'collect'")


def drifted(house: House) -> None:
    house.sql("UPDATE standing SET views_change = views_change + 1")


def drifted_days(house: House) -> None:
    house.sql("UPDATE rollups SET views_n = views_n + 1")


def lost_snapshot(house: House) -> None:
    house.sql("DELETE FROM post_analytics WHERE prev_day IS NOT NULL")


def lost_table(house: House) -> None:
    house.sql("DROP TABLE standing")


def mute_policy(house: House) -> None:
    house.plugins["mute"] = MutePlugin()


def raising_plugin(house: House) -> None:
    house.plugins["raising"] = RaisingPlugin()


def lost_migrations(house: House) -> None:
    house.plugins["lost"] = LostMigrations()


def wrong_settings(house: House) -> None:
    house.load_error = Misconfigured("AFTERPOST_PORT is wrong.", hint="Mend it.")


def unreadable_settings(house: House) -> None:
    house.load_error = PermissionError(13, "Permission denied", "/data/api_key")


def wrong_url(house: House) -> None:
    house.changed["database_url"] = "what ever"


def loose_key(house: House) -> None:
    (house.folder / "secret_key").write_text("x")
    (house.folder / "secret_key").chmod(0o644)


@pytest.mark.parametrize(
    ("breaking", "area", "mark", "sentence", "next_step"),
    [
        (no_file, "database", "warning", "There is no database at", "AFTERPOST_DATA_DIR"),
        (no_database, "database", "broken", "can't be read: file is not a database", "Restore"),
        (damaged, "database", "broken", "", "Restore"),
        (no_wal, "database", "warning", "in journal mode delete", "local disk"),
        (wrong_url, "database", "broken", "AFTERPOST_DATABASE_URL is not usable", "sqlite:////absolute"),
        (behind, "schema", "broken", "behind: at nothing, the newest is 0001", "afterpost migrate"),
        (newer, "schema", "broken", "newer version of afterpost (schema 9999)", "Upgrade afterpost"),
        (left_over, "schema", "warning", "tables of gone, which is not loaded", "Install it again"),
        (back_in_time, "clock", "broken", "The clock went back", "NTP"),
        (other_zone, "clock", "warning", "cut in UTC, fixed by the first", "AFTERPOST_TIME_ZONE=UTC"),
        (no_such_zone, "clock", "broken", "Mars/Olympus", "tzdata"),
        (stopped, "accounts", "broken", "stopped. The grant is gone.", "afterpost connect toy"),
        (parked, "accounts", "warning", "waits until Sun 2026-11-22 20:16", ""),
        (failed_last, "accounts", "warning", "The platform is down.", "afterpost refresh --account 1"),
        (overdue, "accounts", "warning", "overdue since Sun 2026-11-22 14:16", "afterpost serve"),
        (no_plugin, "accounts", "broken", "no loaded plugin knows nosuch", "afterpost-nosuch"),
        (other_key, "accounts", "broken", "sealed with another key", "AFTERPOST_SECRET_KEY"),
        (moved_credential, "accounts", "broken", "damaged or belongs to another row", "Connect"),
        (no_credential, "accounts", "broken", "It holds no credential.", "afterpost connect toy"),
        (abandoned, "runs", "warning", "its process is gone", "closes it as failed"),
        (failed_run, "runs", "warning", "3 failed: toy @baker: down", "afterpost refresh"),
        (drifted, "rollups", "broken", "first of toy unknown: views_change", "report this"),
        (drifted_days, "rollups", "broken", "views_n", "report this"),
        (lost_snapshot, "rollups", "broken", "views_change, views_n", "report this"),
        (lost_table, "rollups", "broken", "no such table: standing", "Restore"),
        (mute_policy, "retention", "broken", "no words", "everything is kept"),
        (raising_plugin, "plugins", "broken", "Plugin raising (afterpost built in) failed", ""),
        (lost_migrations, "plugins", "broken", "nowhere", ""),
        (wrong_settings, "settings", "broken", "AFTERPOST_PORT is wrong.", "Mend it."),
        (unreadable_settings, "settings", "broken", "Permission denied (/data/api_key).", "permissions"),
        (loose_key, "settings", "warning", "Other users of this machine can read secret_key", "chmod 600"),
    ],
)  # fmt: skip
def test_finds(
    house: House, breaking: Callable[[House], None], area: str, mark: str, sentence: str, next_step: str
) -> None:
    breaking(house)
    found = house.finding(area)
    assert (found.mark, sentence in found.sentence) == (mark, True), found
    assert next_step in (found.next_step or ""), found
    assert house.examined().healthy == (mark != "broken")


def test_looking_changes_nothing(house: House) -> None:
    house.account()
    abandoned(house)
    before = hashlib.sha256(house.database.read_bytes()).hexdigest()
    names = sorted(path.name for path in house.folder.iterdir())
    house.examined()
    assert hashlib.sha256(house.database.read_bytes()).hexdigest() == before
    assert sorted(path.name for path in house.folder.iterdir()) == names


def test_a_missing_database_is_not_made(house: House) -> None:
    house.database.unlink()
    house.examined()
    assert not house.database.exists()


def test_a_database_that_is_behind_is_not_migrated(house: House) -> None:
    behind(house)
    house.examined()
    assert house.finding("schema").mark == "broken"


def test_plugins_that_can_not_be_loaded_still_leave_the_file_examined(house: House) -> None:
    raising_plugin(house)
    marks = {finding.area: finding.mark for finding in house.examined().findings}
    assert marks == {"settings": "ok", "database": "ok", "schema": "ok", "plugins": "broken"}


def test_another_writer_is_a_warning_and_no_fault(house: House) -> None:
    writer = sqlite3.connect(house.database, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        found = house.finding("database")
    finally:
        writer.execute("ROLLBACK")
        writer.close()
    assert (found.mark, "Another process" in found.sentence) == ("warning", True)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_can_not_be_written(house: House) -> None:
    house.database.chmod(0o444)
    house.folder.chmod(0o555)
    try:
        found = house.finding("database")
    finally:
        house.folder.chmod(0o755)
    assert found.mark == "broken"


def test_many_accounts_in_order_are_counted(house: House) -> None:
    for n in range(25):
        house.account(external_id=f"t{n}", credential=None, state="disconnected")
    assert [f.sentence for f in house.examined().findings if f.area == "accounts"] == [
        "25 accounts are in order"
    ]
