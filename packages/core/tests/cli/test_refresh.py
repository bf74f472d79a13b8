"""Refreshing: what is read, and how each post that fails is told."""

import os
from datetime import timedelta

import pytest

from afterpost.sdk import ErrorKind, ProviderError
from afterpost.services.run_view import Progress, progress_of
from packages.core.tests.cli.kit import Cli
from packages.core.tests.cli.terminal import at_terminal
from packages.core.tests.house import EVERYTHING, NOW


def test_reads_everything_and_prints_the_run(cli: Cli) -> None:
    cli.connected()
    ran = cli.done("refresh")
    assert ran.out.strip() == "✔ Run 1: 2 posts: 2 stored, 0 unchanged, 0 skipped, 0 failed."
    cli.clock.advance(timedelta(minutes=1))
    assert "0 stored, 2 unchanged" in cli.done("refresh").out


def test_a_failed_post_is_shown_with_class_sentence_and_retry(cli: Cli) -> None:
    cli.connected()
    later = NOW + timedelta(hours=3)
    cli.network.failing["p2"] = ProviderError(ErrorKind.UPSTREAM_UNAVAILABLE, "Slow [down].", retry_at=later)
    ran = cli.run("refresh", "--json")
    assert ran.code == 1
    (trouble,) = ran.json["troubles"]
    assert ran.json["run"]["failed"] == 1
    assert (trouble["external_id"], trouble["reason"], trouble["detail"]) == (
        "p2",
        "upstream_unavailable",
        "Slow [down].",
    )
    assert trouble["retry_at"] == "2026-11-22T22:16:00Z"
    table = cli.run("refresh")
    assert table.code == 1
    for fact in (
        "1 stored" if "1 stored" in table.out else "1 unchanged",
        "1 failed",
        "Loaf p2",
        "Slow [down].",
    ):
        assert fact in table.out
    for fact in ("toy", "p2", "upstream_unavailable", "2026-11-22 22:16"):
        assert fact in table.out


def test_a_post_that_is_not_there_is_a_failure_first(cli: Cli) -> None:
    cli.connected()
    cli.done("refresh")
    cli.network.gone.add("p1")
    ran = cli.run("refresh", "--json")
    assert ran.code == 1
    assert [(t["external_id"], t["reason"]) for t in ran.json["troubles"]] == [("p1", "not_found")]


def test_an_account_that_fails_fails_each_of_its_posts(cli: Cli) -> None:
    cli.connected()
    cli.done("refresh")
    cli.network.broken = ProviderError(ErrorKind.UPSTREAM_UNAVAILABLE, "The platform is down.")
    ran = cli.run("refresh", "--account", "1")
    assert ran.code == 1
    assert "✖ Run 2" in ran.out
    assert "toy account @baker: The platform is down." in ran.out


def test_an_account_whose_platform_asked_to_wait_is_left_alone(cli: Cli) -> None:
    cli.connected()
    until = NOW + timedelta(hours=2)
    cli.network.broken = ProviderError(ErrorKind.QUOTA_EXHAUSTED, "The quota is used up.", retry_at=until)
    assert cli.run("refresh").code == 1
    everything = cli.done("refresh")
    assert "Left out: toy @baker asked to wait until 2026-11-22 21:16." in everything.err
    assert everything.out.startswith("There is no account to read.")
    one = cli.run("refresh", "--account", "1")
    assert (one.code, "asked to wait until 2026-11-22T21:16" in one.err) == (1, True)
    cli.network.broken = None
    cli.clock.advance(timedelta(hours=3))
    assert "2 stored" in cli.done("refresh").out


def test_due_reads_what_the_schedule_asks_for(cli: Cli) -> None:
    assert cli.done("refresh", "--due").out.strip() == "Nothing is due."
    cli.connected()
    assert "2 stored" in cli.done("refresh", "--due").out
    assert cli.done("refresh", "--due").out.strip() == "Nothing is due."
    assert cli.done("refresh", "--due", "--json").json is None
    cli.clock.advance(timedelta(days=2))
    assert "Run 2: 2 posts" in cli.done("refresh", "--due").out


def test_one_post(cli: Cli) -> None:
    cli.connected()
    cli.done("refresh")
    cli.network.counts["p1"] = (2_000, 90)
    cli.clock.advance(timedelta(minutes=1))
    assert cli.done("refresh", "--post", "1", "--json").json["run"]["stored"] == 1
    cli.network.broken = ProviderError(ErrorKind.NETWORK, "No way there.")
    ran = cli.run("refresh", "--post", "1", "--json")
    assert ran.code == 1
    assert (ran.json["run"]["state"], ran.json["troubles"][0]["reason"]) == ("failed", "network")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--post", "9"), 1, "There is no post 9."),
        (("--account", "9"), 1, "There is no connected account 9."),
        (("--account", "nine"), 2, "not a valid integer"),
        (("--post", "1", "--due"), 2, "--post stands alone"),
        (("--post", "1", "--account", "1"), 2, "--post stands alone"),
    ],
)
def test_mistakes(cli: Cli, words: tuple[str, ...], code: int, sentence: str) -> None:
    ran = cli.run("refresh", *words)
    assert ran.code == code
    assert sentence in ran.err
    assert "Traceback" not in ran.err


def test_a_post_without_an_account_can_not_be_asked_for(
    cli: Cli, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("files") / "a.csv"
    file.write_text("platform,post_id,date,views\ntoy,lonely,2026-11-20,5\n")
    cli.done("import", str(file), "--observed-at", "2026-11-20T12:00:00Z")
    ran = cli.run("refresh", "--post", "1")
    assert (ran.code, "belongs to no connected account" in ran.err) == (1, True)


def test_how_far_a_run_is(cli: Cli) -> None:
    cli.connected()
    cli.network.failing["p2"] = ProviderError(ErrorKind.BUG, "no")
    cli.run("refresh")
    core = cli.open()
    try:
        assert progress_of(core, EVERYTHING, 1, [1], None) == Progress(2, 2)
        # To another run both posts are still to come; and nothing of them is due yet.
        assert progress_of(core, EVERYTHING, 2, [1], None) == Progress(0, 2)
        assert progress_of(core, EVERYTHING, 2, [1], NOW) == Progress(0, 0)
    finally:
        core.database.close()


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are POSIX")
def test_a_bar_is_drawn_at_a_terminal_and_leaves_the_answer(cli: Cli) -> None:
    cli.connected()
    code, shown = at_terminal(cli, ("refresh",), (), TOY_SLOW="0.7")
    assert code == 0
    assert "reading posts" in shown
    assert "2/2" in shown
    assert "✔ Run 1: 2 posts: 2 stored" in shown
