"""Reading answers: both dialects, odd numbers, odd posts, problems beside posts."""

import json
from datetime import UTC, datetime

import pytest

from afterpost.sdk import ErrorKind, Failed, Gone, Measured, ProviderError
from afterpost_x import X
from afterpost_x.payloads import Cursor, metrics_of, post_of, published_by_id
from packages.providers.x.tests.shelf import ADA
from packages.providers.x.tests.wiring import always

PROBLEM = "https://api.x.com/2/problems/"


def answer(*data: object, errors: tuple[object, ...] = ()) -> bytes:
    return json.dumps({"data": data} | ({"errors": errors} if errors else {})).encode()


@pytest.mark.parametrize("field", ["retweet_count", "repost_count"])
def test_reposts_have_a_name_in_each_dialect(field: str) -> None:
    item = {"public_metrics": {field: 7, "quote_count": 2}}
    assert metrics_of(item) == ({"shares": 7, "quotes": 2}, ())
    both = {"public_metrics": {"retweet_count": None, "repost_count": 0}}
    assert metrics_of(both) == ({"shares": 0}, ())


@pytest.mark.parametrize("raw", [-1, 2**63, 1.0, True, [1], "5", ""])
def test_a_count_that_is_none_is_named_and_the_others_stand(raw: object) -> None:
    item = {"public_metrics": {"like_count": 5, "reply_count": raw, "quote_count": None}}
    assert metrics_of(item) == ({"likes": 5}, ("comments",))
    item = {"non_public_metrics": {"engagements": raw, "url_link_clicks": 2**53 + 1}}
    assert metrics_of(item) == ({"clicks_link": 2**53 + 1}, ("x_x_engagements",))


@pytest.mark.parametrize("metrics", [None, [], "many", 3])
def test_counts_that_are_none(metrics: object) -> None:
    assert metrics_of({"public_metrics": metrics, "non_public_metrics": metrics}) == ({}, ())


@pytest.mark.parametrize(
    ("post_id", "published"),
    [
        ("1346889436626259968", datetime(2021, 1, 6, 18, 40, 40, 408000, tzinfo=UTC)),
        ("20", None),
        ("4294967295", None),
    ],
)
def test_ids_carry_the_time(post_id: str, published: datetime | None) -> None:
    found = published_by_id(post_id)
    assert (found is None) == (published is None)
    if found is not None and published is not None:
        assert abs((found - published).total_seconds()) < 1


@pytest.mark.parametrize(
    ("attachments", "content_type"),
    [
        (None, "text"),
        ({"media_keys": ["3_1"]}, "image"),
        ({"media_keys": ["3_1", "7_2"]}, "video"),
        ({"media_keys": ["13_1"]}, "video"),
        ({"media_keys": ["99_1"]}, "unknown"),
        ({"media_keys": [5]}, "unknown"),
        ({"media_keys": [], "poll_ids": ["1"]}, "poll"),
        ({"media_keys": "odd", "poll_ids": "odd"}, "text"),
        ("odd", "text"),
    ],
)
def test_what_a_post_is(attachments: object, content_type: str) -> None:
    post = post_of({"id": "5", "attachments": attachments, "text": "a\0b", "created_at": "yesterday"})
    assert post is not None
    assert (post.content_type, post.description, post.published_at) == (content_type, "ab", None)


@pytest.mark.parametrize("note", ["note_tweet", "note_post"])
def test_a_long_post_has_its_whole_text_in_a_note(note: str) -> None:
    post = post_of({"id": "5", "text": "short …", note: {"text": "short and the rest"}})
    assert post is not None
    assert post.description == "short and the rest"
    for nameless in ({}, {"id": 5}, {"id": ""}, {"id": "a"}, {"id": "٣"}):
        assert post_of(nameless) is None


