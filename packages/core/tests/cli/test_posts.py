"""posts: the list, its pages, and an edit."""

from pathlib import Path

import pytest

from packages.core.tests.cli.kit import Cli

LINES = """post_id,platform,observed_at,views,title
a1,tube,2026-11-20T10:00:00Z,100,Loaf
a2,tube,2026-11-20T10:00:00Z,5,Crumb
"""


@pytest.fixture
def file(cli: Cli, tmp_path: Path) -> Path:
    path = tmp_path / "numbers.csv"
    path.write_text(LINES, "utf-8")
    cli.done("import", str(path), "--observed-at", "2026-11-22T10:00:00Z")
    return path


def test_the_list_pages_and_filters(cli: Cli, file: Path) -> None:
    first = cli.done("posts", "--limit", "1", "--json").json
    assert ([post["external_id"] for post in first["posts"]], first["next_before"]) == (["a2"], 2)
    second = cli.done("posts", "--limit", "1", "--before", "2", "--json").json
    assert ([post["external_id"] for post in second["posts"]], second["next_before"]) == (["a1"], None)
    found = cli.done("posts", "--search", "CRUMB", "--json").json["posts"]
    assert [(post["id"], post["brand"], post["state"]) for post in found] == [(2, None, "live")]
    assert cli.done("posts", "--state", "gone").out == "No posts.\n"
    printed = cli.done("posts", "--no-brand", "--limit", "1").out
    assert "Crumb" in printed
    assert "More: --before 2" in printed


def test_an_edit_gives_brand_and_title(cli: Cli, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("post_id,platform,observed_at,views\nb1,tube,2026-11-20T10:00:00Z,1\n", "utf-8")
    cli.done("import", str(other), "--brand", "Nord", "--observed-at", "2026-11-22T10:00:00Z")
    ran = cli.done("posts", "edit", "1", "--brand", "Nord", "--title", "Loaf, closer")
    assert ran.out == "✔ Post 1 (tube a1): Loaf, closer, brand nord.\n"
    assert [post["id"] for post in cli.done("posts", "--brand", "nord", "--json").json["posts"]] == [3, 1]
    said = cli.done("posts", "edit", "1", "--no-brand", "--json").json
    assert (said["brand"], said["title"]) == (None, "Loaf, closer")


def test_what_is_wrong_is_said(cli: Cli, file: Path) -> None:
    ran = cli.run("posts", "edit", "1", "--brand", "Nord")
    assert (ran.code, "There is no brand 'Nord'." in ran.err, "There is no brand yet." in ran.err) == (
        1,
        True,
        True,
    )
    assert cli.run("posts", "edit", "9", "--title", "x").code == 1
    assert cli.run("posts", "edit", "1").code == 2
    assert cli.run("posts", "--brand", "x", "--no-brand").code == 2
