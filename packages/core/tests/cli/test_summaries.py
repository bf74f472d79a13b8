"""weekly and overview: what is said first, what stands for the unknown, and that table and JSON agree."""

from datetime import timedelta

import pytest

from packages.core.tests.cli.kit import Cli
from packages.core.tests.house import at, tell, told

WINDOW = ("--start", "2026-11-15", "--end", "2026-11-21")


@pytest.fixture
def told_cli(cli: Cli) -> Cli:
    """Three posts of two brands over two weeks; one is never rated, one was hardly shown."""
    core = cli.open()
    asked = ("views", "likes")
    for day, views, likes in (("2026-11-12", 500, 20), ("2026-11-16", 900, 50), ("2026-11-20", 1_500, 90)):
        tell(
            core,
            told(
                "long", at(day), {"views": views, "likes": likes}, published_at=at("2026-11-11 08:30"),
                asked=asked, title="Three [red]mistakes[/red]\x1b[31m everyone makes", content_type="video",
            ),
            brand="Corner Bakery",
        )  # fmt: skip
    tell(
        core,
        told("bare", at("2026-11-19"), {"comments": 4}, published_at=at("2026-11-18"), platform="threads"),
        told("dim", at("2026-11-19"), {"views": 3, "likes": 0}, published_at=at("2026-11-18"), asked=asked),
        brand="Other",
    )
    # All is read again at the window's end, and nothing came: so it can be compared.
    long = told("long", at("2026-11-21"), {"views": 1_500, "likes": 90}, asked=asked, content_type="video")
    tell(core, long, brand="Corner Bakery")
    bare = told("bare", at("2026-11-21"), {"comments": 4}, platform="threads")
    tell(core, bare, told("dim", at("2026-11-21"), {"views": 3, "likes": 0}, asked=asked), brand="Other")
    core.database.close()
    return cli


def test_begins_with_the_window_and_what_it_is_worth(told_cli: Cli) -> None:
    lines = told_cli.done("weekly", *WINDOW).out.splitlines()
    assert lines[0] == "Sun 15 – Sat 21 Nov 2026 · UTC"
    assert lines[1] == "Against Sun 8 – Sat 14 Nov 2026."
    assert lines[2] == "No post was due to be read in it."


def test_table_and_json_agree(told_cli: Cli) -> None:
    text = told_cli.done("weekly", *WINDOW).out
    answer = told_cli.done("weekly", *WINDOW, "--json").json
    data = answer["data"]
    assert answer["meta"]["window"]["start_date"] == "2026-11-15"
    earned, previous = data["earned"], data["previous"]
    assert (earned["views"], previous["views"]) == (803, 700)
    row = next(line for line in text.splitlines() if line.strip().startswith("views"))
    assert row.split() == ["views", "803", "700", "+14.7", "%", "▲"]
    # Never reported is a dash, not a 0; and a rate without a base is one too.
    shares = next(line for line in text.splitlines() if line.strip().startswith("shares"))
    assert (earned["shares"], shares.split()) == (None, ["shares", "–", "–", "–"])
    threads = next(line for line in text.splitlines() if line.strip().startswith("threads"))
    assert threads.split() == ["threads", "1", "–", "4", "–"]
    best = data["top"][0]
    assert (best["external_id"], best["exposed"], best["engagements"]) == ("long", 1_500, 90)
    assert "6.00 %" in text
    assert "1,500 views" in text
    assert "1 post was shown fewer than 10 times: not ranked." in text
    assert "1 post has no rate" in text
    assert "08:00–08:59" in text


def test_titles_are_shown_as_they_are_and_steer_no_terminal(told_cli: Cli) -> None:
    text = told_cli.done("weekly", *WINDOW).out
    assert "Three [red]mistakes[/red] [31m everyone makes" in text
    assert "\x1b" not in text


def test_one_brand_by_slug_name_or_id(told_cli: Cli) -> None:
    found = [
        told_cli.done("weekly", *WINDOW, "--brand", name, "--json").json["data"]["earned"]["views"]
        for name in ("corner-bakery", "Corner Bakery", "1")
    ]
    assert found == [800, 800, 800]
    ran = told_cli.run("weekly", "--brand", "nobody")
    assert ran.code == 1
    assert ran.err == "Error: There is no brand 'nobody'.\nHint:  Brands: corner-bakery, other.\n"


