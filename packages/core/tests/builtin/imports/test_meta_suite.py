"""Meta Business Suite's files: local times, captions over several lines, and words for a whole life."""

from datetime import UTC, date, datetime

import pytest

from afterpost.domain.errors import InvalidInput
from afterpost.sdk import FileRecord, LineError, LineSkipped
from packages.core.tests.builtin.imports.reading import errors_in, items_of, records_of

INSTAGRAM = (
    "Post ID,Account ID,Account username,Account name,Description,Duration (sec),Publish time,Permalink,"
    "Post type,Data comment,Date,Views,Reach,Likes,Shares,Follows,Comments,Saves"
)
FACEBOOK = (
    "Post ID,Page ID,Page name,Title,Description,Duration (sec),Publish time,"
    "Caption type,Permalink,Is crosspost,"
    "Is share,Post type,Languages,Custom labels,Funded content status,Data comment,Date,Views,Reach,"
    '"Reactions, Comments and Shares",Reactions,Comments,Shares,Total clicks,Link Clicks,Other Clicks'
)
POST = "17912345678901234"
ZONE = "America/Los_Angeles"


def instagram(
    publish: str = "07/14/2025 18:30", *, period: str = "Lifetime", comment: str = "", post: str = POST
) -> str:
    caption = '"Say ""hi"",\n=1+1"'
    head = f"{post},178,baker,The Baker,{caption},0,{publish},https://www.instagram.com/p/a/"
    return f"{head},IG reel,{comment},{period},5200,4000,310,9,,14,60"


def test_instagram_posts() -> None:
    first, second = records_of(f"{INSTAGRAM}\n{instagram()}\n{instagram('01/02/2026 00:10')}\n", zone=ZONE)

    assert (first.line, second.line) == (2, 4)
    assert (first.platform, first.external_id, first.content_type) == ("instagram", POST, "reel")
    assert (first.description, first.account) == ('Say "hi",\n=1+1', "baker")
    assert first.reading.published_at == datetime(2025, 7, 15, 1, 30, tzinfo=UTC)
    assert second.reading.published_at == datetime(2026, 1, 2, 8, 10, tzinfo=UTC)
    assert first.reading.values == {
        "views": 5200,
        "reach": 4000,
        "likes": 310,
        "shares": 9,
        "comments": 14,
        "saves": 60,
    }
    assert first.reading.definitions["follows"] == "import:meta_instagram_posts"


def test_facebook_posts() -> None:
    row = (
        "122108766374012345,100,My Page,Title,Text,31,07/14/2025 18:30,,https://www.facebook.com/a,0,0,Videos,,,,,"
        'Lifetime,900,700,"1,047",1000,40,7,33,3,30'
    )
    (record,) = records_of(f"{FACEBOOK}\n{row}\n", zone="Europe/Berlin")

    assert (record.platform, record.external_id, record.content_type) == (
        "facebook",
        "122108766374012345",
        "video",
    )
    assert (record.title, record.description, record.account) == ("Title", "Text", "My Page")
    assert record.reading.published_at == datetime(2025, 7, 14, 16, 30, tzinfo=UTC)
    assert record.reading.values == {
        "views": 900,
        "reach": 700,
        "likes": 1000,
        "comments": 40,
        "shares": 7,
        "x_facebook_total_clicks": 33,
        "clicks_link": 3,
        "clicks_post": 30,
    }


def test_the_zone_is_asked_for() -> None:
    with pytest.raises(InvalidInput, match="does not say which") as caught:
        items_of(f"{INSTAGRAM}\n{instagram()}\n")
    assert "--time-zone" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("publish", "words"),
    [
        ("14/07/2025 18:30", "is on no calendar"),
        ("14.07.2025 18:30", "is no moment like"),
        ("07/14/2025 24:00", "is no moment like"),
        ("03/09/2025 02:30", "that the clocks of America/Los_Angeles left out"),
    ],
)
def test_a_time_that_can_t_be_meant_is_unknown_and_said(publish: str, words: str) -> None:
    (record,) = records_of(f"{INSTAGRAM}\n{instagram(publish)}\n", zone=ZONE)
    assert (record.reading.published_at, record.reading.published_on) == (None, None)
    assert record.reading.values["views"] == 5200
    (note,) = record.notes
    assert words in note


def test_a_time_that_a_spreadsheet_wrote_anew_is_read() -> None:
    (record,) = records_of(f"{INSTAGRAM}\n{instagram('2025-07-14 18:30')}\n", zone=ZONE)
    assert record.reading.published_at == datetime(2025, 7, 15, 1, 30, tzinfo=UTC)
    (record,) = records_of(f"{INSTAGRAM}\n{instagram('07/14/2025')}\n", zone=ZONE)
    assert (record.reading.published_at, record.reading.published_on) == (None, date(2025, 7, 14))


def test_of_an_hour_that_came_twice_the_first_is_meant() -> None:
    (record,) = records_of(f"{INSTAGRAM}\n{instagram('11/02/2025 01:30')}\n", zone=ZONE)
    assert record.reading.published_at == datetime(2025, 11, 2, 8, 30, tzinfo=UTC)


def test_impressions_of_older_files_stay_impressions() -> None:
    (record,) = records_of(f"{INSTAGRAM.replace('Views', 'Impressions')}\n{instagram()}\n", zone=ZONE)
    assert record.reading.values["impressions"] == 5200
    assert "views" not in record.reading.values


def test_utf_16_with_a_first_line_that_names_the_separator() -> None:
    text = f"sep=,\r\n{INSTAGRAM}\r\n{instagram()}\r\n"
    for data in (b"\xff\xfe" + text.encode("utf-16-le"), text.encode("utf-16-le"), text.encode("utf-16-be")):
        (record,) = records_of(data, zone=ZONE)
        assert record.external_id == POST
        assert record.line == 3


def test_files_of_one_metric_a_day_are_refused() -> None:
    text = 'sep=,\r\n"Instagram reach"\r\n"Date","Primary"\r\n"2025-07-14T00:00:00","12"\r\n'
    with pytest.raises(InvalidInput, match="columns Date and Primary") as caught:
        items_of(b"\xff\xfe" + text.encode("utf-16-le"), zone=ZONE)
    assert "Lifetime" in (caught.value.hint or "")


def test_a_single_day_is_no_total() -> None:
    items = items_of(f"{INSTAGRAM}\n{instagram(period='07/14/2025')}\n{instagram()}\n", zone=ZONE)
    assert [type(item) for item in items] == [LineSkipped, FileRecord]
    assert items[0] == LineSkipped(
        2, "not_lifetime", "Its numbers are those of '07/14/2025': export with Lifetime."
    )


def test_what_meta_says_of_its_data_is_a_note() -> None:
    rows = [instagram(comment="Estimated"), instagram(comment="Estimated"), instagram()]
    items = items_of("\n".join([INSTAGRAM, *rows]), zone=ZONE)
    assert [type(item) for item in items] == [FileRecord, FileRecord, FileRecord, LineError]
    assert items[-1] == LineError(1, "Meta's comment on the data of line 2: Estimated")


@pytest.mark.parametrize("post", ["1.79123E+16", "abc", "", "179 12"])
def test_an_id_that_a_spreadsheet_broke_is_refused(post: str) -> None:
    (error,) = errors_in(items_of(f"{INSTAGRAM}\n{instagram(post=post)}\n", zone=ZONE))
    assert error.message.startswith("Post ID: ")
