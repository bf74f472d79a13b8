"""The generic CSV: every column, every kind of cell, and what is refused."""

import re
from datetime import UTC, date, datetime

import pytest

from afterpost.domain.errors import InvalidInput
from afterpost.domain.metrics import CANONICAL, MAX_COUNT
from afterpost.sdk import FileRecord, Kind, LineError
from packages.core.tests.builtin.imports.reading import OBSERVED, items_of, only_error, records_of


def test_every_field_is_read() -> None:
    (record,) = records_of(
        "platform,post_id,observed_at,published_at,title,description,url,content_type,account,views,likes\n"
        'TikTok,7301234567890123456,2026-03-01T18:00:00+01:00,2026-02-27T09:30:00Z,A title,"Two\nlines",'
        "https://example.org/p,Video,@baker,12,3\n"
    )

    assert (record.line, record.platform, record.external_id) == (2, "tiktok", "7301234567890123456")
    assert (record.title, record.description) == ("A title", "Two\nlines")
    assert (record.url, record.content_type, record.account) == ("https://example.org/p", "video", "@baker")
    assert record.reading.observed_at == datetime(2026, 3, 1, 17, tzinfo=UTC)
    assert record.reading.published_at == datetime(2026, 2, 27, 9, 30, tzinfo=UTC)
    assert record.reading.values == {"views": 12, "likes": 3}
    assert record.reading.definitions == {"views": "import:generic_csv", "likes": "import:generic_csv"}
    assert record.reading.daily == {}


def test_what_is_left_out_is_unknown() -> None:
    (record,) = records_of("post_id,views\nabc,\n", "tiktok")

    assert record.reading.observed_at == OBSERVED
    assert record.reading.published_at is None
    assert record.reading.values == {}
    assert record.reading.definitions == {"views": "import:generic_csv"}  # asked for, and not to be had
    assert (record.title, record.url, record.content_type, record.account) == ("", "", "unknown", None)
    assert record.notes == ()


@pytest.mark.parametrize("cell", ["", " ", "-", "n/a", "N/A", "null", "NULL", "undefined"])
def test_unknown_is_never_zero(cell: str) -> None:
    (record,) = records_of(f"post_id,views,likes,published_at\nabc,{cell},0,{cell}\n", "tiktok")

    assert record.reading.values == {"likes": 0}
    assert record.reading.published_at is None


def test_every_metric_has_its_column() -> None:
    (record,) = records_of(f"post_id,{','.join(CANONICAL)}\nabc,{','.join('7' for _ in CANONICAL)}\n", "x")

    assert record.reading.values == dict.fromkeys(CANONICAL, 7)
    assert record.reading.kinds == {"avg_view_seconds": Kind.GAUGE}


def test_own_metrics_are_levels() -> None:
    (record,) = records_of("post_id,views,x_crm_leads,avg_view_seconds\nabc,1,2.5,12.0\n", "x")

    assert record.reading.values == {"views": 1, "x_crm_leads": 2.5, "avg_view_seconds": 12}
    assert record.reading.kinds == {"x_crm_leads": Kind.GAUGE, "avg_view_seconds": Kind.GAUGE}


def test_a_platform_for_the_whole_file_gives_way_to_the_lines() -> None:
    records = records_of("platform,post_id,views\nyoutube,a,1\n,b,1\n", "tiktok")

    assert [record.platform for record in records] == ["youtube", "tiktok"]


def test_a_day_has_no_hour() -> None:
    records = records_of(
        "post_id,date,observed_at,published_at,views\n"
        "a,2026-03-01,,2026-02-27,1\n"
        "b,,2026-03-01T00:00Z,2026-02-27T00:00Z,1\n"
        "c,,,,1\n"
        "d,2026-03-01 00:00:00,,2026-02-27 00:00:00,1\n",
        "x",
    )
    first_of_march = datetime(2026, 3, 1, tzinfo=UTC)
    assert [(record.reading.observed_at, record.reading.observed_on) for record in records] == [
        (first_of_march, date(2026, 3, 1)),
        (first_of_march, None),
        (OBSERVED, None),
        (first_of_march, date(2026, 3, 1)),
    ]
    assert [(record.reading.published_at, record.reading.published_on) for record in records] == [
        (None, date(2026, 2, 27)),
        (datetime(2026, 2, 27, tzinfo=UTC), None),
        (None, None),
        (None, date(2026, 2, 27)),
    ]


def test_an_hour_without_its_offset_is_one_of_the_account_s_zone_or_none() -> None:
    data = "post_id,published_at,views\na,2026-02-27T18:30:00,1\n"
    (record,) = records_of(data, "x", zone="Asia/Tokyo")
    assert record.reading.published_at == datetime(2026, 2, 27, 9, 30, tzinfo=UTC)
    (record,) = records_of(data, "x")
    assert (record.reading.published_at, record.reading.published_on) == (None, date(2026, 2, 27))
    assert "lacks its offset from UTC, so its day alone is kept" in record.notes[0]


def test_names_of_columns_are_read_in_any_case_and_order() -> None:
    (record,) = records_of("Views; POST_ID ;Title;;\n5;abc;-;;\n", "x")

    assert (record.external_id, record.title, record.reading.values) == ("abc", "-", {"views": 5})


def test_cells_are_kept_as_they_are() -> None:
    title = "=HYPERLINK(1) \u202egnp "
    (record,) = records_of(f"post_id,title,views\n-abc,{title},1\n", "x")

    assert (record.external_id, record.title) == ("-abc", title)


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("views", "-5", "views: '-5' is negative"),
        ("views", "nan", "views: 'nan' is no number"),
        ("views", "inf", "views: 'inf' is no number"),
        ("views", str(MAX_COUNT + 1), "views: '1000000000000001' is larger than"),
        ("views", "1.5", "views: '1.5' is not a whole number"),
        ("avg_view_seconds", "-1.5", "avg_view_seconds: '-1.5' is negative"),
        ("x_crm_leads", '"1,234"', "x_crm_leads: '1,234' could be meant"),
        ("observed_at", "2026-03-01T10:00:00", "observed_at: .* lacks its offset"),
        ("date", "01.03.2026", "date: .* is no day"),
        ("platform", "You Tube", "platform: 'you tube' is no platform"),
    ],
)
def test_a_bad_cell_names_its_column_and_stops_no_other_line(column: str, cell: str, words: str) -> None:
    head, good, bad = ("post_id,views", "abc,1", "def,1")
    if column == "views":
        data = f"{head}\n{good}\ndef,{cell}\n{good}\n"
    else:
        data = f"{head},{column}\n{good},\n{bad},{cell}\n{good},\n"
    first, error, last = items_of(data, "x")

    assert isinstance(first, FileRecord)
    assert isinstance(error, LineError)
    assert error.line == 3
    assert re.search(words, error.message)
    assert isinstance(last, FileRecord)
    assert last.line == 4


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("", "id is missing"),
        ("a b", "is no id"),
        (" -abc", "is no id"),
        ("7.30123E+18", "a spreadsheet rounded"),
        ("7,3E18", "a spreadsheet rounded"),
        ("x" * 513, "is no id"),
    ],
)
def test_an_id_is_exact_or_refused(cell: str, words: str) -> None:
    assert words in only_error(f'post_id,views\n"{cell}",1\nabc,1\n', "x").message


@pytest.mark.parametrize(
    ("column", "cell", "note"),
    [
        ("published_at", "soon", "published_at: 'soon' is no day like 2026-03-01; left unknown"),
        ("published_at", "2026-02-30", "published_at: '2026-02-30' is on no calendar; left unknown"),
        ("account", "x" * 201, "account: 'x+…' is no account"),
    ],
)
def test_what_describes_a_post_costs_none_of_its_numbers(column: str, cell: str, note: str) -> None:
    (record,) = records_of(f"post_id,views,{column}\nabc,1,{cell}\n", "x")
    assert record.reading.values == {"views": 1}
    (said,) = record.notes
    assert re.match(note, said)


def test_cells_that_a_spreadsheet_left_out_are_empty() -> None:
    rows = "e1,x,10,1,1\ne2,x,20,2,\ne3,x,30,3\ne4,x,40\n"
    records = records_of(f"post_id,platform,views,likes,saves\n{rows}")
    assert [record.reading.values for record in records] == [
        {"views": 10, "likes": 1, "saves": 1},
        {"views": 20, "likes": 2},
        {"views": 30, "likes": 3},
        {"views": 40},
    ]
    assert all("saves" in record.reading.definitions for record in records)


@pytest.mark.parametrize(
    "mark", ["\ufeff", "\u200b", "\u200d", "\u00ad", "\u2060", "\u00a0", "\u202f", "\u200e"]
)
def test_characters_that_nobody_sees_are_no_part_of_a_name_or_an_id(mark: str) -> None:
    data = f"{mark}post_id{mark},plat{mark}form,views{mark}\na{mark}1{mark},{mark}X{mark},10\n"
    if mark in "\u00a0\u202f":  # a space, if one that does not break
        data = data.replace(f"plat{mark}form", "platform")
    (record,) = records_of(data)
    assert (record.platform, record.external_id, record.reading.values) == ("x", "a1", {"views": 10})


@pytest.mark.parametrize(
    ("platform", "post", "url"),
    [
        ("tiktok", "7301234567890120000", "https://www.tiktok.com/@baker/video/7301234567890123456"),
        ("x", "1990000000000000000", "https://x.com/baker/status/1990000000000001234"),
        ("youtube", "abcdefghijk", "https://www.youtube.com/watch?v=zzzzzzzzzzz"),
        ("youtube", "abcdefghijk", "https://youtu.be/zzzzzzzzzzz?t=3"),
    ],
)
def test_an_id_that_its_own_link_contradicts_is_refused(platform: str, post: str, url: str) -> None:
    header = "platform,post_id,url,views"
    error = only_error(f"{header}\n{platform},{post},{url},5\n")
    assert f"{post} is not the id in url" in error.message
    (record,) = records_of(
        f"{header}\n{platform},{post},{url.replace('zzzzzzzzzzz', post)},5\n".replace(
            "7301234567890123456", post
        ).replace("1990000000000001234", post)
    )
    assert record.external_id == post


def test_all_that_is_wrong_with_a_line_is_one_error() -> None:
    error = only_error(
        "platform,post_id,date,observed_at,views,likes\n,,2026-03-01,2026-03-01T00:00Z,-1,no\n"
    )

    assert error.message == (
        "observed_at and date: give one of them; views: '-1' is negative; likes: 'no' is no number; "
        "post_id: the id is missing; platform: the platform is missing."
    )


@pytest.mark.parametrize("line", ["abc,1,2", "abc,1,2,3"])
def test_a_line_with_more_cells_is_an_error(line: str) -> None:
    assert "the header 2" in only_error(f"post_id,views\n{line}\nabc,1,,\n", "x").message


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("post_id,veiws", r"'veiws' \(meant is views\?\)"),
        ("post_id,views,Publishd At", r"'publishd at' \(meant is published_at\?\)"),
        ("post_id,views,revenue in Q3", "'revenue in q3'"),
        ("post_id,views,X_Bad", "'x_bad'"),
        ("post_id,,views", "'column 2'"),
        ("post_id,views,Views", "'views' stands twice"),
        ("post_id,title", "no metric"),
        ("post_id,views", "which platform"),
    ],
)
def test_a_header_that_would_lose_something_is_refused(header: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        items_of(f"{header}\n{','.join('1' for _ in header.split(','))}\n")
