"""Importing files at the command line: formats found, mistakes told, and nothing lost or doubled."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from packages.core.tests.cli.kit import Cli
from packages.core.tests.cli.terminal import at_terminal
from packages.core.tests.house import NOW

HEADER = "platform,post_id,observed_at,published_at,title,views,likes"
GOOD = (
    "tiktok,a1,2026-11-18T18:00:00Z,2026-11-17,Day one,100,5",
    "tiktok,a1,2026-11-19T18:00:00Z,2026-11-17,Day one,180,9",
    "tiktok,a2,2026-11-19T18:00:00Z,2026-11-18,Day two,70,3",
)
STUDIO = (
    "Content,Video title,Video publish time,Views,Likes,Mystery\n"
    "Total,,,30,3,\n"
    'dQw4w9WgXcQ,Loaf,"Nov 1, 2026",30,3,x\n'
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Three good lines."""
    return written(tmp_path / "posts.csv", *GOOD)


def written(path: Path, *lines: str, text: str | None = None) -> Path:
    """A file of that text, last changed a day ago."""
    path.write_text("\n".join((HEADER, *lines)) + "\n" if text is None else text)
    before = NOW.timestamp() - 86_400
    os.utime(path, (before, before))
    return path


def test_again_changes_nothing(cli: Cli, file: Path) -> None:
    first = cli.done("import", str(file), "--json").json
    assert (first["lines"], first["new"], first["stored"], first["failed"]) == (3, 2, 3, 0)
    dumped = cli.done("dump", "--canonical").out
    again = cli.done("import", str(file), "--json").json
    assert (again["new"], again["stored"], again["unchanged"], again["failed"]) == (0, 0, 3, 0)
    assert cli.done("dump", "--canonical").out == dumped


def test_the_text_says_what_json_says(cli: Cli, file: Path) -> None:
    ran = cli.done("import", str(file))
    assert "✔ 3 lines: 3 stored, 0 unchanged, 0 skipped, 0 failed; 2 new posts." in ran.out
    assert "generic_csv. Counters are lifetime totals" in ran.out


def test_lines_that_fail_are_listed_and_the_others_stored(cli: Cli, tmp_path: Path) -> None:
    bad = [f"tiktok,b{n},2026-11-19T18:00:00Z,2026-11-18,x,-1,3" for n in range(30)]
    path = written(tmp_path / "posts.csv", *GOOD, *bad, "tiktok,c,2027-01-01T00:00:00Z,2026-11-18,x,1,3")
    ran = cli.run("import", str(path))
    assert ran.code == 1
    assert "✖ 34 lines: 3 stored, 0 unchanged, 0 skipped, 31 failed; 2 new posts." in ran.out
    assert "views: '-1' is negative." in ran.out
    assert "… and 11 more lines." in ran.out
    listed = cli.run("import", str(path), "--json").json
    assert [error["line"] for error in listed["errors"]] == list(range(5, 36))
    assert listed["errors"][-1]["message"] == "Observed at 2027-01-01T00:00:00+00:00, which is in the future."


def test_a_rehearsal_says_the_same_and_writes_nothing(cli: Cli, file: Path) -> None:
    empty = cli.done("dump", "--canonical").out
    rehearsed = cli.done("import", str(file), "--brand", "Corner", "--dry-run", "--json").json
    assert cli.done("dump", "--canonical").out == empty
    assert rehearsed["run_id"] is None
    real = cli.done("import", str(file), "--brand", "Corner", "--json").json
    for key in ("lines", "new", "stored", "unchanged", "failed"):
        assert rehearsed[key] == real[key]
    assert "Nothing was written." in cli.done("import", str(file), "--dry-run").out


def test_a_line_of_another_brand_fails_alone(cli: Cli, file: Path, tmp_path: Path) -> None:
    cli.done("import", str(file), "--brand", "One")
    path = written(tmp_path / "more.csv", GOOD[0], "tiktok,new,2026-11-19T18:00:00Z,2026-11-18,n,7,1")
    ran = cli.run("import", str(path), "--brand", "Two", "--json")
    assert (ran.code, ran.json["stored"], ran.json["new"]) == (1, 1, 1)
    assert [error["line"] for error in ran.json["errors"]] == [2]


