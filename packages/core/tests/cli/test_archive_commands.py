"""receipt and replay-archive: what they print, with which exit code, and that table and JSON agree."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from packages.core.tests.cli.kit import Cli
from packages.core.tests.databases import database_url

LINES = """post_id,platform,observed_at,views
a1,tube,2026-11-20T10:00:00Z,100
a1,tube,2026-11-21T10:00:00Z,130
"""


@pytest.fixture
def file(cli: Cli, tmp_path: Path) -> Path:
    """A file that was imported, in an installation with a network that has no wire."""
    path = tmp_path / "numbers.csv"
    path.write_text(LINES, "utf-8")
    cli.done("import", str(path), "--observed-at", "2026-11-22T10:00:00Z")
    return path


def test_a_receipt_says_the_hash_of_the_file(cli: Cli, file: Path) -> None:
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    printed = cli.done("receipt", "1").out
    assert "Post 1 (tube a1), Sat 21 Nov 2026" in printed
    assert f"payload  {sha256}" in printed
    assert "run      1 (import, done)" in printed
    said = cli.done("receipt", "1", "--date", "2026-11-20", "--json").json
    assert said["numbers"] == {"views": {"total": 100, "gain": None, "days": None}}
    assert [source["sha256"] for step in said["readings"] for source in step["payloads"]] == [sha256]


def test_a_receipt_of_nothing_is_an_error(cli: Cli, file: Path) -> None:
    ran = cli.run("receipt", "7")
    assert (ran.code, "There is no post 7." in ran.err) == (1, True)
    ran = cli.run("receipt", "1", "--date", "2026-11-19")
    assert (ran.code, "The nearest day with readings is 2026-11-20." in ran.err) == (1, True)


def test_deriving_anew_succeeds_and_names_what_has_no_payload(cli: Cli, file: Path) -> None:
    cli.connected()
    cli.done("refresh")
    cli.clock.advance(timedelta(days=1))
    said = cli.done("replay-archive", "--json").json
    assert (said["fetches"], said["derived"], said["taken_over"], said["target"]) == (3, 1, 2, None)
    assert said["taken_over_of"] == ["toy p1", "toy p2"]
    # A network without a wire: neither its list nor its numbers passed the client.
    gaps = [(gap["operation"], gap["reason"], gap["posts"]) for gap in said["gaps"]]
    assert gaps == [(one, "unheard", ["p1", "p2"]) for one in ("list_posts", "metrics")]
    printed = cli.done("replay-archive").out
    assert "✔ Every number came out the same." in printed
    assert "2 readings of 2 posts taken over as stored" in printed
    assert "unheard" in printed


def test_a_number_that_differs_is_named_with_exit_code_1(cli: Cli, file: Path) -> None:
    core = cli.open()
    with core.database.writer.connect() as connection, connection.begin():
        connection.execute(sa.text("UPDATE post_analytics SET views_gain = 7 WHERE views_gain = 30"))
    core.database.close()
    ran = cli.run("replay-archive")
    assert ran.code == 1
    assert "post_analytics default tube a1 2026-11-21: views_gain is 7, derived 30" in ran.out
    assert "✖ The archive does not give these numbers." in ran.out


def test_the_target_is_kept_and_never_overwritten(cli: Cli, file: Path, tmp_path: Path) -> None:
    url = database_url(tmp_path, "derived")
    assert cli.done("replay-archive", "--into", url, "--json").json["target"]
    ran = cli.run("replay-archive", "--into", url)
    assert (ran.code, "is not empty" in ran.err) == (1, True)


def test_applying_plans_first_and_tells_with_yes(cli: Cli, file: Path) -> None:
    core = cli.open()
    with core.database.writer.connect() as connection, connection.begin():
        # As if the file had been read wrongly then.
        wrong = sa.text("UPDATE observations SET body = :body, digest = :digest WHERE body LIKE '%130%'")
        assert connection.execute(wrong, {"body": '{"views":9}', "digest": bytes(16)}).rowcount == 1
        connection.execute(sa.text("UPDATE post_analytics SET views_total = 9 WHERE views_total = 130"))
    core.database.close()
    plan = cli.done("replay-archive", "--apply")
    assert "post 1 (tube a1) at 2026-11-21T10:00:00+00:00, run 1: views is 9, derived 130" in plan.out
    assert "1 reading of 1 post would be told anew. Nothing was changed." in plan.out
    said = cli.done("replay-archive", "--apply", "--json").json["corrections"]
    assert (said["readings"], said["told"], said["run_ids"]) == (1, None, [])
    assert said["by_metric"] == [{"platform": "tube", "metric": "views", "values": 1}]
    done = cli.done("replay-archive", "--apply", "--yes")
    assert "✔ 1 of 1 reading of 1 post told anew, by run " in done.out


def test_applying_where_nothing_is_wrong_says_so(cli: Cli, file: Path) -> None:
    assert "✔ Nothing is read otherwise: nothing to correct." in cli.done("replay-archive", "--apply").out
    ran = cli.run("replay-archive", "--yes")
    assert (ran.code, "--yes confirms --apply." in ran.err) == (2, True)