def test_how_many_are_listed(told_cli: Cli) -> None:
    data = told_cli.done("weekly", *WINDOW, "--top", "0", "--worst", "0", "--json").json["data"]
    assert (data["top"], data["worst"]) == ([], [])
    assert told_cli.run("weekly", "--top", "-1").code == 2


def test_an_empty_installation_has_no_zeros_to_show(cli: Cli) -> None:
    text = cli.done("weekly").out
    assert " 0 " not in text
    assert "–" in text


def test_overview_agrees_with_its_json(told_cli: Cli) -> None:
    text = told_cli.done("overview", *WINDOW).out
    data = told_cli.done("overview", *WINDOW, "--json").json["data"]
    assert (data["posts"], data["published"], data["lifetime"]["views"]) == (3, 2, 1_503)
    assert "1,503" in text
    assert "threads, youtube" in text
    only = told_cli.done("overview", *WINDOW, "--platform", "threads", "--json").json["data"]
    assert (only["posts"], only["earned"]["views"]) == (1, None)


@pytest.mark.parametrize("command", ["weekly", "overview"])
@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--start", "2026-11-20", "--end", "2026-11-10"), 1, "after its end"),
        (("--start", "1980-01-01"), 1, "no post is that old"),
        (("--start", "2020-01-01"), 1, "the limit is"),
        (("--start", "11/20/2026"), 2, "is not a day such as 2026-03-09"),
        (("--brand", "x", "--colour"), 2, "--colour"),
        (("--as-of", "11/20/2026"), 2, "is not a day such as 2026-03-09"),
        (("--as-of", "2026-11-20T10:00:00"), 2, "has no offset"),
        (("--as-of", "2026-11-22"), 1, "a day that is not over yet in UTC"),
        (("--as-of", "9999-12-31"), 1, "a day that is not over yet in UTC"),
        (("--as-of", "2026-11-22T19:16:00Z"), 1, "not over yet (now 2026-11-22T19:16:00+00:00)"),
        (("--as-of", "1980-01-01"), 1, "nothing was recorded before 1990"),
        (("--as-of", "0001-01-01T00:00:00Z"), 1, "nothing was recorded before 1990"),
    ],
)
def test_mistakes(cli: Cli, command: str, words: tuple[str, ...], code: int, sentence: str) -> None:
    ran = cli.run(command, *words)
    assert ran.code == code
    assert sentence in ran.err
    assert "Traceback" not in ran.err


def test_a_window_that_is_not_over_is_cut_and_says_so(told_cli: Cli) -> None:
    text = told_cli.done("weekly", "--start", "2026-11-20", "--end", "2026-12-20").out
    assert text.startswith("Fri 20 – Sat 21 Nov 2026 · UTC")
    assert "is not over yet" in text


@pytest.mark.parametrize("when", ["2026-11-22T19:16:00Z", "2026-11-22"])
def test_a_report_as_of_an_instant_is_the_same_for_ever(told_cli: Cli, when: str) -> None:
    """Before and after a restatement, a gap that was filled, a late reading, and a post nobody knew."""
    told_cli.clock.advance(timedelta(days=1))

    def printed() -> list[str]:
        commands = [("overview",), ("weekly",), ("quality",), ("proof",), ("weekly", "--brand", "other")]
        commands += [(name, *WINDOW) for name in ("overview", "weekly", "quality", "proof")]
        return [
            told_cli.done(*words, "--as-of", when, *form).out
            for words in commands
            for form in ((), ("--json",))
        ]

    before, now = printed(), told_cli.done("overview", *WINDOW).out
    core = told_cli.open()
    for entry in (
        told("long", at("2026-11-16"), {"views": 700, "likes": 50}),
        told("long", at("2026-11-18"), {"views": 1_000, "likes": 60}),
        told("long", at("2026-11-11"), {"views": 80, "likes": 1}, published_at=at("2026-11-10")),
        told("new", at("2026-11-20"), {"views": 10_000}, published_at=at("2026-11-19")),
    ):
        tell(core, entry, brand="Third" if entry.external_id == "new" else None)
    core.database.close()
    assert printed() == before
    assert told_cli.done("overview", *WINDOW).out != now
