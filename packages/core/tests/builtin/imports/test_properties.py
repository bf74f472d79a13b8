"""Whatever a file holds: nothing but AfterpostErrors, no line that vanishes, and one number in every kind of
file."""

import csv
import io
from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from afterpost.builtin.imports.post_export import PostExport
from afterpost.builtin.imports.provider import ImportsProvider
from afterpost.domain.contradictions import contradicting
from afterpost.domain.errors import AfterpostError
from afterpost.domain.metrics import MAX_COUNT
from afterpost.domain.readings import Reading
from afterpost.sdk import FileFormat, FileRecord
from afterpost.sdk.formats import FileItem
from packages.core.tests.builtin.imports.reading import OBSERVED, STUDIO, items_of

GENERIC = "platform,post_id,observed_at,date,published_at,title,url,content_type,views,avg_view_seconds"
HEADERS = (
    GENERIC,
    f"{STUDIO},Views,Watch time (hours),Subscribers,Average view duration",
    f"Date,{STUDIO},Views,Estimated revenue (USD)",
    "Time,Video title,Video link,Post time,Total likes,Total views",
    "Post ID,Account ID,Publish time,Permalink,Data comment,Date,Views,Reach",
    "Post ID,Page ID,Title,Publish time,Date,Reactions,Link Clicks",
    "Post id,Date,Post text,Post Link,Impressions,Likes",
    "Tweet id,Tweet permalink,Tweet text,time,impressions",
    "Post title,Post link,Created date,Impressions",
)

texts = st.text(max_size=30) | st.text('",;\t\r\n\x00 -=', max_size=12)
cells = (
    texts
    | st.integers(-5, 2 * MAX_COUNT).map(str)
    | st.floats().map(str)
    | st.sampled_from(
        [
            *("", "-", "n/a", "Total", " -HNx8nDsGuQ", "2q4TS4z4Rpk", "youtube", "1,234", "424.0", "0:12:34"),
            *("2026-03-01", "2026-03-01T10:00:00Z", "Sep 30, 2023", "https://example.org", "video"),
            *("Lifetime", "07/14/2026 18:30", "7301234567890123456", "8 de marzo", "February 29", "7月4日"),
            *("https://www.tiktok.com/@a/video/7301234567890123456", "Tue, Jul 14, 2026", "undefined"),
            *(
                "Showing top 500 results",
                "\ufeff",
                "a\u200b1",
                "1.23E+18",
                "7301234567890120000",
                "2026-03-01 00:00:00",
            ),
        ]
    )
)


def said_of(header: str, data: bytes) -> list[FileItem]:
    """Everything said about a file under that header, which may need a platform or a zone."""
    return items_of(data, "youtube" if header == GENERIC else None, zone="America/New_York")


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    with suppress(AfterpostError):
        items_of(data)


@given(
    st.sampled_from(HEADERS), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.lists(texts, max_size=12)
)
def test_any_text_under_a_known_header(header: str, encoding: str, lines: list[str]) -> None:
    data = "\n".join([header, *lines]).encode(encoding, "surrogatepass")
    for item in said_of(header, data):
        assert item.line >= 1


@given(st.text(max_size=200))
def test_any_text_at_all(text: str) -> None:
    with suppress(AfterpostError):
        items_of(text.encode("utf-8", "surrogatepass"), "youtube")


@given(st.sampled_from(HEADERS), st.sampled_from(",;\t"), st.data())
def test_every_row_becomes_one_record_or_errors(header: str, delimiter: str, data: st.DataObject) -> None:
    columns = header.split(",")
    row = st.lists(cells, min_size=len(columns), max_size=len(columns)) | st.lists(cells, max_size=12)
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(columns)
    expected: list[int] = []
    for written in data.draw(st.lists(row, max_size=6)):
        line = _lines(file.getvalue())
        if any(cell.strip() for cell in written):
            expected.append(line)
        writer.writerow(written)

    # What is said of line 1 is said of the file.
    items = [item for item in said_of(header, file.getvalue().encode()) if item.line > 1]
    found = Counter(item.line for item in items)
    records = [item for item in items if isinstance(item, FileRecord)]

    assert sorted(found) == expected
    assert all(found[record.line] == 1 for record in records)


def _lines(text: str) -> int:
    """The number of the line that begins at the end of `text`, counted as the importer counts."""
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1


