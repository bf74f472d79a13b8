"""The doctor: each broken thing is found and named with a next step, and nothing is changed by looking."""

import asyncio
import hashlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from packages.core.tests.databases import NEWEST, POSTGRESQL
from packages.core.tests.house import at, tell, told
from packages.core.tests.plugins.policies import NamedTenantPlugin
from packages.core.tests.services import ailments
from packages.core.tests.services.sick import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An installation on a file, in order, with one post of two days."""
    return furnished(House(tmp_path))


def furnished(house: House) -> House:
    """One post of two days."""
    core = house.open(house.load())
    for day, views in (("2026-11-20", 10), ("2026-11-21", 25)):
        tell(core, told("p", at(day), {"views": views}, published_at=at("2026-11-20"), platform="toy"))
    asyncio.run(core.close())
    return house


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
        *("runs", "sync", "rollups", "quality", "archive"),
    ]
    by_area = {finding.area: finding for finding in found.findings}
    assert {area: f.mark for area, f in by_area.items() if f.mark != "ok"} == {"sync": "warning"}
    assert by_area["schema"].sentence == f"afterpost {NEWEST}, the newest"
    assert by_area["clock"].sentence.startswith(
        "Sun 2026-11-22 19:16 in UTC, fixed by the first snapshot, tz"
    )
    assert by_area["retention"].sentence == "Everything is kept."
    assert by_area["rollups"].sentence == "equal to the facts, 2 snapshots summed again"
    assert "last ingest: run 2" in by_area["runs"].sentence


@pytest.mark.parametrize(
    ("breaking", "area", "mark", "sentence", "next_step"),
    [
        (ailments.no_file, "database", "warning", "There is no database at", "AFTERPOST_DATA_DIR"),
        (ailments.no_database, "database", "broken", "can't be read: file is not a database", "Restore"),
        (ailments.damaged, "database", "broken", "", "Restore"),
        (ailments.another_organization, "database", "broken", "2 organisations", "several_organizations"),
        (ailments.no_wal, "database", "warning", "in journal mode delete", "local disk"),
        (
            ailments.wrong_url,
            "database",
            "broken",
            "AFTERPOST_DATABASE_URL is no database URL",
            "sqlite:////absolute",
        ),
        (ailments.no_server, "database", "broken", "can't be read: connection", "Check that the server runs"),
        (
            ailments.behind,
            "schema",
            "broken",
            f"at nothing, the newest is {NEWEST}",
            "afterpost migrate",
        ),
        (ailments.newer, "schema", "broken", "newer version of afterpost (schema 9999)", "Upgrade afterpost"),
        (
            ailments.of_before_the_release,
            "schema",
            "broken",
            "before its first release (schema 0009)",
            "collect and import anew",
        ),
        (
            ailments.of_other_tables,
            "schema",
            "broken",
            "before its first release (schema first_0123456789ab)",
            "AFTERPOST_DATA_DIR",
        ),
        (ailments.left_over, "schema", "warning", "tables of gone, which is not loaded", "Install it again"),
        (ailments.back_in_time, "clock", "broken", "The clock went back", "NTP"),
        (
            ailments.other_zone,
            "clock",
            "warning",
            "cut in UTC, fixed by the first",
            "AFTERPOST_TIME_ZONE=UTC",
        ),
        (ailments.no_such_zone, "clock", "broken", "Mars/Olympus", "tzdata"),
        (ailments.stopped, "accounts", "broken", "stopped. The grant is gone.", "afterpost connect toy"),
        (ailments.parked, "accounts", "warning", "waits until Sun 2026-11-22 20:16", ""),
        (
            ailments.failed_last,
            "accounts",
            "warning",
            "The platform is down.",
            "afterpost refresh --account 1",
        ),
        (ailments.overdue, "accounts", "warning", "overdue since Sun 2026-11-22 14:16", "afterpost serve"),
        (ailments.no_plugin, "accounts", "broken", "no loaded plugin knows nosuch", "afterpost-nosuch"),
        (ailments.other_key, "accounts", "broken", "sealed with another key", "AFTERPOST_SECRET_KEY"),
        (ailments.moved_credential, "accounts", "broken", "damaged or belongs to another row", "Connect"),
        (ailments.no_credential, "accounts", "broken", "It holds no credential.", "afterpost connect toy"),
        (ailments.abandoned, "runs", "warning", "its process is gone", "closes it as failed"),
        (ailments.failed_run, "runs", "warning", "3 failed: toy @baker: down", "afterpost refresh"),
        (ailments.drifted, "rollups", "broken", "first of toy unknown: views_change", "report this"),
        (ailments.drifted_days, "rollups", "broken", "views_n", "report this"),
        (ailments.lost_snapshot, "rollups", "broken", "views_change, views_n", "report this"),
        (ailments.lost_table, "rollups", "broken", "no such table: standing", "Restore"),
        (ailments.mute_policy, "retention", "broken", "no words", "everything is kept"),
        (
            ailments.raising_plugin,
            "plugins",
            "warning",
            "Plugin raising (afterpost built in) failed in register_providers",
            "AFTERPOST_BLOCK=raising",
        ),
        (
            ailments.raising_panels,
            "plugins",
            "warning",
            "failed in register_panels",
            "AFTERPOST_BLOCK=panels",
        ),
        (ailments.lost_migrations, "plugins", "broken", "nowhere", ""),
        (ailments.wrong_settings, "settings", "broken", "AFTERPOST_PORT is wrong.", "Mend it."),
        (
            ailments.unreadable_settings,
            "settings",
            "broken",
            "Permission denied (/data/api_key).",
            "permissions",
        ),
        (
            ailments.loose_key,
            "settings",
            "warning",
            "Other users of this machine can read secret_key",
            "chmod 600",
        ),
    ],
)
def test_finds(
    house: House, breaking: Callable[[House], None], area: str, mark: str, sentence: str, next_step: str
) -> None:
    breaking(house)
    found = house.finding(area)
    assert (found.mark, sentence in found.sentence) == (mark, True), found
    assert next_step in (found.next_step or ""), found
    assert house.examined().healthy == (mark != "broken")


def test_the_tenant_policy_is_asked_about_the_database_that_is_examined(house: House) -> None:
    ailments.another_organization(house)
    house.plugins["named"] = NamedTenantPlugin("other")
    assert house.finding("database").mark == "ok"  # there is a policy that tells them apart
    found = {finding.area: finding for finding in house.examined().findings}
    assert "not fixed before the first snapshot" in found["clock"].sentence
    house.plugins["named"] = NamedTenantPlugin("default")
    found = {finding.area: finding for finding in house.examined().findings}
    assert "fixed by the first snapshot" in found["clock"].sentence


def test_looking_changes_nothing(house: House) -> None:
    house.account()
    ailments.abandoned(house)
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
    ailments.behind(house)
    house.examined()
    assert house.finding("schema").mark == "broken"


def test_plugins_that_can_not_be_loaded_still_leave_the_file_examined(house: House) -> None:
    ailments.lost_migrations(house)
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


@pytest.mark.skipif(not POSTGRESQL, reason="about a PostgreSQL server")
def test_a_server_is_examined_like_a_file(tmp_path: Path) -> None:
    house = furnished(House(tmp_path, server=True))
    found = house.examined()
    assert found.healthy, found
    by_area = {finding.area: finding for finding in found.findings}
    assert by_area["database"].sentence.startswith("postgresql")
    assert by_area["schema"].sentence == f"afterpost {NEWEST}, the newest"
    assert by_area["rollups"].sentence == "equal to the facts, 2 snapshots summed again"
    core = house.open(house.load())
    with core.database.writer.connect() as connection, connection.begin():
        connection.exec_driver_sql("UPDATE standing SET views_change = views_change + 1")
    asyncio.run(core.close())
    assert house.finding("rollups").mark == "broken"
