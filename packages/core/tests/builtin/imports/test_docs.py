"""docs/import.md is true: its example is read, and every column and metric it promises exists."""

import re
from pathlib import Path

import pytest

from afterpost.builtin.imports.archive import MAX_MEMBERS, MAX_UNPACKED, MAX_WORKBOOK
from afterpost.builtin.imports.cells import CellError, is_unknown
from afterpost.builtin.imports.csv_stream import MAX_CELL, MAX_COLUMNS
from afterpost.builtin.imports.generic import FIELDS
from afterpost.builtin.imports.numbers import count, number
from afterpost.builtin.imports.post_export import PostExport
from afterpost.builtin.imports.provider import ImportsProvider
from afterpost.builtin.imports.text_lines import MAX_RECORD
from afterpost.builtin.imports.workbook import MAX_ROWS
from afterpost.domain.metrics import CANONICAL, MAX_COUNT
from packages.core.tests.builtin.imports.reading import records_of

DOC = (Path(__file__).parents[5] / "docs" / "import.md").read_text("utf-8")
GENERIC = DOC.split("## The generic CSV")[1].split("\n## ")[0]


def test_the_example_is_read() -> None:
    found = re.search(r"```csv\n(.*?)```", GENERIC, re.DOTALL)
    assert found is not None

    first, second, third = records_of(found[1])

    assert first.external_id == second.external_id == "7301234567890123456"
    assert first.reading.values == {
        "views": 12480,
        "likes": 913,
        "comments": 41,
        "x_tiktok_full_views": 5102,
    }
    assert "saves" in first.reading.definitions
    assert third.platform == "instagram"
    assert third.reading.values == {"likes": 208, "comments": 9, "saves": 31}


def test_every_column_is_documented() -> None:
    table = GENERIC.split("**Metrics**")[0]
    for field in FIELDS:
        assert re.search(rf"^\| .*`{field}`.* \|", table, re.MULTILINE), field
    for metric in CANONICAL:
        assert f"`{metric}`" in GENERIC, metric


FORMATS = [each for each in ImportsProvider().file_formats if isinstance(each, PostExport)]
TABLES = {
    "youtube_studio_table": "Studio's column",
    "youtube_studio_chart": "Studio's column",
    "tiktok_studio_content": "TikTok's column",
    "meta_instagram_posts": "Instagram's column",
    "meta_facebook_posts": "Facebook's column",
    "x_content": "X's column",
    "x_tweet_activity": "tweet activity's column",
    "linkedin_content": "LinkedIn's column",
}
"""format -> the table that lists its columns."""


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_the_columns_of_every_export_are_documented_with_their_metrics(form: PostExport) -> None:
    table = DOC.split(f"\n| {TABLES[form.name]} | metric |")[1].split("\n\n")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if "`" in line]
    documented = {
        name.strip(): metric.strip()
        for names, metrics in rows
        for name, metric in _pairs(names.split(","), re.findall(r"`\w+`", metrics))
    }
    assert documented == {name: f"`{column.metric}`" for name, column in form.columns.items()}


def _pairs(names: list[str], metrics: list[str]) -> list[tuple[str, str]]:
    """Several columns of one metric, or one metric each."""
    return list(zip(names, metrics * len(names) if len(metrics) == 1 else metrics, strict=True))


def test_the_limits_are_the_real_ones() -> None:
    assert f"{MAX_COLUMNS} columns, {MAX_CELL:,} characters a cell, {MAX_RECORD:,} a line" in DOC
    assert str(MAX_COUNT) in DOC
    assert f"{MAX_MEMBERS:,} files, {MAX_UNPACKED // 2**20} MiB" in DOC
    assert f"{MAX_ROWS:,} rows, {MAX_WORKBOOK // 2**20} MiB" in DOC
    assert all(is_unknown(cell) for cell in ("", "-", "n/a", "null", "undefined"))


@pytest.mark.parametrize("cell", ["1234", "1,234", "1 234", "1,234,567", "424.0"])
def test_counters_as_documented(cell: str) -> None:
    assert f"`{cell}`" in GENERIC
    assert count(cell) == int(re.sub(r"[, ]|\.0$", "", cell))


@pytest.mark.parametrize("cell", ["1.234", "12.5", "1.2E+06", "-5", "NaN", "inf"])
def test_what_is_documented_as_refused_is(cell: str) -> None:
    assert f"`{cell}`" in GENERIC
    with pytest.raises(CellError):
        count(cell)


def test_levels_as_documented() -> None:
    assert float(number("1,234.5")) == 1234.5
    with pytest.raises(CellError):
        number("1,234")
