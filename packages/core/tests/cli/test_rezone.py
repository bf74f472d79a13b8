"""`rezone`: shows first, acts when told to, and what it says about both."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from packages.core.tests.cli.kit import Cli
from packages.core.tests.house import at

LINES = """post_id,platform,observed_at,views
a1,tube,2026-11-19T20:00:00Z,100
a1,tube,2026-11-20T20:00:00Z,130
a1,tube,2026-11-21T10:00:00Z,160
"""


@pytest.fixture
def filled(cli: Cli, tmp_path: Path) -> Cli:
    """An installation with three snapshots, its days cut in UTC."""
    path = tmp_path / "numbers.csv"
    path.write_text(LINES, "utf-8")
    cli.done("import", str(path), "--observed-at", "2026-11-22T10:00:00Z")
    cli.done("sync")
    return cli


def test_it_shows_what_would_change_and_changes_nothing(filled: Cli) -> None:
    before = filled.done("dump", "--canonical").out
    for words in ((), ("--dry-run",)):
        printed = filled.done("rezone", "Asia/Kathmandu", *words).out
        assert "2 of 3 readings would lie on another day in Asia/Kathmandu than in UTC." in printed
        assert [line.split() for line in printed.splitlines() if "snapshot" in line] == [
            ["snapshots", "3", "2"],
            ["days", "with", "a", "snapshot", "3", "2"],
        ]
        assert "Nothing was changed. Do it with --yes" in printed
    said = filled.done("rezone", "Asia/Kathmandu", "--json").json
    assert said == {
        "organization": "default",
        "time_zone_before": "UTC",
        "time_zone": "Asia/Kathmandu",
        "done": False,
        "readings": 3,
        "moved": 2,
        "before": {"snapshots": 3, "posts": 1, "days": 3},
        "after": {"snapshots": 2, "posts": 1, "days": 2},
    }
    assert filled.done("dump", "--canonical").out == before


def test_with_yes_it_acts_and_the_way_back_gives_the_same_dump(filled: Cli) -> None:
    before = filled.done("dump", "--canonical").out
    ran = filled.done("rezone", "Asia/Kathmandu", "--yes")
    assert "2 of 3 readings lie on another day in Asia/Kathmandu than in UTC." in ran.out
    assert "✔ Days are cut in Asia/Kathmandu; everything by day was made anew." in ran.out
    assert "Set AFTERPOST_TIME_ZONE=Asia/Kathmandu as well: it still says UTC." in ran.err
    after = filled.done("dump", "--canonical").out
    days = [row["day"] for row in map(json.loads, after.splitlines()) if row["table"] == "post_analytics"]
    assert days == ["2026-11-20", "2026-11-21"]
    again = filled.done("rezone", "Asia/Kathmandu", "--yes")
    assert (again.out, again.err) == ("Days are cut in Asia/Kathmandu already: nothing to do.\n", "")
    said = filled.done("rezone", "UTC", "--yes", "--json")
    assert (said.json["done"], said.json["after"]["snapshots"], said.err) == (True, 3, "")
    assert filled.done("dump", "--canonical").out == before


def test_an_unknown_zone_is_wrong_usage(filled: Cli) -> None:
    ran = filled.run("rezone", "Europe/Bern", "--yes")
    assert ran.code == 2
    assert "There is no time zone 'Europe/Bern'. Use an IANA name such as Europe/Berlin or UTC." in ran.err


def test_it_is_refused_while_a_run_is_open(filled: Cli) -> None:
    core = filled.open()
    with core.database.writer.connect() as connection, connection.begin():
        started = (at("2026-11-22 19:00") - at("1970-01-01 00:00")) // timedelta(microseconds=1)
        connection.exec_driver_sql(
            "INSERT INTO runs (organization_id, kind, state, actor, started_at) "
            f"VALUES (1, 'collect', 'running', 'system:test', {started})"
        )
    core.database.close()
    ran = filled.run("rezone", "Asia/Kathmandu", "--yes")
    assert ran.code == 1
    assert "(collect) is open since 2026-11-22T19:00:00+00:00." in ran.err
    assert "Wait until it has ended" in ran.err
    # Only looking is no harm.
    assert "would lie" in filled.done("rezone", "Asia/Kathmandu").out