numbers = st.none() | st.integers(0, MAX_COUNT)


@given(st.lists(st.tuples(st.integers(10**18, 10**19 - 1), numbers, numbers), max_size=8))
def test_what_a_program_writes_comes_back_exactly(rows: list[tuple[int, int | None, int | None]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([("post_id", "views", "likes"), *rows])

    items = items_of(file.getvalue(), "x")

    assert len(items) == len(rows)
    for item, (post_id, views, likes) in zip(items, rows, strict=True):
        assert isinstance(item, FileRecord)
        assert item.external_id == str(post_id)
        assert item.reading.values.get("views") == views
        assert item.reading.values.get("likes") == likes


FIXED = {
    "generic_csv": {"platform": "x", "post_id": "a1", "date": "2026-03-01"},
    "youtube_studio_table": {"Content": "2q4TS4z4Rpk", "Video title": "Rye"},
    "youtube_studio_chart": {"Date": "2026-03-01", "Content": "2q4TS4z4Rpk", "Video title": "Rye"},
    "tiktok_studio_content": {
        "Video link": "https://www.tiktok.com/@a/video/7301234567890123456",
        "Post time": "undefined",
    },
    "meta_instagram_posts": {"Post ID": "17912345678901234", "Account ID": "1", "Publish time": ""},
    "meta_facebook_posts": {"Post ID": "122158000000000001", "Page ID": "1", "Publish time": ""},
    "x_content": {"Post id": "1990000000000001234", "Post text": "Hi"},
    "x_tweet_activity": {"Tweet id": "1990000000000001234", "Tweet text": "Hi", "time": ""},
    "linkedin_content": {
        "Post title": "Hi",
        "Post link": "https://www.linkedin.com/feed/update/urn:li:activity:7301234567890123456/",
        "Created date": "",
    },
}
"""format -> cells that say which post it is, in the order of the columns."""
GENERIC_METRICS = ("views", "likes", "avg_view_seconds", "x_crm_leads")
fractions = st.integers(0, 10**7).map(lambda n: n / 1000) | st.integers(0, 2000).map(lambda n: n + 0.05)


@pytest.mark.parametrize("form", ImportsProvider().file_formats, ids=lambda form: form.name)
@given(data=st.data())
def test_a_number_of_a_workbook_is_the_number_of_the_csv(form: FileFormat, data: st.DataObject) -> None:
    metrics = tuple(form.columns) if isinstance(form, PostExport) else GENERIC_METRICS
    numbers = [data.draw(fractions | st.integers(0, 10**9).map(float)) for _ in metrics]
    header = [*FIXED[form.name], *metrics]
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.append(header)
    sheet.append([*FIXED[form.name].values(), *numbers])
    book, text = io.BytesIO(), io.StringIO(newline="")
    made.save(book)
    csv.writer(text).writerows([header, [*FIXED[form.name].values(), *map(repr, numbers)]])

    of_book = items_of(book.getvalue(), zone="UTC", form=form.name)
    of_text = items_of(text.getvalue(), zone="UTC", form=form.name)

    assert [_numbers_of(item) for item in of_book] == [_numbers_of(item) for item in of_text]


def _numbers_of(item: FileItem) -> object:
    """What a line says in numbers; for a line that fails, which of its columns are wrong."""
    if isinstance(item, FileRecord):
        return item.reading.values, item.reading.daily
    return [problem.partition(":")[0] for problem in item.message.split("; ")]


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.integers(0, 3)), max_size=12
    )
)
def test_lines_contradict_each_other_where_two_say_different_things(
    lines: list[tuple[int, int, int, int]],
) -> None:
    """Against every pair, looked at one by one; a likes of 3 is one that the line does not have."""
    readings = [
        ("x", f"p{post}", Reading(observed_at=OBSERVED + timedelta(hours=hour), values=_said(views, likes)))
        for post, hour, views, likes in lines
    ]
    expected = {
        n
        for n, (_, post, one) in enumerate(readings)
        for _, other_post, other in readings
        if post == other_post
        and one.observed_at == other.observed_at
        and any(one.values[name] != other.values[name] for name in one.values.keys() & other.values.keys())
    }
    assert set(contradicting(readings)) == expected


def _said(views: int, likes: int) -> dict[str, int]:
    return {"views": views} if likes == 3 else {"views": views, "likes": likes}
