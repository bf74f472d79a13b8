"""X's two files: ids of nineteen digits, dates in words, counts with a point."""

from datetime import UTC, date, datetime

import pytest

from packages.core.tests.builtin.imports.reading import errors_in, items_of, records_of

HEADER = (
    "Post id,Date,Post text,Post Link,Impressions,Likes,Engagements,Bookmarks,Shares,New follows,"
    "Replies,Reposts,Profile visits,Detail Expands,URL Clicks,Hashtag Clicks,Permalink Clicks"
)
POST = "1944823764518273025"
LEGACY = (
    '"Tweet id","Tweet permalink","Tweet text","time","impressions","engagements","engagement rate",'
    '"retweets","replies","likes","user profile clicks","url clicks","hashtag clicks","detail expands",'
    '"permalink clicks","app opens","app installs","follows","email tweet","dial phone","media views",'
    '"media engagements","promoted impressions","promoted engagements","promoted engagement rate"'
)


def row(post: str = POST, date: str = "Tue, Jul 14, 2026", link: str = POST) -> str:
    return f'{post},"{date}","=cmd|calc",https://x.com/baker/status/{link},424.0,3,10,1,2,-,0,1,4,5,6,,7'


def test_content() -> None:
    (record,) = records_of(f"{HEADER}\n{row()}\n")
    assert (record.platform, record.external_id, record.account) == ("x", POST, "baker")
    assert record.description == "=cmd|calc"
    assert (record.reading.published_at, record.reading.published_on) == (None, date(2026, 7, 14))
    assert record.reading.values == {
        "impressions": 424,
        "likes": 3,
        "saves": 1,
        "comments": 0,
        "shares": 1,
        "clicks_profile": 4,
        "clicks_post": 5,
        "clicks_link": 6,
        "x_x_permalink_clicks": 7,
        "x_x_share_button": 2,
        "x_x_engagements": 10,
    }
    assert {"follows", "x_x_hashtag_clicks"} <= set(record.reading.definitions)


def test_legacy() -> None:
    post = f'"{POST}","https://twitter.com/baker/status/{POST}","Say ""hi""\nagain"'
    counts = (
        '"424.0","10.0","0.0236","1.0","0.0","3.0","4.0","6.0","0.0","5.0","0","0","0","0","0","0","9","2"'
    )
    data = f'{LEGACY}\n{post},"2019-03-01 10:12 +0000",{counts},"-","-","-"\n'
    (record,) = records_of(data)
    assert (record.external_id, record.description) == (POST, 'Say "hi"\nagain')
    assert record.reading.published_at == datetime(2019, 3, 1, 10, 12, tzinfo=UTC)
    assert record.reading.values["impressions"] == 424
    assert record.reading.values["clicks_link"] == 6
    assert not any("promoted" in name for name in record.reading.definitions)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (row(post="1.94482E+18"), "is an id that a spreadsheet rounded"),
        (row(post="1944823764518270000"), f"is not the id in Post Link, {POST}; a spreadsheet rounded it"),
        (row(post="abc"), "is no id"),
        (row(post=""), "the id is missing"),
    ],
)
def test_a_line_that_cant_be_read_says_why(line: str, words: str) -> None:
    (error,) = errors_in(items_of(f"{HEADER}\n{line}\n"))
    assert (error.line, error.reason) == (2, "invalid")
    assert words in error.message


@pytest.mark.parametrize(
    ("on", "words"), [("Tue, Feb 30, 2026", "is on no calendar"), ("July", "is no day like")]
)
def test_a_day_that_can_t_be_read_is_unknown_and_said(on: str, words: str) -> None:
    (record,) = records_of(f"{HEADER}\n{row(date=on)}\n")
    assert record.reading.published_on is None
    assert record.reading.values["impressions"] == 424
    assert words in record.notes[0]


@pytest.mark.parametrize("on", ["2026-07-14", "2026-07-14 00:00:00", "2026-07-14T18:30:00"])
def test_a_day_that_a_spreadsheet_wrote_anew_is_read(on: str) -> None:
    (record,) = records_of(f"{HEADER}\n{row(date=on)}\n")
    assert record.reading.published_on == date(2026, 7, 14)


def test_favorites_were_likes() -> None:
    header = "Tweet id,Tweet permalink,Tweet text,time,impressions,favorites"
    line = f"{POST},https://twitter.com/baker/status/{POST},Hi,2014-03-01 10:12 +0000,424.0,7.0"
    (record,) = records_of(f"{header}\n{line}\n")
    assert record.reading.values == {"impressions": 424, "likes": 7}
