"""Whatever a file holds: nothing but AfterpostErrors, and no line that vanishes."""

import csv
import io
from collections import Counter
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from afterpost.domain.errors import AfterpostError
from afterpost.domain.metrics import MAX_COUNT
from afterpost.sdk import FileRecord
from afterpost.sdk.formats import FileItem
from packages.core.tests.builtin.imports.reading import STUDIO, items_of

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
