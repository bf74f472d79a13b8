"""Dates and instants as files write them."""

from contextlib import suppress
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.builtin.imports.cells import CellError
from afterpost.builtin.imports.times import Published, day, instant, publication


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-03-01T18:30:00Z", datetime(2026, 3, 1, 18, 30, tzinfo=UTC)),
        (" 2026-03-01 18:30Z ", datetime(2026, 3, 1, 18, 30, tzinfo=UTC)),
        ("2026-03-01T18:30:00+02:00", datetime(2026, 3, 1, 16, 30, tzinfo=UTC)),
        ("2026-03-01T00:30:00+0530", datetime(2026, 2, 28, 19, 0, tzinfo=UTC)),
        ("2026-03-01T18:30:00.250Z", datetime(2026, 3, 1, 18, 30, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_instants(cell: str, expected: datetime) -> None:
    assert instant(cell) == expected


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("2026-03-01T18:30:00", "lacks its offset"),
        ("2026-03-01", "no instant"),
        ("01/03/2026 18:30Z", "no instant"),
        ("2026-13-01T18:30:00Z", "on no calendar"),
        ("2026-03-01T18:30:00+99:00", "on no calendar"),
        ("0001-01-01T00:00:00+12:00", "on no calendar"),
        ("1899-12-31T00:00:00Z", "outside 1970 to 2199"),
        ("9999-12-31T23:59:59-12:00", "on no calendar"),
        ("yesterday", "no instant"),
    ],
)
def test_what_is_no_instant_is_refused(cell: str, words: str) -> None:
    with pytest.raises(CellError, match=words):
        instant(cell)


def test_days() -> None:
    assert day("2024-02-29") == date(2024, 2, 29)
    assert day("2026-03-01 00:00:00") == day("2026-03-01T18:30") == date(2026, 3, 1)
    assert publication("2026-03-01") == Published(on=date(2026, 3, 1))
    assert publication("2026-03-01T18:30:00Z") == Published(at=datetime(2026, 3, 1, 18, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    "cell", ["2026-02-29", "2026-2-9", "20260209", "0000-01-01", "1969-12-31", "2026-W09", "2026-03-01x"]
)
def test_what_is_no_day_is_refused(cell: str) -> None:
    with pytest.raises(CellError):
        day(cell)


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{4})"))
def test_no_text_raises_anything_else(cell: str) -> None:
    with suppress(CellError):
        assert instant(cell).tzinfo is UTC
    with suppress(CellError):
        assert isinstance(day(cell), date)
    with suppress(CellError):
        found = publication(cell, zone=ZoneInfo("America/New_York"))
        assert (found.at is None) != (found.on is None)
