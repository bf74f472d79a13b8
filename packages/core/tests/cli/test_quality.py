"""`afterpost quality`, and what `weekly` says before everything else."""

from packages.core.tests.cli.kit import Cli
from packages.core.tests.house import at, tell, told
from packages.core.tests.services.scenery import adopt, was_due

WINDOW = ("--start", "2026-11-15", "--end", "2026-11-21")
OLD = at("2026-09-01")


def fallen(cli: Cli) -> None:
    """Ten posts of an account of which three were read in the week, and one of them fell by half."""
    core = cli.open()
    names = [f"p{n}" for n in range(10)]
    tell(core, *(told(name, at("2026-11-14"), {"views": 800}, published_at=OLD) for name in names))
    for n, views in enumerate((400, 790, 801)):
        tell(core, told(f"p{n}", at("2026-11-20"), {"views": views}))
    adopt(core, *names)
    was_due(core, ["2026-11-18"], *names)
    core.database.close()


def test_weekly_says_first_that_its_coverage_is_low(cli: Cli) -> None:
    fallen(cli)
    lines = cli.done("weekly", *WINDOW).out.splitlines()
    assert lines[0] == (
        "Low coverage: Only 3 of 10 expected posts were read (30 %). The numbers below are of those alone."
    )
    assert lines[1] == "2 warnings about these numbers: afterpost quality lists them."
    assert lines[2] == "Sun 15 – Sat 21 Nov 2026 · UTC"


def test_table_and_json_agree(cli: Cli) -> None:
    fallen(cli)
    text = cli.done("quality", *WINDOW).out
    data = cli.done("quality", *WINDOW, "--json").json["data"]
    assert [(flaw["severity"], flaw["kind"]) for flaw in data] == [
        ("warning", "low_coverage"),
        ("warning", "backwards"),
    ]
    assert "2 warnings, 0 notes." in text
    assert "Views of 2 posts fell by 410 together, at most by 50.0 % of a post's total." in text
    assert "4, 5, 6, 7, 8 …" in text


def test_fewer_are_listed_where_fewer_are_wanted(cli: Cli) -> None:
    fallen(cli)
    assert "1 more; ask for fewer days" in cli.done("quality", *WINDOW, "--limit", "1").out
    assert cli.run("quality", "--limit", "0").code == 2
    assert cli.done("quality", *WINDOW, "--warnings", "--json").json["meta"]["warnings"] == 2


def test_nothing_doubtful_is_said_in_words(cli: Cli) -> None:
    assert "Nothing doubtful was found." in cli.done("quality").out


def test_the_doctor_tells_the_warnings(cli: Cli) -> None:
    fallen(cli)
    ran = cli.run("doctor")
    assert "youtube channel, 2026-11-21: Only 3 of 10 expected posts were read (30 %)." in ran.out
    assert "afterpost quality --warnings names the posts to look at" in ran.out


def test_a_publication_that_can_t_be_is_listed(cli: Cli) -> None:
    core = cli.open()
    tell(core, told("a", at("2026-11-20"), {"views": 9}, published_at=at("2027-11-20")))
    core.database.close()
    text = cli.done("quality", *WINDOW).out
    assert "1 warning, 0 notes." in text
    assert "A publication that can't be was told of 1 post and not taken" in text
