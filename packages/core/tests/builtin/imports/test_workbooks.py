"""Archives and workbooks: the part that holds the posts, and bombs that don't go off."""

import io
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from afterpost.builtin.imports import archive, workbook
from afterpost.domain.errors import AfterpostError, InvalidInput
from afterpost.sdk import FileRecord
from packages.core.tests.builtin.imports.reading import STUDIO, errors_in, items_of, records_of

URN = "urn:li:activity:7301234567890123456"
ALL_POSTS = (
    *(
        "Post title",
        "Post link",
        "Created date",
        "Impressions",
        "Clicks",
        "Click through rate (CTR)",
        "Likes",
    ),
    *("Comments", "Reposts", "Follows", "Engagement rate"),
)
TABLE = f"{STUDIO},Views\nTotal,,,,3\n2q4TS4z4Rpk,Loaf,,,3\n"
CHART = f"Date,{STUDIO},Views\n2026-03-01,2q4TS4z4Rpk,Loaf,,,3\n"


def book(*rows: Sequence[object], name: str = "All posts") -> bytes:
    """A workbook whose second sheet has those rows."""
    made = Workbook()
    made.active.append(["Date", "Impressions (organic)"])  # type: ignore[union-attr]
    sheet = made.create_sheet(name)
    for row in rows:
        sheet.append(list(row))
    return saved(made)


