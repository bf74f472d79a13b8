"""Reading answers: odd numbers, odd posts, odd texts, and their units."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from afterpost.sdk import ErrorKind, Failed, Measured, Outcome, ProviderError
from afterpost_instagram import Instagram
from afterpost_instagram.payloads import InsightsAnswer, post_of, read, values_of
from packages.providers.instagram.tests.wiring import always, scripted


def told(name: str, raw: object) -> InsightsAnswer:
    body = json.dumps({"data": [{"name": name, "period": "lifetime", "values": [{"value": raw}]}]}).encode()
    answer = read(body, InsightsAnswer)
    assert isinstance(answer, InsightsAnswer)
    return answer


@pytest.mark.parametrize("raw", [0, 12, 2**53 + 1, 2**63 - 1])
def test_counts_are_integers(raw: int) -> None:
    assert values_of(told("saved", raw), ["saves", "views"]) == ({"saves": raw}, ())


@pytest.mark.parametrize("raw", [-1, 2**63, 10**30, 1.0, True, [1], "12", "", {}])
def test_a_count_that_is_none_is_named(raw: object) -> None:
    assert values_of(told("saved", raw), ["saves"]) == ({}, ("saves",))


@pytest.mark.parametrize(
    ("milliseconds", "whole", "exact"),
    [
        (0, 0, 0.0),
        (999, 0, 0.999),
        (1_000, 1, 1.0),
        (2_507, 2, 2.507),
        (1_234.5, 1, 1.2345),
        (10**15, 10**12, 1e12),
    ],
)
def test_milliseconds_become_seconds(milliseconds: float, whole: int, exact: float) -> None:
    values, unusable = values_of(told("ig_reels_video_view_total_time", milliseconds), ["watch_time_seconds"])
    assert (values, unusable) == ({"watch_time_seconds": whole}, ())
    assert isinstance(values["watch_time_seconds"], int)
    values, unusable = values_of(told("ig_reels_avg_watch_time", milliseconds), ["avg_view_seconds"])
    assert (values, unusable) == ({"avg_view_seconds": exact}, ())


@pytest.mark.parametrize("raw", [-1, True, "5", [5], 2**63, 1e300])
def test_a_time_that_is_none_is_named(raw: object) -> None:
    answer = told("ig_reels_avg_watch_time", raw)
    assert values_of(answer, ["avg_view_seconds"]) == ({}, ("avg_view_seconds",))


@pytest.mark.parametrize(
    "part",
    [
        {},
        {"values": []},
        {"values": None},
        {"values": [{"value": None}]},
        {"values": [{}]},
        {"total_value": {}},
        {"total_value": {"value": None}},
    ],
)
def test_a_metric_without_a_number_is_absent(part: dict[str, object]) -> None:
    body = json.dumps({"data": [{"name": "reach"} | part]}).encode()
    assert values_of(read(body, InsightsAnswer), ["reach"]) == ({}, ())


def test_the_number_may_stand_in_another_place() -> None:
    body = b'{"data": [{"name": "reach", "total_value": {"value": 8}}]}'
    assert values_of(read(body, InsightsAnswer), ["reach"]) == ({"reach": 8}, ())


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2021-08-13T08:25:28+0000", datetime(2021, 8, 13, 8, 25, 28, tzinfo=UTC)),
        ("2021-08-13T10:25:28+02:00", datetime(2021, 8, 13, 8, 25, 28, tzinfo=UTC)),
        ("2021-08-13T08:25:28", None),
        ("9999-12-31T23:59:59-1200", None),
        ("yesterday", None),
        (1628843128, None),
        (None, None),
    ],
)
def test_publication_times(written: object, instant: datetime | None) -> None:
    post = post_of({"id": "m", "timestamp": written})
    assert post is not None
    assert post.published_at == instant


@pytest.mark.parametrize(
    ("kind", "product", "expected"),
    [
        ("IMAGE", "FEED", "image"),
        ("VIDEO", "FEED", "video"),
        ("CAROUSEL_ALBUM", "FEED", "carousel"),
        ("VIDEO", "REELS", "reel"),
        ("IMAGE", "STORY", "story"),
        ("HOLOGRAM", "FEED", "unknown"),
        (None, None, "unknown"),
        (["IMAGE"], {}, "unknown"),
    ],
)
def test_kinds_of_posts(kind: object, product: object, expected: str) -> None:
    post = post_of({"id": "m", "media_type": kind, "media_product_type": product})
    assert post is not None
    assert post.content_type == expected


def test_texts_that_no_database_keeps() -> None:
    post = post_of({"id": "m", "caption": "a\0b", "permalink": ["no text"]})
    assert post is not None
    assert (post.description, post.title, post.url) == ("ab", "", "")
    assert [post_of(item) for item in ({}, {"id": 5}, {"id": ""}, {"id": None})] == [None] * 4


def answers(insights: bytes, **media: object) -> Callable[[httpx.Request], httpx.Response]:
    """What a post is, and what its insights are."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/insights"):
            return httpx.Response(200, content=insights)
        return httpx.Response(200, json={"id": request.url.path.rpartition("/")[2]} | media)

    return answer


