"""docs/import.md is true: its example is read, and every column and metric it promises exists."""

import re
from pathlib import Path

import pytest

from afterpost.builtin.imports.cells import CellError, is_unknown
from afterpost.builtin.imports.csv_stream import MAX_CELL, MAX_COLUMNS
from afterpost.builtin.imports.generic import FIELDS
from afterpost.builtin.imports.numbers import count, number
from afterpost.builtin.imports.text_lines import MAX_RECORD
from afterpost.builtin.imports.youtube_columns import METRICS
from afterpost.domain.metrics import CANONICAL, MAX_COUNT
from packages.core.tests.builtin.imports.reading import records_of

DOC = (Path(__file__).parents[5] / "docs" / "import.md").read_text("utf-8")
GENERIC, STUDIO = DOC.split("## The generic CSV")[1].split("## YouTube Studio")


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


def test_every_studio_column_is_documented_with_its_metric() -> None:
    rows = [line.split("|")[1:3] for line in STUDIO.splitlines() if line.startswith("| ")]
    documented = {
        name.strip(): metrics.strip()
        for columns, metrics in rows
        if "`" in metrics
        for name in columns.split(",")
    }
    for name, column in METRICS.items():
        assert f"`{column.metric}`" in documented[name]


def test_the_limits_are_the_real_ones() -> None:
    assert f"{MAX_COLUMNS} columns, {MAX_CELL:,} characters a cell, {MAX_RECORD:,} a line" in DOC
    assert str(MAX_COUNT) in DOC
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