def saved(made: Workbook) -> bytes:
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def rewritten(whole: bytes, old: bytes, new: bytes) -> bytes:
    """A workbook with those bytes of its last sheet replaced."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as given, zipfile.ZipFile(changed, "w") as made:
        sheet = max(name for name in given.namelist() if "sheet" in name)
        assert old in given.read(sheet)
        for name in given.namelist():
            data = given.read(name)
            made.writestr(name, data.replace(old, new) if name == sheet else data)
    return changed.getvalue()


def zipped(**files: str | bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name.replace("__", " ").replace("_csv", ".csv"), data)
    return file.getvalue()


def linkedin(**changes: object) -> list[object]:
    row: dict[str, object] = dict(
        zip(ALL_POSTS, ["A post", f"https://www.linkedin.com/feed/update/{URN}/"], strict=False)
    )
    row |= {
        "Created date": "07/14/2025",
        "Impressions": 1200,
        "Clicks": 15,
        "Likes": 31,
        "Comments": 0,
        "Reposts": 2,
    }
    return [(row | changes).get(name) for name in ALL_POSTS]


def test_linkedin_s_sheet_of_posts_is_found_with_its_header_in_the_second_row() -> None:
    real_date = linkedin(**{"Created date": datetime(2025, 7, 14)})  # noqa: DTZ001 a cell has no zone
    first, second = records_of(book(["All the posts of your page"], ALL_POSTS, linkedin(), [], real_date))
    assert (first.line, second.line) == (3, 5)
    assert (first.platform, first.external_id, first.description) == ("linkedin", URN, "A post")
    assert first.reading.published_on == second.reading.published_on == date(2025, 7, 14)
    assert first.reading.published_at is second.reading.published_at is None
    assert first.reading.values == {
        "impressions": 1200,
        "clicks_link": 15,
        "likes": 31,
        "comments": 0,
        "shares": 2,
    }
    assert "follows" in first.reading.definitions


def test_a_post_without_an_id_in_its_link_fails_alone() -> None:
    items = items_of(book(ALL_POSTS, linkedin(**{"Post link": "https://www.linkedin.com/"}), linkedin()))
    assert [error.line for error in errors_in(items)] == [2]
    assert "has no post's id in it" in errors_in(items)[0].message


def test_a_number_of_nineteen_digits_keeps_them_or_is_refused() -> None:
    plain = book(["post_id", "views"], [111222333, 5], [12.0, 6.0])
    exact = records_of(rewritten(plain, b"111222333", b"7301234567890123456"), "tiktok")
    assert [record.external_id for record in exact] == ["7301234567890123456", "12"]
    assert exact[1].reading.values == {"views": 6}
    rounded = items_of(book(["post_id", "views"], [7.301234567890123e18, 5]), "tiktok")
    assert "is an id that a spreadsheet rounded" in errors_in(rounded)[0].message


def test_a_workbook_that_lies_about_its_size_is_read_whole() -> None:
    wrong = rewritten(book(ALL_POSTS, linkedin(), linkedin()), b'ref="A1:K3"', b'ref="A1"')
    assert len(records_of(wrong)) == 2


def test_a_fraction_of_a_workbook_keeps_its_digits() -> None:
    columns = (
        *("Content", "Video title", "Video publish time", "Views", "Watch time (hours)"),
        *("Estimated revenue (USD)", "Impressions click-through rate (%)", "Average view duration"),
    )
    table = book(
        columns,
        ["Ab3_dEfGh1j", "Rye", "May 8, 2024", 200, 1.05, 2.075, 10.05, timedelta(minutes=4, seconds=13)],
        ["Bb3_dEfGh1k", "Spelt", "May 9, 2024", 100.0, 19.0452, 0.024, 10.0, timedelta(hours=30, seconds=5)],
    )
    first, second = records_of(table)
    assert first.reading.values == {
        "views": 200,
        "watch_time_seconds": 3780,
        "x_youtube_estimated_revenue_micros": 2_075_000,
        "x_youtube_impressions_ctr": 0.1005,
        "avg_view_seconds": 253,
    }
    assert second.reading.values == {
        "views": 100,
        "watch_time_seconds": 68_563,
        "x_youtube_estimated_revenue_micros": 24_000,
        "x_youtube_impressions_ctr": 0.1,
        "avg_view_seconds": 108_005,
    }


def test_linkedin_s_views_are_read_under_their_longer_name() -> None:
    columns = ("Post title", "Post link", "Created date", "Views (Excluding offsite video views)", "Likes")
    row = ["A", f"https://www.linkedin.com/feed/update/{URN}/", "2025-07-14 10:30:00", 40, 2]
    (record,) = records_of(book(columns, row))
    assert record.reading.values == {"x_linkedin_video_views": 40, "likes": 2}
    assert record.reading.published_on == date(2025, 7, 14)


def test_the_parts_of_a_german_archive_are_answered_as_the_file_is() -> None:
    german = "Inhalt,Videotitel,Veröffentlichungszeit des Videos,Aufrufe\n"
    with pytest.raises(InvalidInput, match="columns of YouTube Studio in German") as caught:
        items_of(
            zipped(Tabellendaten_csv=german, Diagrammdaten_csv=f"Datum,{german}", Summen_csv="Datum,a\n")
        )
    assert "English" in (caught.value.hint or "")


def test_tiktok_s_workbook_is_read_as_its_csv_is() -> None:
    header = ["Time", "Video title", "Video link", "Post time", "Total likes", "Total views"]
    row = [
        "March 1",
        "=1+1 is text",
        "https://www.tiktok.com/@a/video/123456789",
        "February 28",
        "undefined",
        12,
    ]
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.append(header)
    sheet.append(row)
    sheet["B2"].data_type = "s"
    (record,) = records_of(saved(made))
    assert (record.external_id, record.title) == ("123456789", "=1+1 is text")
    assert record.reading.values == {"views": 12}


def test_an_archive_is_read_where_one_of_its_files_can_be() -> None:
    data = zipped(Overview_csv="Date,Video Views,Profile Views\n", Table__data_csv=TABLE, readme="?")
    assert [record.external_id for record in items_of(data) if isinstance(record, FileRecord)] == [
        "2q4TS4z4Rpk"
    ]


def test_of_two_files_the_format_chooses() -> None:
    data = zipped(Table__data_csv=TABLE, Chart__data_csv=CHART, Totals_csv="Date,Views\n2026-03-01,3\n")
    with pytest.raises(
        InvalidInput, match=r"'Table data.csv' \(youtube_studio_table\), 'Chart data.csv'"
    ) as caught:
        items_of(data)
    assert "Name the format" in (caught.value.hint or "")
    (record,) = records_of(data, form="youtube_studio_chart")
    assert record.reading.daily


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (zipped(), "it holds nothing to read"),
        (zipped(readme="?"), "it holds nothing to read"),
        (zipped(Totals_csv="Date,Views\n"), "days of a whole channel"),
        (zipped(A_csv="", B_csv="a,b\n"), "it holds 'A.csv', 'B.csv'"),
        (b"PK\x03\x04 and no more", "damaged"),
        (book(["a", "b"]), "it holds 'Sheet', 'All posts'"),
    ],
)
def test_an_archive_without_posts_says_what_is_in_it(data: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        items_of(data)


def test_bombs_are_refused_by_what_they_say_of_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1_000)
    monkeypatch.setattr(archive, "MAX_WORKBOOK", 1_000)
    monkeypatch.setattr(archive, "MAX_MEMBERS", 20)
    with pytest.raises(InvalidInput, match="unpacks to 1,100 bytes, more than 1,000"):
        items_of(zipped(A_csv="x" * 1_100))
    with pytest.raises(InvalidInput, match="The workbook unpacks to"):
        items_of(book(ALL_POSTS))
    with pytest.raises(InvalidInput, match="holds 21 files, more than 20"):
        items_of(zipped(**{f"f{n}": "" for n in range(21)}))


def test_a_bomb_that_lies_about_its_size_ends_where_it_said() -> None:
    honest = zipped(Table__data_csv=TABLE + "2q4TS4z4Rpk,Loaf,,,3\n" * 100_000)
    size = (len(TABLE) + 100_000 * 21).to_bytes(4, "little")
    assert honest.count(size) == 2
    with pytest.raises(InvalidInput, match="the archive is damaged"):
        items_of(honest.replace(size, (len(TABLE)).to_bytes(4, "little")))


def test_an_encrypted_archive_is_refused() -> None:
    data = bytearray(zipped(A_csv="a,b\n"))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InvalidInput, match="encrypted"):
        items_of(bytes(data))


def test_a_sheet_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MAX_ROWS", 3)
    assert len(records_of(book(ALL_POSTS, linkedin(), linkedin()))) == 2
    with pytest.raises(InvalidInput, match="'All posts' has more than 3 rows"):
        items_of(book(ALL_POSTS, linkedin(), linkedin(), linkedin()))
    wide = items_of(book(ALL_POSTS, [*linkedin(), *["x"] * 500]))
    assert "more than 500 cells" in errors_in(wide)[0].message


def test_a_row_that_is_numbered_beyond_the_end_is_no_endless_loop() -> None:
    far = rewritten(book(ALL_POSTS, linkedin()), b'<row r="2"', b'<row r="999999999999"')
    with pytest.raises(InvalidInput, match="more than 200,000 rows"):
        items_of(far)


@given(st.binary(max_size=300), st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_damaged_bytes_are_never_a_crash(tail: bytes, place: int, damage: bytes) -> None:
    with suppress(AfterpostError):
        items_of(b"PK\x03\x04" + tail)
    for whole in (SHEETS, FILES):
        at = place % len(whole)
        with suppress(AfterpostError):
            items_of(whole[:at] + damage + whole[at + len(damage) :])


SHEETS = book(ALL_POSTS, linkedin())
FILES = zipped(Table__data_csv=TABLE)
