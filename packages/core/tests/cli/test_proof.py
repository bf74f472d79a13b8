"""`afterpost proof`: both numbers, side by side, worked out by hand."""

import pytest

from afterpost.domain.snapshots import Cell, Row
from afterpost.domain.windows import day_number
from afterpost.storage import snapshots
from packages.core.tests.cli.kit import Cli
from packages.core.tests.house import ACTOR, EVERYTHING, at, day, tell, told

WINDOW = ("--start", "2026-11-15", "--end", "2026-11-21")


@pytest.fixture
def told_cli(cli: Cli) -> Cli:
    """An old post that gains 10 views a day from 1,000, and one of which likes alone are known."""
    core = cli.open()
    for n, of_month in enumerate(range(14, 22)):
        entry = told("a", at(f"2026-11-{of_month}"), {"views": 1_000 + 10 * n}, published_at=at("2026-01-01"))
        tell(core, entry, brand="One")
    tell(core, told("b", at("2026-11-20"), {"likes": 5}, published_at=at("2026-01-01"), platform="sample"))
    core.database.close()
    return cli


def test_lifetime_totals_are_summed_and_gains_are(told_cli: Cli) -> None:
    data = told_cli.done("proof", *WINDOW, "--json").json["data"]
    assert data == [
        {"platform": "sample", "metric": "likes", "summed": 5, "earned": None, "factor": None},
        {"platform": "youtube", "metric": "views", "summed": 7_280, "earned": 70, "factor": 104.0},
    ]


def test_table_and_json_agree(told_cli: Cli) -> None:
    text = told_cli.done("proof", *WINDOW).out
    assert "8 snapshots, one a post and day it was read on." in text
    row = next(line for line in text.splitlines() if "views" in line)
    assert row.split() == ["youtube", "views", "7,280", "70", "104.0", "×"]
    likes = next(line for line in text.splitlines() if "likes" in line)
    assert likes.split() == ["sample", "likes", "5", "–", "–"]


def test_one_brand(told_cli: Cli) -> None:
    data = told_cli.done("proof", *WINDOW, "--brand", "one", "--json").json["data"]
    assert [row["platform"] for row in data] == ["youtube"]
    assert told_cli.run("proof", "--brand", "nobody").code == 1


def test_without_a_reading_nothing_is_shown(cli: Cli) -> None:
    text = cli.done("proof").out
    assert "Nothing was read on these days" in text
    assert " 0" not in text.splitlines()[-1]


def test_sums_beyond_what_a_database_counts_to_are_exact(cli: Cli) -> None:
    core = cli.open()
    days, most = 1_000, 10**15
    first = day_number(day("2024-02-01"))
    for n in range(10):
        tell(core, told(f"p{n}", at("2026-10-28"), {"views": most - n}, published_at=at("2024-01-01")))
    with core.transaction(EVERYTHING, ACTOR) as tx:
        organization = core.organization(tx.connection, EVERYTHING).id
        rows = [
            (post_id, "youtube", organization, 1, Row(first + k, None, 0, "api", cells, {}))
            for post_id in range(1, 11)
            for cells in ({"views": Cell(most - post_id, 0, 1)},)
            for k in range(days)
        ]
        snapshots.save(tx.connection, EVERYTHING, rows)
    core.database.close()
    (views,) = cli.done("proof", "--start", "2024-02-01", "--end", "2026-10-31", "--json").json["data"]
    assert views["summed"] == days * (10 * most - 55) + 10 * most - 45 > 2**63
