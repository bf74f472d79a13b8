"""migrate, sync, plugins, report and dump: what they print, and that table and JSON agree."""

import json
from datetime import timedelta

import pytest

from afterpost import hookimpl
from afterpost.sdk import BillingReport, Column
from packages.core.tests.cli.kit import Cli
from packages.core.tests.databases import NEWEST


class Odd(BillingReport):
    """A report that answers with another column than it declared, or fails."""

    id = "odd"
    title = "Odd"
    columns = (Column("a", "something"),)

    async def run(self, reads: object, scope: object, window: object) -> list[dict[str, int]]:
        """Other columns."""
        return [{"b": 1}]


class Failing(Odd):
    """A report that raises."""

    id = "failing"

    async def run(self, reads: object, scope: object, window: object) -> list[dict[str, int]]:
        """Nothing."""
        raise RuntimeError("no luck")


class OddReports:
    """A plugin of bad reports."""

    @hookimpl
    def register_billing_reports(self, context: object) -> list[BillingReport]:
        """Both."""
        return [Odd(), Failing()]


def test_migrate_tells_before_and_now(cli: Cli) -> None:
    first = cli.done("migrate", "--json").json
    assert first == [{"dist": "afterpost", "before": None, "now": NEWEST, "up_to_date": True}]
    assert cli.done("migrate", "--json").json[0]["before"] == NEWEST
    assert "up to date" in cli.done("migrate").out


def test_sync_writes_complete_days_once(cli: Cli) -> None:
    cli.connected()
    cli.done("refresh")
    assert cli.done("sync", "--json").json == {"run_id": 2, "written": 0, "rows": 0, "pending": 0}
    cli.clock.advance(timedelta(days=1))
    assert "2 learning rows written, 2 in all, 0 changes pending." in cli.done("sync").out
    assert cli.done("sync", "--json").json["written"] == 0


def test_plugins_lists_what_they_bring(cli: Cli) -> None:
    answer, text = cli.done("plugins", "--json").json, cli.done("plugins").out
    assert {row["name"]: row["hooks"] for row in answer["plugins"]} == {
        "imports": ["register_providers"],
        "operator": ["register_billing_reports"],
        "toy": ["register_providers"],
    }
    assert answer["formats"] == [
        "generic_csv",
        "linkedin_content",
        "meta_facebook_posts",
        "meta_instagram_posts",
        "tiktok_studio_content",
        "x_content",
        "x_tweet_activity",
        "youtube_studio_chart",
        "youtube_studio_table",
    ]
    toy = next(row for row in answer["providers"] if row["platform"] == "toy")
    assert (toy["connects"], toy["metrics"], toy["fields"]) == (True, ["views", "likes"], ["token", "region"])
    for fact in ("operator", "register_billing_reports", "toy", "views, likes", "generic_csv"):
        assert fact in text


def test_reports_are_listed_and_run(cli: Cli) -> None:
    (listed,) = cli.done("report", "--json").json
    assert listed["id"] == "collection-usage"
    assert "collection-usage" in cli.done("report").out
    cli.connected()
    cli.done("refresh")
    cli.clock.advance(timedelta(days=1))
    answer = cli.done("report", "collection-usage", "--json").json
    assert [column["name"] for column in answer["columns"]] == list(answer["rows"][0])
    assert answer["rows"] == [
        {"date": "2026-11-22", "platform": "toy", "stored": 2, "unchanged": 0, "skipped": 0, "failed": 0}
    ]
    text = cli.done("report", "collection-usage").out
    assert "Collection usage · Mon 16 – Sun 22 Nov 2026 · UTC" in text
    assert "stored: posts with a number that changed" in text
    empty = cli.done("report", "collection-usage", "--end", "2026-11-01")
    assert "Nothing in this window." in empty.out


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("report", "nosuch"), 1, "There is no report 'nosuch'."),
        (("report", "--start", "2026-11-01"), 2, "name one"),
        (("report", "odd"), 1, "The report odd answered with other columns than it declares."),
        (("report", "failing"), 1, "The report failing failed: RuntimeError: no luck"),
        (("dump",), 2, "--canonical"),
        (("nosuch",), 2, "nosuch"),
    ],
)
def test_mistakes(cli: Cli, words: tuple[str, ...], code: int, sentence: str) -> None:
    cli.plugins["odd"] = OddReports()
    ran = cli.run(*words)
    assert ran.code == code
    assert sentence in ran.err
    assert "Traceback" not in ran.err


def test_dump_prints_one_json_a_line(cli: Cli) -> None:
    cli.connected()
    cli.done("refresh")
    lines = [json.loads(line) for line in cli.done("dump", "--canonical").out.splitlines()]
    tables = [line["table"] for line in lines]
    assert tables[0] == "organizations"
    assert {"accounts", "posts", "observations", "post_analytics", "latest", "rollups"} <= set(tables)
