"""Reading answers: odd numbers, odd pins, odd days."""

import json
from datetime import UTC, date, datetime

import pytest

from afterpost.sdk import ErrorKind, Failed, Measured, ProviderError
from afterpost_pinterest import Pinterest
from afterpost_pinterest.payloads import days_of, lifetime_of, post_of
from packages.providers.pinterest.tests.wiring import always


def pin(**counts: object) -> dict[str, object]:
    return {"id": "1", "pin_metrics": {"lifetime_metrics": counts, "90d": {"impression": 3}}}


@pytest.mark.parametrize(
    ("raw", "count"), [(0, 0), (12, 12), (12.0, 12), (2**53 + 1, 2**53 + 1), (2**63 - 1, 2**63 - 1)]
)
def test_counts_are_whole_numbers(raw: object, count: int) -> None:
    assert lifetime_of(pin(impression=raw)) == ({"impressions": count}, ())


@pytest.mark.parametrize("raw", [-1, 2**63, 1.5, True, [1], "5", "", float("inf")])
def test_a_count_that_is_none_is_named_and_the_others_stand(raw: object) -> None:
    found = lifetime_of(pin(impression=5, reaction=raw, comment=None))
    assert found == ({"impressions": 5}, ("likes",))


@pytest.mark.parametrize("metrics", [None, [], {}, {"90d": {"impression": 3}}, {"lifetime_metrics": None}])
def test_a_pin_without_lifetime_counts_has_none_and_not_those_of_ninety_days(metrics: object) -> None:
    assert lifetime_of({"id": "1", "pin_metrics": metrics}) == ({}, ())
    assert lifetime_of({"id": "1"}) == ({}, ())


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-01T10:00:00", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("2026-01-01T10:00:00Z", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("2026-01-01T12:00:00+02:00", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("9999-12-31T23:59:59-12:00", None),
        ("yesterday", None),
        (5, None),
        (None, None),
    ],
)
def test_publication_times(text: object, instant: datetime | None) -> None:
    post = post_of({"id": "1", "created_at": text})
    assert post is not None
    assert post.published_at == instant


@pytest.mark.parametrize(
    ("creative", "media", "content_type"),
    [
        ("REGULAR", None, "image"),
        ("VIDEO", None, "video"),
        ("CAROUSEL", None, "carousel"),
        ("IDEA", None, "idea"),
        (None, {"media_type": "video"}, "video"),
        ("NEVER_HEARD_OF", {"media_type": "multiple_images"}, "carousel"),
        (["odd"], {"media_type": ["odd"]}, "unknown"),
        (None, "odd", "unknown"),
    ],
)
def test_what_a_pin_is(creative: object, media: object, content_type: str) -> None:
    post = post_of({"id": "1", "creative_type": creative, "media": media, "title": "a\0b"})
    assert post is not None
    assert (post.content_type, post.title) == (content_type, "ab")
    assert post_of({"id": 5}) is None


def days(*rows: object) -> dict[str, object]:
    return {"all": {"daily_metrics": list(rows)}}


def test_days_are_read_with_their_units_and_only_what_is_reported() -> None:
    metrics = {
        "IMPRESSION": 240,
        "SAVE": 0,
        "OUTBOUND_CLICK": 20.0,
        "SAVE_RATE": 0.18,
        "VIDEO_MRC_VIEW": 20,
        "VIDEO_V50_WATCH_TIME": 10_031,
        "VIDEO_AVG_WATCH_TIME": 2_507.75,
        "PIN_CLICK": None,
    }
    row = {"data_status": "READY", "date": "2026-06-01", "metrics": metrics}
    assert days_of(days(row)) == {
        date(2026, 6, 1): {
            "impressions": 240,
            "saves": 0,
            "clicks_link": 20,
            "views": 20,
            "watch_time_seconds": 10,
            "avg_view_seconds": 2.50775,
        }
    }


@pytest.mark.parametrize(
    "row",
    [
        {"data_status": "PROCESSING", "date": "2026-06-01", "metrics": {"IMPRESSION": 3}},
        {"data_status": "BEFORE_PIN_CREATED", "date": "2026-06-01", "metrics": {"IMPRESSION": 0}},
        {"data_status": ["READY"], "date": "2026-06-01", "metrics": {"IMPRESSION": 3}}
        | {"data_status": "NEVER_HEARD_OF"},
        {"date": "2026-06-01", "metrics": {"IMPRESSION": 3}},
        {"data_status": "READY", "date": "yesterday", "metrics": {"IMPRESSION": 3}},
        {"data_status": "READY", "date": 5, "metrics": {"IMPRESSION": 3}},
        {"data_status": "READY", "date": "2026-06-01", "metrics": {"IMPRESSION": -3}},
        {"data_status": "READY", "date": "2026-06-01", "metrics": {}},
        {"data_status": "READY", "date": "2026-06-01"},
        "odd",
    ],
)
def test_a_day_that_can_not_be_relied_on_is_absent_and_the_others_stand(row: object) -> None:
    good = {"data_status": "ESTIMATE", "date": "2026-06-02", "metrics": {"IMPRESSION": 4}}
    assert days_of(days(row, good)) == {date(2026, 6, 2): {"impressions": 4}}


async def test_an_answer_without_days_is_no_series() -> None:
    for body in (b"{}", b'{"all": {}}', b'{"all": []}', b'{"all": {"daily_metrics": {}}}'):
        outcomes = await Pinterest().fetch_daily(always(200, body), ["1"], date(2026, 6, 1), date(2026, 6, 2))
        outcome = outcomes["1"]
        assert isinstance(outcome, Failed)
        assert outcome.error.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_a_page_with_odd_pins_keeps_the_good_ones() -> None:
    items = [3, None, {}, {"id": 5}, pin(impression=8), {"id": "2", "is_owner": False}]
    page = await Pinterest().list_posts(always(200, json.dumps({"items": items}).encode()), None)
    assert [post.external_id for post in page.posts] == ["1"]
    assert page.measured["1"].reading.values == {"impressions": 8}


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"id": "2"}', b'{"id": 1}', b"[" * 200_000, b"null"])
async def test_another_answer_than_the_pin_takes_nothing_for_deleted(body: bytes) -> None:
    outcome = (await Pinterest().fetch_metrics(always(200, body), ["1"]))["1"]
    assert isinstance(outcome, Failed)
    assert outcome.error.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_a_pin_without_numbers_is_measured_without_values() -> None:
    outcome = (await Pinterest().fetch_metrics(always(200, b'{"id": "1"}'), ["1"]))["1"]
    assert isinstance(outcome, Measured)
    assert outcome.reading.values == {}
    assert "likes" in outcome.reading.definitions


@pytest.mark.parametrize("body", [b'{"items": {}}', b'{"items": null}', b"{}", b"[]"])
async def test_a_page_without_pins_is_an_error(body: bytes) -> None:
    with pytest.raises(ProviderError) as raised:
        await Pinterest().list_posts(always(200, body), None)
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED
