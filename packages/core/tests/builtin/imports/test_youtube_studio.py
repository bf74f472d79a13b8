"""YouTube Studio's files, with the traps that the real ones hold."""

from datetime import date

import pytest

from afterpost.domain.errors import InvalidInput
from afterpost.sdk import FileRecord, Kind, LineError, LineSkipped
from packages.core.tests.builtin.imports.reading import (
    OBSERVED,
    STUDIO,
    errors_in,
    items_of,
    only_error,
    records_of,
)

ID = "2q4TS4z4Rpk"


def test_a_table_as_studio_writes_it() -> None:
    records = records_of(
        "\ufeffContent,Video title,Video publish time,Duration,Views,Watch time (hours),Subscribers,"
        "Impressions,Impressions click-through rate (%)\n"
        "Total,,,,504631,42600.6525,7421,5943695,5.22\n"
        f'{ID},"A title, with ""quotes""\nand a line","Jan 6, 2024",2496,8542,927.5816,-14,138912,4.02\n'
        ' -HNx8nDsGuQ,=SUM(A1),"Sep 30, 2021",0:19:54,1557,,,,\n'
    )

    first, second = records
    assert (first.line, first.platform, first.external_id) == (3, "youtube", ID)
    assert first.title == 'A title, with "quotes"\nand a line'
    assert (first.url, first.content_type) == (f"https://www.youtube.com/watch?v={ID}", "video")
    assert first.reading.observed_at == OBSERVED
    assert (first.reading.published_at, first.reading.published_on) == (None, date(2024, 1, 6))
    assert first.reading.values == {
        "views": 8542,
        "watch_time_seconds": 3339294,
        "x_youtube_subscribers": -14,
        "impressions": 138912,
        "x_youtube_impressions_ctr": 0.0402,
    }
    assert first.reading.kinds == {
        "x_youtube_subscribers": Kind.GAUGE,
        "x_youtube_impressions_ctr": Kind.RATIO,
    }
    assert (second.line, second.external_id, second.title) == (5, "-HNx8nDsGuQ", "=SUM(A1)")
    assert second.reading.values == {"views": 1557}
    assert set(second.reading.definitions) == set(first.reading.values)
    assert set(second.reading.definitions.values()) == {"import:youtube_studio_table"}


@pytest.mark.parametrize(
    ("column", "cell", "metric", "value"),
    [
        ("Engaged views", "12", "x_youtube_engaged_views", 12),
        ("Average percentage viewed (%)", "131.25", "x_youtube_avg_percentage_viewed", 1.3125),
        ("Unique viewers", "7", "reach", 7),
        ("Shares", "7", "shares", 7),
        ("Subscribers gained", "7", "follows", 7),
        ("Subscribers lost", "7", "unfollows", 7),
        ("Likes", "7", "likes", 7),
        ("Dislikes", "7", "dislikes", 7),
        ("Comments added", "0", "comments", 0),
        ("Average view duration", "1:02:03", "avg_view_seconds", 3723),
        ("Average view duration", "5:48", "avg_view_seconds", 348),
        ("Average view duration", "34.5", "avg_view_seconds", 34.5),
        ("Estimated revenue (USD)", "12.345", "x_youtube_estimated_revenue_micros", 12_345_000),
        ("Estimated revenue (USD)", "-0.01", "x_youtube_estimated_revenue_micros", -10_000),
        ("Stayed to watch (%)", "62.1", "x_youtube_stayed_to_watch", 0.621),
        ("Thumbnail impressions", "461", "impressions", 461),
        ("Thumbnail click-through rate (%)", "1.52", "x_youtube_impressions_ctr", 0.0152),
    ],
)
def test_the_other_columns(column: str, cell: str, metric: str, value: float) -> None:
    (record,) = records_of(f"{STUDIO},{column}\n{ID},,,,{cell}\n")

    assert record.reading.values == {metric: value}
    assert record.reading.published_at is None


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('"Sep 30, 2023"', date(2023, 9, 30)),
        ('"May 1, 2024"', date(2024, 5, 1)),
        ("30 Sept 2023", date(2023, 9, 30)),
        ("1 December 2023", date(2023, 12, 1)),
        ("2023-09-30", date(2023, 9, 30)),
        ("2023-09-30 00:00:00", date(2023, 9, 30)),
        ("2023-09-30T17:30:00", date(2023, 9, 30)),
    ],
)
def test_a_publication_known_as_a_day_has_no_hour(cell: str, expected: date) -> None:
    (record,) = records_of(f"{STUDIO},Views\n{ID},,{cell},,1\n")

    assert (record.reading.published_at, record.reading.published_on) == (None, expected)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ('"Foo 30, 2023"', "Video publish time: 'Foo 30, 2023' is on no calendar; left unknown"),
        ('"Feb 30, 2023"', "on no calendar"),
        ("30/09/2023", "no day like"),
    ],
)
def test_a_publication_that_can_t_be_read_costs_no_number(cell: str, words: str) -> None:
    (record,) = records_of(f"{STUDIO},Views\n{ID},,{cell},,1\n")

    assert record.reading.values == {"views": 1}
    assert record.reading.published_on is None
    assert words in record.notes[0]