async def outcome_of(insights: bytes, **media: object) -> Outcome:
    return (await Instagram().fetch_metrics(scripted(answers(insights, **media)), ["a"]))["a"]


async def test_an_odd_number_never_costs_a_good_one() -> None:
    insights = b'{"data": [{"name":"views","values":[{"value":8}]},{"name":"likes","values":[{"value":-3}]}]}'
    outcome = await outcome_of(insights, media_product_type="FEED")
    assert isinstance(outcome, Measured)
    assert (outcome.reading.values, outcome.partial) == ({"views": 8}, ("likes",))


async def test_a_kind_of_post_never_heard_of_is_asked_for_what_all_have() -> None:
    insights = b'{"data": [{"name":"views","values":[{"value":8}]},{"name":"likes","values":[{"value":3}]}]}'
    outcome = await outcome_of(insights, media_product_type="HOLOGRAM")
    assert isinstance(outcome, Measured)
    assert outcome.reading.values == {"views": 8}
    assert set(outcome.reading.definitions) == {"views", "reach", "shares", "x_instagram_total_interactions"}


async def test_an_empty_data_set_is_no_zeros() -> None:
    outcome = await outcome_of(b'{"data": []}', media_product_type="FEED")
    assert isinstance(outcome, Measured)
    assert (outcome.reading.values, outcome.partial) == ({}, ())
    assert "views" in outcome.reading.definitions


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b'{"data": {}}', b'{"data": [{"values": []}]}', b'{"data": [3]}']
)
async def test_insights_that_can_not_be_read_cost_the_post_and_no_other(body: bytes) -> None:
    good = b'{"data": [{"name":"views","values":[{"value":8}]}]}'

    def answer(request: httpx.Request) -> httpx.Response:
        return answers(body if "/bad/" in request.url.path else good)(request)

    outcomes = await Instagram().fetch_metrics(scripted(answer), ["bad", "fine"])
    bad = outcomes["bad"]
    assert isinstance(bad, Failed)
    assert bad.error.kind is ErrorKind.UPSTREAM_MALFORMED
    assert isinstance(outcomes["fine"], Measured)


async def test_a_post_that_answers_to_another_id_is_not_believed() -> None:
    with pytest.raises(ProviderError) as raised:
        await outcome_of(b'{"data": []}', id="other")
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_of_a_list_what_can_be_read_is_kept() -> None:
    body = b'{"data": [3, null, {}, {"id": 5}, {"id": "a", "x": 1e999}, {"id": "b", "caption": "B"}]}'
    page = await Instagram().list_posts(always(200, body), None)
    assert [(post.external_id, post.description) for post in page.posts] == [("b", "B")]


@pytest.mark.parametrize("user", [{}, {"user_id": ""}, {"user_id": None}, {"user_id": True}, {"id": "app-1"}])
async def test_an_account_that_can_not_be_told(user: object) -> None:
    with pytest.raises(ProviderError) as raised:
        await Instagram().check(always(200, json.dumps(user).encode()))
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_an_id_may_be_a_number_and_a_name_may_be_missing() -> None:
    profile = await Instagram().check(always(200, b'{"user_id": 17841405822304914}'))
    assert (profile.external_id, profile.handle, profile.name) == ("17841405822304914",) * 3