async def test_problems_beside_posts_cost_no_other_post() -> None:
    errors: tuple[object, ...] = (
        {"type": PROBLEM + "resource-not-found", "resource_id": "2"},
        {"type": "https://api.twitter.com/2/problems/not-authorized-for-resource", "value": "3"},
        {"type": PROBLEM + "internal-error", "resource_id": "4"},
        {"type": "about:blank", "resource_id": "5"},
        {"type": PROBLEM + "not-authorized-for-field", "resource_id": "1", "field": "non_public_metrics"},
        3,
        {},
    )
    body = answer({"id": "1", "public_metrics": {"like_count": 8}}, errors=errors)
    outcomes = await X().fetch_metrics(always(200, body), ["1", "2", "3", "4", "5", "6"])
    one = outcomes["1"]
    assert isinstance(one, Measured)
    assert one.reading.values == {"likes": 8}
    assert isinstance(outcomes["2"], Gone)
    assert isinstance(outcomes["3"], Gone)
    kinds = {}
    for name in ("4", "5", "6"):
        outcome = outcomes[name]
        assert isinstance(outcome, Failed)
        kinds[name] = outcome.error.kind
    # X names each post that is gone: one that it does not mention is not taken for deleted.
    assert kinds == {
        "4": ErrorKind.UPSTREAM_UNAVAILABLE,
        "5": ErrorKind.UPSTREAM_MALFORMED,
        "6": ErrorKind.UPSTREAM_MALFORMED,
    }


async def test_a_refused_field_of_a_young_post_is_named() -> None:
    young = str(1_782_900_000_000 - 1_288_834_974_657 << 22)
    errors = ({"type": PROBLEM + "not-authorized-for-field", "resource_id": young},)
    body = answer({"id": young, "public_metrics": {"like_count": 8}}, errors=errors)
    outcome = (await X().fetch_metrics(always(200, body), [young]))[young]
    assert isinstance(outcome, Measured)
    assert (outcome.reading.values, outcome.partial) == (
        {"likes": 8},
        ("clicks_link", "clicks_profile", "x_x_engagements"),
    )


async def test_an_odd_item_never_costs_a_good_one() -> None:
    body = b'{"data": [3, null, {}, {"id": 5}, {"id": "2", "x": 1e999}, {"id": "1"}]}'
    outcomes = await X().fetch_metrics(always(200, body), ["1", "2"])
    assert isinstance(outcomes["1"], Measured)
    assert isinstance(outcomes["2"], Failed)
    page = await X().list_posts(always(200, body, account_id=ADA), None)
    assert [post.external_id for post in page.posts] == ["1"]


@pytest.mark.parametrize("body", [b'{"data": {}}', b'{"data": null}', b"{}", b"[]", b"[" * 200_000, b"null"])
async def test_an_answer_without_posts_or_problems_takes_nothing_for_deleted(body: bytes) -> None:
    for ask in (
        X().fetch_metrics(always(200, body), ["1"]),
        X().list_posts(always(200, body, account_id=ADA), None),
    ):
        with pytest.raises(ProviderError) as raised:
            await ask
        assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"errors": [{"type": "https://api.x.com/2/problems/resource-not-found"}]}', ErrorKind.NOT_FOUND),
        (b'{"errors": [{"type": "about:blank"}]}', ErrorKind.UPSTREAM_MALFORMED),
        (b'{"meta": {"result_count": 3}}', ErrorKind.UPSTREAM_MALFORMED),
        (b'{"meta": {}}', ErrorKind.UPSTREAM_MALFORMED),
    ],
)
async def test_a_list_of_nothing_counts_only_where_the_answer_says_so(
    body: bytes, expected: ErrorKind
) -> None:
    with pytest.raises(ProviderError) as raised:
        await X().list_posts(always(200, body, account_id=ADA), None)
    assert raised.value.kind is expected
    page = await X().list_posts(always(200, b'{"meta": {"result_count": 0}}', account_id=ADA), None)
    assert page.posts == ()


def test_a_cursor_survives_any_token() -> None:
    for token in (None, "7140dibdnow9c7btw\n/é=+"):
        cursor = Cursor(1_782_900_000, True, token)
        assert cursor.text().isascii()
        assert Cursor.read(cursor.text()) == cursor