@pytest.mark.parametrize("footer", ["Showing top 500 results,,,,", "Showing top 500 results"])
def test_where_studio_cut_the_file_is_said(footer: str) -> None:
    items = items_of(f"{STUDIO},Views\nTotal,,,,3\n{ID},,,,2\n{footer}\n")

    assert [item for item in items if not isinstance(item, FileRecord)] == [
        LineSkipped(2, "total", "The sum of the report; it is no video."),
        LineError(1, "The file is cut at 500: Studio exported no more videos."),
        LineSkipped(4, "cut", "The file is cut at 500: Studio exported no more videos."),
    ]


def test_a_line_without_its_last_cells_is_kept() -> None:
    short, full = records_of(f"{STUDIO},Views,Impressions\n{ID},Rye,,,200\n-HNx8nDsGuQ,Oat,,,5,6\n")

    assert short.reading.values == {"views": 200}
    assert "impressions" in short.reading.definitions
    assert full.reading.values == {"views": 5, "impressions": 6}


def test_earlier_names_of_columns() -> None:
    header = (
        "Video,Video title,Video publish time,Views,Your estimated revenue (USD),Viewed (vs. swiped away) (%)"
    )
    for form in (header, "\u200b" + header.replace("Video title", "Video\u00a0title")):
        (record,) = records_of(f'{form}\n{ID},Rye,"May 8, 2020",200,2.075,71.5\n')
        assert (record.external_id, record.title) == (ID, "Rye")
        assert record.reading.values == {
            "views": 200,
            "x_youtube_estimated_revenue_micros": 2_075_000,
            "x_youtube_stayed_to_watch": 0.715,
        }
    dated = items_of(f"Date,{header}\n2020-05-09,{ID},Rye,,3,,\n")
    assert [item.reading.daily for item in dated if isinstance(item, FileRecord)] == [
        {date(2020, 5, 9): {"views": 3}}
    ]


def test_revenue_in_another_currency_is_never_taken_for_dollars() -> None:
    (record,) = records_of(f"{STUDIO},Your estimated revenue (EUR)\n{ID},,,,2.5\n")

    assert record.reading.values == {"x_youtube_estimated_revenue_eur_micros": 2_500_000}
    assert record.reading.kinds == {"x_youtube_estimated_revenue_eur_micros": Kind.GAUGE}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"{ID},,,,-1", "Views: '-1' is negative"),
        (f"{ID},,,,1.5", "Views: '1.5' is not a whole number"),
        (f" {ID},,,,1", "is no video id"),
        ("#NAME?,,,,1", "is no video id"),
        ("Total,A video,,,1", "is no video id"),
        (",A video,,,1", "Content: the video's id is missing"),
        (f"{ID},,,,1,2", "6 cells"),
    ],
)
def test_a_line_that_cant_be_read_stops_no_other(line: str, words: str) -> None:
    total, good = "Total,,,,3", f"{ID},,,,2"
    items = items_of(f"{STUDIO},Views\n{total}\n{good}\n{line}\n{good}\n")

    assert [item.line for item in items] == [2, 3, 4, 5]
    assert items[0] == LineSkipped(2, "total", "The sum of the report; it is no video.")
    assert isinstance(items[2], LineError)
    assert words in items[2].message