def test_a_studio_export_is_known_by_its_header_and_a_note_is_no_failure(cli: Cli, tmp_path: Path) -> None:
    path = written(tmp_path / "Table data.csv", text=STUDIO)
    ran = cli.done("import", str(path), "--json")
    assert (ran.json["format"], ran.json["stored"], ran.json["failed"]) == ("youtube_studio_table", 1, 0)
    assert ran.json["notes"] == ["Columns that are not known and were left out: 'Mystery'."]
    # The file does not say when it was read: its own date does.
    assert ran.json["observed_at"] == "2026-11-21T19:16:00Z"
    shown = cli.done("import", str(path))
    assert "Note: Columns that are not known" in shown.err


def test_an_import_says_what_its_numbers_will_come_to(cli: Cli, tmp_path: Path) -> None:
    now = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    path = written(
        tmp_path / "posts.csv",
        f"tiktok,a1,{now},2026-11-02,Day one,100,5",
        f"tiktok,a2,{now},soon,Day two,70,3",
        f"tiktok,a3,{now},2026-11-22,Day three,70,3",
    )
    ran = cli.done("import", str(path))
    assert "3 stored, 0 unchanged, 0 skipped, 0 failed" in ran.out
    assert "they count from 2026-11-23 00:00 UTC on." in ran.err
    assert "1 new post first read more than 48 h after publication" in ran.err
    assert "1 new post of unknown publication: no line tells it." in ran.err
    assert "3 posts without a brand: tiktok a1, tiktok a2, tiktok a3." in ran.err
    assert "published_at: 'soon' is no day like" in ran.out
    again = cli.done("import", str(path), "--brand", "Corner")
    assert "--brand is of new posts: 3 posts that were known without one were left" in again.err
    over = cli.done("import", str(written(tmp_path / "old.csv", *GOOD)))
    assert "no window until the day is over" not in over.err


def test_observed_at_wins_over_the_date_of_the_file(cli: Cli, tmp_path: Path) -> None:
    path = written(tmp_path / "Table data.csv", text=STUDIO)
    ran = cli.done("import", str(path), "--observed-at", "2026-11-20T08:00:00+01:00", "--json")
    assert ran.json["observed_at"] == "2026-11-20T07:00:00Z"
    assert '"observed_at":"2026-11-20T07:00:00Z"' in cli.done("dump", "--canonical").out


@pytest.mark.parametrize(
    ("text", "words", "code", "sentence"),
    [
        ("a,b\n1,2\n", (), 1, "No known format has the columns"),
        ("", (), 1, "The file is empty."),
        ("PK\x03\x04", (), 1, "The archive is damaged"),
        (STUDIO, ("--platform", "tiktok"), 1, "its platform is not 'tiktok'"),
        (STUDIO, ("--format", "nosuch"), 1, "There is no format 'nosuch'."),
        (STUDIO, ("--observed-at", "2030-01-01T00:00:00Z"), 1, "that is in the future"),
        (STUDIO, ("--observed-at", "2026-01-01T00:00:00"), 2, "has no offset"),
        (STUDIO, ("--observed-at", "yesterday"), 2, "is not an instant"),
    ],
)
def test_mistakes(
    cli: Cli, tmp_path: Path, text: str, words: tuple[str, ...], code: int, sentence: str
) -> None:
    ran = cli.run("import", str(written(tmp_path / "file.csv", text=text)), *words)
    assert ran.code == code
    assert sentence in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""


def test_a_file_of_the_future_is_refused(cli: Cli, file: Path) -> None:
    ahead = datetime(2027, 1, 1, tzinfo=UTC).timestamp()
    os.utime(file, (ahead, ahead))
    ran = cli.run("import", str(file))
    assert (ran.code, "give --observed-at" in ran.err) == (1, True)


def test_a_missing_file_is_wrong_usage(cli: Cli) -> None:
    assert cli.run("import", "nowhere.csv").code == 2


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are POSIX")
def test_a_big_file_has_a_bar_at_a_terminal(cli: Cli, tmp_path: Path) -> None:
    title = "x" * 1_500
    path = written(
        tmp_path / "big.csv",
        *(f"tiktok,b{n},2026-01-01T00:00:00Z,2025-12-31,{title},{n},1" for n in range(1_000)),
    )
    code, shown = at_terminal(cli, ("import", str(path)), ())
    assert code == 0
    assert "big.csv" in shown
    assert "%" in shown
    assert "✔ 1,000 lines: 1,000 stored" in shown
