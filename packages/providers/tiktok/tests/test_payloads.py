"""Reading answers: odd numbers, odd videos, odd texts."""

import json
from datetime import UTC, datetime

import pytest

from afterpost.sdk import ErrorKind, Failed, Gone, Measured, ProviderError
from afterpost_tiktok import TikTok
from afterpost_tiktok.payloads import counts_of, post_of
from packages.providers.tiktok.tests.wiring import always


def videos(*items: object) -> bytes:
    error = {"code": "ok", "message": "", "log_id": "x"}
    return json.dumps({"data": {"videos": list(items)}, "error": error}).encode()


@pytest.mark.parametrize("raw", [0, 12, 2**31, 2**53 + 1, 2**63 - 1])
def test_counts_are_integers(raw: int) -> None:
    assert counts_of({"view_count": raw}) == ({"views": raw}, ())


@pytest.mark.parametrize("raw", [-1, 2**63, 10**30, 1.0, True, [1], "12", "", {}])
def test_a_count_that_is_none_is_named_and_the_others_stand(raw: object) -> None:
    item = {"view_count": 5, "like_count": raw, "comment_count": None}
    assert counts_of(item) == ({"views": 5}, ("likes",))


@pytest.mark.parametrize(
    ("seconds", "instant"),
    [
        (1_600_000_000, datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)),
        (0, None),
        (-1, None),
        (10**30, None),
        (1_600_000_000_000, None),
        (True, None),
        (1.5, None),
        ("1600000000", None),
        (None, None),
    ],
)
def test_publication_times(seconds: object, instant: datetime | None) -> None:
    post = post_of({"id": "v", "create_time": seconds})
    assert post is not None
    assert post.published_at == instant


def test_texts_that_no_database_keeps() -> None:
    post = post_of({"id": "v", "title": "a\0b", "video_description": ["no text"]})
    assert post is not None
    assert (post.title, post.description, post.url) == ("ab", "", "")
    assert [post_of(item) for item in ({}, {"id": 5}, {"id": ""}, {"id": None})] == [None] * 4


async def test_an_odd_number_never_costs_a_good_one() -> None:
    body = videos({"id": "a", "view_count": 8, "like_count": -3}, {"id": "b"})
    outcomes = await TikTok().fetch_metrics(always(200, body), ["a", "b"])
    one, other = outcomes["a"], outcomes["b"]
    assert isinstance(one, Measured)
    assert (one.reading.values, one.partial) == ({"views": 8}, ("likes",))
    assert isinstance(other, Measured)
    assert (other.reading.values, other.partial) == ({}, ())


@pytest.mark.parametrize("odd", [b"3", b"null", b"{}", b'{"id": 5}', b'{"id": "b", "x": 1e999}'])
async def test_while_a_video_can_not_be_told_none_is_taken_for_gone(odd: bytes) -> None:
    body = videos({"id": "a", "view_count": 8}, "PLACE").replace(b'"PLACE"', odd)
    outcomes = await TikTok().fetch_metrics(always(200, body), ["a", "b"])
    assert isinstance(outcomes["a"], Measured)
    other = outcomes["b"]
    assert isinstance(other, Failed)
    assert other.error.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_what_was_not_asked_for_is_ignored() -> None:
    outcomes = await TikTok().fetch_metrics(always(200, videos({"id": "b"}, {"id": "a"})), ["a", "c"])
    assert isinstance(outcomes["a"], Measured)
    assert isinstance(outcomes["c"], Gone)
    assert len(outcomes) == 2


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": {"code": "ok"}}',
        b'{"data": null, "error": {"code": "ok"}}',
        b'{"data": {}, "error": {"code": "ok"}}',
        b'{"data": {"videos": null}, "error": {"code": "ok"}}',
        b'{"data": {"videos": {}}, "error": {"code": "ok"}}',
        b'{"data": {"videos": []}}',
        b'{"data": {"videos": []}, "error": null}',
        b'{"data": {"videos": []}, "error": {"code": 0}}',
    ],
)
async def test_without_a_list_of_videos_nothing_is_taken_for_gone(body: bytes) -> None:
    with pytest.raises(ProviderError) as raised:
        await TikTok().fetch_metrics(always(200, body), ["a"])
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_an_empty_list_says_that_the_videos_are_gone() -> None:
    assert isinstance((await TikTok().fetch_metrics(always(200, videos()), ["a"]))["a"], Gone)


async def test_an_answer_nested_beyond_measure() -> None:
    for body in (b"[" * 200_000, b'{"error":{"code":"ok"},"data":{"videos":' + b"[" * 200_000):
        with pytest.raises(ProviderError) as raised:
            await TikTok().fetch_metrics(always(200, body), ["a"])
        assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


@pytest.mark.parametrize("user", [{}, {"open_id": ""}, {"open_id": 5}, {"display_name": "Ada"}])
async def test_an_account_that_can_not_be_told(user: object) -> None:
    body = json.dumps({"data": {"user": user}, "error": {"code": "ok"}}).encode()
    with pytest.raises(ProviderError) as raised:
        await TikTok().check(always(200, body))
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_an_account_without_a_name_is_known_by_its_id() -> None:
    body = b'{"data": {"user": {"open_id": "o"}}, "error": {"code": "ok"}}'
    profile = await TikTok().check(always(200, body))
    assert (profile.external_id, profile.handle, profile.name) == ("o", "o", "o")