@pytest.mark.parametrize("cell", ["1:60", "1:2:3:4", "a:10", ":10", "1" * 12 + ":10"])
def test_what_is_no_duration_is_refused(cell: str) -> None:
    error = only_error(f"{STUDIO},Average view duration\n{ID},,,,{cell}\n")

    assert "is no duration" in error.message


def test_columns_that_studio_added_are_named_and_left_out() -> None:
    items = items_of(f"{STUDIO},Hypes,Views,New viewers\n{ID},,,,1,2,3\n{ID},,,,1,2,3\n")

    assert errors_in(items) == [
        LineError(1, "Columns that are not known and were left out: 'Hypes', 'New viewers'.")
    ]
    assert [item.reading.values for item in items if isinstance(item, FileRecord)] == [{"views": 2}] * 2


def test_of_two_columns_for_one_metric_the_first_counts() -> None:
    error, record = items_of(f"{STUDIO},Thumbnail impressions,Impressions\n{ID},,,,5,9\n")

    assert isinstance(error, LineError)
    assert "'Impressions'" in error.message
    assert isinstance(record, FileRecord)
    assert record.reading.values == {"impressions": 5}


@pytest.mark.parametrize("columns", ["Views,Views", "Aufrufe", "Content,Views"])
def test_a_header_that_would_mislead_is_refused(columns: str) -> None:
    with pytest.raises(InvalidInput):
        items_of(f"{STUDIO},{columns}\n")


def test_a_studio_file_is_of_youtube() -> None:
    assert len(records_of(f"{STUDIO},Views\n{ID},,,,1\n", "youtube")) == 1
    with pytest.raises(InvalidInput, match="its platform is not 'tiktok'"):
        items_of(f"{STUDIO},Views\n{ID},,,,1\n", "tiktok")


def test_utf16_with_tabs() -> None:
    data = f"{STUDIO},Views\n{ID},Ü,,,1\n".replace(",", "\t")
    (record,) = records_of(b"\xff\xfe" + data.encode("utf-16-le"))

    assert (record.title, record.reading.values) == ("Ü", {"views": 1})


def test_a_chart_is_amounts_per_day_and_no_totals() -> None:
    records = records_of(
        f"Date,{STUDIO},Engaged views,Watch time (hours)\n"
        f'2026-03-01,{ID},A title,"Jan 6, 2024",2496,10,0.5\n'
        f'2026-03-02,{ID},A title,"Jan 6, 2024",2496,-2,\n'
        f" 2026-03-02 , -HNx8nDsGuQ,,,,0,0\n"
    )

    assert [record.line for record in records] == [2, 3, 4]
    assert [record.external_id for record in records] == [ID, ID, "-HNx8nDsGuQ"]
    assert all(record.reading.values == {} and record.reading.definitions == {} for record in records)
    assert [record.reading.daily for record in records] == [
        {date(2026, 3, 1): {"x_youtube_engaged_views": 10, "watch_time_seconds": 1800}},
        {date(2026, 3, 2): {"x_youtube_engaged_views": -2}},
        {date(2026, 3, 2): {"x_youtube_engaged_views": 0, "watch_time_seconds": 0}},
    ]
    assert set(records[0].reading.kinds.values()) == {Kind.DAILY}
    assert records[0].reading.published_on == date(2024, 1, 6)


@pytest.mark.parametrize(("cell", "words"), [("", "the day is missing"), ("Mar 1, 2026", "is no day")])
def test_a_line_of_a_chart_needs_its_day(cell: str, words: str) -> None:
    error = only_error(f'Date,{STUDIO},Views\n2026-03-01,{ID},,,,1\n"{cell}",{ID},,,,1\n')

    assert error.line == 3
    assert words in error.message
