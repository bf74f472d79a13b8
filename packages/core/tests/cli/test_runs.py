"""runs: the list, and what failed in one."""

from pathlib import Path

import pytest

from packages.core.tests.cli.kit import Cli

LINES = """post_id,platform,observed_at,views
a1,tube,2026-11-20T10:00:00Z,100
a1,tube,2026-11-21T10:00:00Z,130
a2,tube,2026-11-20T10:00:00Z,-3
"""


@pytest.fixture
def file(cli: Cli, tmp_path: Path) -> Path:
    """A file with a line that fails, imported."""
    path = tmp_path / "numbers.csv"
    path.write_text(LINES, "utf-8")
    assert cli.run("import", str(path), "--observed-at", "2026-11-22T10:00:00Z").code == 1
    return path


def test_the_list_counts_posts_once_and_lines_apart(cli: Cli, file: Path) -> None:
    cli.connected()
    cli.done("refresh")
    said = cli.done("runs", "--json").json
    assert [(run["kind"], run["posts"], run["stored"], run["failed_lines"]) for run in said["runs"]] == [
        ("collect", 2, 2, None),
        ("import", 1, 1, 1),
    ]
    assert said["next_before"] is None
    printed = cli.done("runs").out
    assert "numbers.csv (generic_csv): 1 of 3 lines failed" in printed


def test_pages_and_filters(cli: Cli, file: Path) -> None:
    cli.connected()
    cli.done("refresh")
    first = cli.done("runs", "--limit", "1", "--json").json
    assert ([run["id"] for run in first["runs"]], first["next_before"]) == ([2], 2)
    second = cli.done("runs", "--limit", "1", "--before", "2", "--json").json
    assert ([run["id"] for run in second["runs"]], second["next_before"]) == ([1], None)
    assert [run["id"] for run in cli.done("runs", "--kind", "import", "--json").json["runs"]] == [1]
    assert cli.done("runs", "--state", "failed").out == "No runs.\n"
    assert "More: --before 2" in cli.done("runs", "--limit", "1").out


def test_one_run_lists_each_line_that_failed(cli: Cli, file: Path) -> None:
    printed = cli.done("runs", "1").out
    assert "✖ Run 1: 1 post: 1 stored, 0 unchanged, 0 skipped, 0 failed; 1 line failed." in printed
    assert "views: '-3' is negative." in printed
    said = cli.done("runs", "1", "--json").json
    assert [(line["line"], line["outcome"]) for line in said["failed_lines"]] == [(4, "failed")]
    assert said["file"]["name"] == "numbers.csv"


def test_what_is_not_there_or_makes_no_sense_is_said(cli: Cli) -> None:
    ran = cli.run("runs", "7")
    assert (ran.code, "There is no run 7." in ran.err) == (1, True)
    ran = cli.run("runs", "7", "--kind", "import")
    assert (ran.code, "belong to the list" in ran.err) == (2, True)


def test_the_doctor_warns_of_lines_that_failed(cli: Cli, file: Path) -> None:
    findings = [each for each in cli.run("doctor", "--json").json["findings"] if each["area"] == "runs"]
    (found,) = findings
    assert found["mark"] == "warning"
    assert "1 post: 1 stored, 0 unchanged, 0 skipped, 0 failed; 1 line failed" in found["sentence"]
    assert found["next_step"] == "afterpost runs 1, which lists each line that failed"
