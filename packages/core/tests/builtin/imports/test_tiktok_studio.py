"""TikTok Studio's file: quoted cells, days without a year, and the id inside the link."""

from datetime import UTC, date, datetime

import pytest

from afterpost.builtin.imports import tiktok_studio
from afterpost.builtin.imports.calendar_words import MonthDay
from afterpost.builtin.imports.cells import CellError
from afterpost.builtin.imports.tiktok_studio import with_year
from afterpost.domain.errors import InvalidInput
from afterpost.sdk import FileRecord, Kind, LineError
from packages.core.tests.builtin.imports.reading import OBSERVED, errors_in, items_of, records_of

HEADER = (
    '"Time","Video title","Video link","Post time",'
    '"Total likes","Total comments","Total shares","Total views"'
)


def made(at: str) -> int:
    """An id made at an instant."""
    return int(datetime.fromisoformat(at).timestamp()) << 32 | 12345


def link(at: str = "2026-02-27T10:00:00Z", kind: str = "video") -> str:
    return f"https://www.tiktok.com/@baker/{kind}/{made(at)}"


def line(
    post_time: str, *, url: str = link(), title: str = "Loaf", views: str = "1204", likes: str = "31"
) -> str:
    return f'"March 2","{title}","{url}","{post_time}","{likes}","2","0","{views}"'


def test_a_file_as_tiktok_writes_it() -> None:
    quoted = '=HYPERLINK(""x"")'
    data = f"\ufeff{HEADER}\n{line('February 28', title=quoted, likes='undefined')}\n"
    (record,) = records_of(data)

    assert (record.line, record.platform, record.content_type) == (2, "tiktok", "video")
    assert record.external_id == str(made("2026-02-27T10:00:00Z"))
    assert len(record.external_id) == 19
    assert record.title == '=HYPERLINK("x")'
    assert record.url == link()
    assert record.reading.observed_at == OBSERVED
    assert (record.reading.published_at, record.reading.published_on) == (None, date(2026, 2, 28))
    assert record.reading.values == {"views": 1204, "comments": 2, "shares": 0}
    assert record.reading.definitions["likes"] == "import:tiktok_studio_content"


def test_days_on_both_sides_of_new_year() -> None:
    at = datetime(2026, 1, 5, 8, tzinfo=UTC)
    rows = [
        line("3 de enero", url=link("2026-01-03T10:00:00Z")),
        line("31 de diciembre", url=link("2025-12-31T10:00:00Z")),
        line("8 de marzo", url=link("2025-03-08T10:00:00Z")),
    ]
    days = [r.reading.published_on for r in records_of("\n".join([HEADER, *rows]), at=at)]
    assert days == [date(2026, 1, 3), date(2025, 12, 31), date(2025, 3, 8)]


def test_an_old_file_without_its_date_is_refused_by_the_ids() -> None:
    error = errors_in(items_of(f"{HEADER}\n{line('8 de marzo', url=link('2023-03-07T10:00:00Z'))}\n"))[0]
    assert "'8 de marzo' would be 2025-03-08, and the video's id was made on 2023-03-07" in error.message
    assert "observed_at" in error.message


@pytest.mark.parametrize(
    ("meant", "downloaded", "year"),
    [
        ((2, 28), "2026-03-02", 2026),
        ((3, 5), "2026-03-02", 2025),
        ((12, 31), "2026-01-01", 2025),
        ((1, 1), "2026-01-01", None),  # today, or a year ago
        ((1, 2), "2026-01-01", None),  # today in a zone ahead, or almost a year ago
        ((2, 29), "2024-03-01", 2024),
        ((2, 29), "2025-01-10", 2024),
    ],
)
def test_the_year_follows_from_the_download(
    meant: tuple[int, int], downloaded: str, year: int | None
) -> None:
    at = datetime.fromisoformat(downloaded).replace(hour=12, tzinfo=UTC)
    if year is not None:
        assert with_year(MonthDay(*meant), at, None, "cell") == date(year, *meant)
        return
    with pytest.raises(CellError, match=r"has no year and can be 2025-01-0\d or 2026-01-0\d"):
        with_year(MonthDay(*meant), at, None, "cell")


def test_the_id_decides_between_two_years() -> None:
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for year in (2025, 2026):
        id_made = datetime(year, 1, 1, 3, tzinfo=UTC)
        assert with_year(MonthDay(1, 1), at, id_made, "cell") == date(year, 1, 1)


def test_a_scheduled_video_was_made_weeks_before_it_was_published() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    early = datetime(2026, 1, 29, tzinfo=UTC)
    assert with_year(MonthDay(2, 27), at, early, "cell") == date(2026, 2, 27)


