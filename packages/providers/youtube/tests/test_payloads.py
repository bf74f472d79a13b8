"""Reading answers: odd numbers, odd items, odd texts."""

import json
from datetime import UTC, datetime

import pytest

from afterpost.sdk import ErrorKind, Failed, Gone, Measured, ProviderError
from afterpost_youtube import YouTube
from afterpost_youtube.payloads import Cursor, counts_of, listed_post, video_post
from packages.providers.youtube.tests.wiring import always


def videos(*items: object) -> bytes:
    return json.dumps({"kind": "youtube#videoListResponse", "items": list(items)}).encode()


@pytest.mark.parametrize(
    ("raw", "count"),
    [("0", 0), ("12", 12), ("007", 7), (12, 12), (0, 0), (str(2**63 - 1), 2**63 - 1), (2**53 + 1, 2**53 + 1)],
)
def test_counts_are_strings_or_numbers(raw: object, count: int) -> None:
    assert counts_of({"statistics": {"viewCount": raw}}) == ({"views": count}, ())


@pytest.mark.parametrize(
    "raw",
    [-1, 2**63, 10**30, 1.0, True, [1], "-1", str(2**63), "9" * 5_000, "1.0", "1e3", "", " 1", "1_0", "٣"],
)
def test_a_count_that_is_none_is_named_and_the_others_stand(raw: object) -> None:
    item = {"statistics": {"viewCount": "5", "likeCount": raw, "commentCount": None}}
    assert counts_of(item) == ({"views": 5}, ("likes",))


@pytest.mark.parametrize("statistics", [None, [], "many", 3])
def test_statistics_that_are_none(statistics: object) -> None:
    assert counts_of({"statistics": statistics}) == ({}, ())
    assert counts_of({}) == ({}, ())


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2019-03-21T20:37:49.000Z", datetime(2019, 3, 21, 20, 37, 49, tzinfo=UTC)),
        ("2019-03-21T20:37:49Z", datetime(2019, 3, 21, 20, 37, 49, tzinfo=UTC)),
        ("2019-03-21T22:37:49+02:00", datetime(2019, 3, 21, 20, 37, 49, tzinfo=UTC)),
        ("2019-03-21T20:37:49", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("yesterday", None),
        (1553200669, None),
        (None, None),
    ],
)
def test_publication_times(text: object, instant: datetime | None) -> None:
    assert video_post("v", {"snippet": {"publishedAt": text}}).published_at == instant


def test_texts_that_no_database_keeps() -> None:
    post = video_post("v", {"snippet": {"title": "a\0b", "description": ["no text"]}})
    assert (post.title, post.description) == ("ab", "")


def test_a_listed_video_was_published_when_the_video_says_not_the_list() -> None:
    snippet = {"publishedAt": "2020-01-01T00:00:00Z", "title": "T"}
    item = {
        "snippet": snippet,
        "contentDetails": {"videoId": "v", "videoPublishedAt": "2021-01-01T00:00:00Z"},
    }
    post = listed_post(item)
    assert post is not None
    assert post.published_at == datetime(2021, 1, 1, tzinfo=UTC)
    private = listed_post({"snippet": snippet, "contentDetails": {"videoId": "v"}})
    assert private is not None
    assert private.published_at is None
    for nameless in (
        {"snippet": snippet},
        {"contentDetails": {"videoId": 5}},
        {"contentDetails": {"videoId": ""}},
    ):
        assert listed_post(nameless) is None


async def test_an_odd_number_never_costs_a_good_one() -> None:
    body = videos({"id": "a", "statistics": {"viewCount": "8", "likeCount": "-3"}}, {"id": "b"})
    outcomes = await YouTube().fetch_metrics(always(200, body), ["a", "b"])
    one = outcomes["a"]
    assert isinstance(one, Measured)
    assert (one.reading.values, one.partial) == ({"views": 8}, ("likes",))
    assert isinstance(outcomes["b"], Measured)


@pytest.mark.parametrize("odd", [b"3", b"null", b"{}", b'{"id": 5}', b'{"id": "b", "x": 1e999}'])
async def test_while_an_item_can_not_be_told_no_video_is_taken_for_gone(odd: bytes) -> None:
    body = videos({"id": "a", "statistics": {"viewCount": "8"}}, "PLACE").replace(b'"PLACE"', odd)
    outcomes = await YouTube().fetch_metrics(always(200, body), ["a", "b"])
    assert isinstance(outcomes["a"], Measured)
    other = outcomes["b"]
    assert isinstance(other, Failed)
    assert other.error.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_what_was_not_asked_for_is_ignored() -> None:
    outcomes = await YouTube().fetch_metrics(always(200, videos({"id": "b"}, {"id": "a"})), ["a", "c"])
    assert isinstance(outcomes["a"], Measured)
    assert isinstance(outcomes["c"], Gone)
    assert len(outcomes) == 2


async def test_no_items_counts_only_where_the_answer_says_none() -> None:
    empty = {"kind": "youtube#videoListResponse", "pageInfo": {"totalResults": 0, "resultsPerPage": 0}}
    outcomes = await YouTube().fetch_metrics(always(200, json.dumps(empty).encode()), ["a"])
    assert isinstance(outcomes["a"], Gone)
    for odd in (
        empty | {"pageInfo": {"totalResults": 1}},
        {"kind": "youtube#videoListResponse"},
        empty | {"kind": "youtube#channelListResponse"},
        empty | {"items": "none"},
        empty | {"items": {}},
    ):
        with pytest.raises(ProviderError) as raised:
            await YouTube().fetch_metrics(always(200, json.dumps(odd).encode()), ["a"])
        assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_an_answer_nested_beyond_measure() -> None:
    for body in (b"[" * 200_000, b'{"kind":"youtube#videoListResponse","items":' + b"[" * 200_000):
        with pytest.raises(ProviderError) as raised:
            await YouTube().fetch_metrics(always(200, body), ["a"])
        assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


@pytest.mark.parametrize(
    "channel",
    [
        {"id": "UCada"},
        {"id": "UCada", "contentDetails": {"relatedPlaylists": {"uploads": ""}}},
        {"id": 3},
        "no channel",
    ],
)
async def test_a_channel_that_can_not_be_read(channel: object) -> None:
    body = json.dumps({"kind": "youtube#channelListResponse", "items": [channel]}).encode()
    with pytest.raises(ProviderError) as raised:
        await YouTube().list_posts(always(200, body), None)
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_a_channel_without_a_handle_is_known_by_its_id() -> None:
    body = json.dumps({"kind": "youtube#channelListResponse", "items": [{"id": "UCada"}]}).encode()
    profile = await YouTube().check(always(200, body))
    assert (profile.external_id, profile.handle, profile.name) == ("UCada", "UCada", "UCada")


def test_a_cursor_survives_any_page_token() -> None:
    cursor = Cursor("UUada", "CAUQ\n/é=+")
    assert cursor.text().isascii()
    assert Cursor.read(cursor.text()) == cursor


def test_a_video_that_is_not_public_yet_tells_no_publication() -> None:
    """Its `publishedAt` is when it was uploaded; it is scheduled for three weeks later."""
    scheduled = {"privacyStatus": "private", "publishAt": "2026-03-30T08:00:00Z"}
    uploaded = {"publishedAt": "2026-03-09T08:00:00Z"}
    assert video_post("v", {"snippet": uploaded, "status": scheduled}).published_at is None
    for seen in ("public", "unlisted"):
        assert video_post("v", {"snippet": uploaded, "status": {"privacyStatus": seen}}).published_at