def test_a_leap_day_outside_the_year_is_refused() -> None:
    with pytest.raises(CellError, match="no day of the year before 2026-03-02"):
        with_year(MonthDay(2, 29), datetime(2026, 3, 2, tzinfo=UTC), None, "February 29")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (line("February 28", url="https://vm.tiktok.com/abc/"), "has no video's id in it"),
        (line("February 28", url="javascript:alert(1)"), "is no web address"),
        (line("February 28", url=""), "has no video's id in it"),
        (line("February 28", views="1.2K"), "Total views: '1.2K' is no number"),
        (line("February 28", views="1.204"), "could be meant with or without the point"),
    ],
)
def test_a_line_that_cant_be_read_stops_no_other(row: str, words: str) -> None:
    items = items_of("\n".join([HEADER, line("February 28"), row, line("February 28")]))
    assert [type(item) for item in items] == [FileRecord, LineError, FileRecord]
    assert words in errors_in(items)[0].message


@pytest.mark.parametrize(
    ("post_time", "words"),
    [
        ("nonsense", "Post time: 'nonsense' is no day in any language"),
        ("28/02", "is no day in any language"),
        ("2026-02-28 and more", "is no day in any language"),
        ("1 listopada", "10-01 in Croatian and 11-01 in Polish; set the page's language to English"),
        ("February 29", "is no day of the year before 2026-03-02"),
    ],
)
def test_a_publication_that_can_t_be_read_costs_no_number(post_time: str, words: str) -> None:
    (record,) = records_of(f"{HEADER}\n{line(post_time, url=link('2025-11-03T10:00:00Z'))}\n")
    assert record.reading.values["views"] == 1204
    assert (record.reading.published_at, record.reading.published_on) == (None, None)
    assert words in record.notes[0]


@pytest.mark.parametrize(
    ("post_time", "made_at", "published_on", "words"),
    [
        ("2026-07-16", "2025-07-16T10:00:00Z", date(2025, 7, 16), "; 2025-07-16 is meant"),
        ("2026-12-02 00:00:00", "2025-12-01T23:00:00Z", date(2025, 12, 2), "; 2025-12-02 is meant"),
        ("2026-01-01", "2024-12-31T20:00:00Z", date(2025, 1, 1), "; 2025-01-01 is meant"),
        ("2026-05-01", "2025-07-16T10:00:00Z", None, "; left unknown"),
    ],
)
def test_a_year_that_a_spreadsheet_made_up_gives_way_to_the_id(
    post_time: str, made_at: str, published_on: date | None, words: str
) -> None:
    at = datetime(2026, 2, 28, 9, tzinfo=UTC)
    (record,) = records_of(f"{HEADER}\n{line(post_time, url=link(made_at))}\n", at=at)
    assert (record.reading.published_at, record.reading.published_on) == (None, published_on)
    assert record.reading.values["views"] == 1204
    (note,) = record.notes
    assert f"is not the publication, for the video's id was made on {made_at[:10]}{words}" in note


def test_days_as_excel_writes_them_anew() -> None:
    rows = [
        line("16-Jul", url=link("2025-07-16T10:00:00Z")),
        line("2-Dec", url=link("2025-12-01T23:00:00Z")),
    ]
    found = records_of("\n".join([HEADER, *rows]), at=datetime(2026, 2, 28, 9, tzinfo=UTC))
    assert [record.reading.published_on for record in found] == [date(2025, 7, 16), date(2025, 12, 2)]


def test_a_link_without_its_scheme_has_the_id_all_the_same() -> None:
    (record,) = records_of(f"{HEADER}\n{line('February 28', url=link().removeprefix('https://'))}\n")
    assert record.external_id == str(made("2026-02-27T10:00:00Z"))


def test_a_day_with_its_year_is_taken_as_it_stands_and_an_unknown_one_is_unknown() -> None:
    rows = [
        line("2026-02-28"),
        line("2026-02-28 19:05:00"),
        line("undefined"),
        line("February 28", url=link(kind="photo")),
    ]
    first, second, third, photo = records_of("\n".join([HEADER, *rows]))
    assert first.reading.published_on == second.reading.published_on == date(2026, 2, 28)
    assert third.reading.published_on is None
    assert photo.content_type == "image"


def test_levels_and_counters_of_longer_files() -> None:
    data = "Video link,Post time,Total play time,Average watch time,Add to favorites,Reached audience\n"
    items = items_of(f'{data}{link()},February 28,"12,345.5s",,4,5\n')
    assert "Columns that are not known and were left out: 'Reached audience'." in errors_in(items)[0].message
    (record,) = (
        i for i in items_of(f"{data}{link()},February 28,8100,11.5,4,5\n") if isinstance(i, FileRecord)
    )
    assert record.reading.values == {"watch_time_seconds": 8100, "avg_view_seconds": 11.5, "saves": 4}
    assert record.reading.kinds == {"avg_view_seconds": Kind.GAUGE}


def test_a_file_that_is_too_long_to_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiktok_studio, "MAX_LINES", 2)
    with pytest.raises(InvalidInput, match="more than 2 lines"):
        items_of("\n".join([HEADER, *[line("February 28")] * 3]))
