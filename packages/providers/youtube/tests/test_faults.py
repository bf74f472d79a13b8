"""Refusals as Google words them, and what the provider says they are, method by method.

What any platform can do wrong, from an outage to half an answer, is in `tests/test_fault_matrix.py`.
"""

import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from afterpost.emulator import Emulator, Fault, FaultKind
from afterpost.sdk import Call, ErrorKind, Gone, Measured, ProviderError
from afterpost_youtube import YouTube
from packages.providers.youtube.tests.shelf import NOW, Shelf
from packages.providers.youtube.tests.wiring import call

MIDNIGHT_PACIFIC = datetime(2026, 7, 2, 7, tzinfo=UTC)

EXPECTED: dict[FaultKind, tuple[ErrorKind, datetime | None]] = {
    "rate_limited": (ErrorKind.RATE_LIMITED, NOW + timedelta(seconds=60)),
    "quota": (ErrorKind.QUOTA_EXHAUSTED, MIDNIGHT_PACIFIC),
    "unavailable": (ErrorKind.UPSTREAM_UNAVAILABLE, None),
    "forbidden": (ErrorKind.PERMISSION_MISSING, None),
    "unauthorized": (ErrorKind.TOKEN_EXPIRED, None),
}
JUNE = date(2026, 6, 1), date(2026, 6, 30)

Act = Callable[[YouTube, Call], Awaitable[object]]
ACTS: dict[str, Act] = {
    "check": lambda youtube, one: youtube.check(one),
    "list": lambda youtube, one: youtube.list_posts(one, None),
    "fetch": lambda youtube, one: youtube.fetch_metrics(one, ["v001", "v002"]),
    "daily": lambda youtube, one: youtube.fetch_daily(one, ["v001"], *JUNE),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("kind", sorted(EXPECTED))
async def test_a_fault_becomes_its_kind(
    kind: FaultKind, act: str, youtube: YouTube, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(kind)
    with pytest.raises(ProviderError) as raised:
        await ACTS[act](youtube, call(client))
    assert (raised.value.kind, raised.value.retry_at) == EXPECTED[kind]
    assert raised.value.native
    assert emulator.dial.fired(kind) == 1, "a provider never tries again by itself"
    assert "s3cret" not in "".join(traceback.format_exception(raised.value)) + repr(vars(raised.value))
    if kind == "forbidden":
        scope = "yt-analytics.readonly" if act == "daily" else "youtube.readonly"
        assert raised.value.scopes == (f"https://www.googleapis.com/auth/{scope}",)


async def test_the_wait_the_platform_names(
    youtube: YouTube, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("rate_limited", retry_after="Wed, 01 Jul 2026 15:10:00 GMT"))
    with pytest.raises(ProviderError) as raised:
        await youtube.check(call(client))
    assert raised.value.retry_at == NOW + timedelta(minutes=10)


@pytest.mark.parametrize("fields", [("likeCount",), ("comments", "views"), ("statistics",)])
async def test_absent_fields_are_absent(
    fields: tuple[str, ...], youtube: YouTube, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("absent_field", fields=fields))
    outcome = (await youtube.fetch_metrics(call(client), ["v001"]))["v001"]
    assert isinstance(outcome, Measured)
    left = {
        ("likeCount",): {"views": 1_000, "comments": 3},
        ("comments", "views"): {"likes": 50},
        ("statistics",): {},
    }[fields]
    assert outcome.reading.values == left
    assert outcome.partial == ()


@pytest.mark.parametrize("native", [True, False])
async def test_a_dead_metric_costs_itself_alone_and_is_named(
    native: bool, youtube: YouTube, client: httpx.AsyncClient, emulator: Emulator, shelf: Shelf
) -> None:
    shelf.publish("v001", NOW - timedelta(days=9), views=240, likes=24, follows=24)
    emulator.dial.set(Fault("dead_metric", fields=("subscribersGained" if native else "follows",)))
    outcome = (await youtube.fetch_daily(call(client), ["v001"], *JUNE))["v001"]
    assert isinstance(outcome, Measured)
    assert outcome.partial == ("follows",)
    assert {name for day in outcome.reading.daily.values() for name in day} == {"views", "likes"}
    assert len(emulator.requests) == 2


@pytest.mark.parametrize("fields", [("likes",), ("views", "subscribersGained"), ("rows",)])
async def test_what_is_left_out_of_a_report_is_absent(
    fields: tuple[str, ...], youtube: YouTube, client: httpx.AsyncClient, emulator: Emulator, shelf: Shelf
) -> None:
    shelf.publish("v001", NOW - timedelta(days=9), views=240, likes=24, follows=24)
    emulator.dial.set(Fault("absent_field", fields=fields))
    outcome = (await youtube.fetch_daily(call(client), ["v001"], *JUNE))["v001"]
    assert isinstance(outcome, Measured)
    assert emulator.dial.fired() == 1
    left = {name for day in outcome.reading.daily.values() for name in day}
    expected: dict[tuple[str, ...], tuple[set[str], set[str]]] = {
        ("likes",): ({"views", "follows"}, {"likes"}),
        ("views", "subscribersGained"): ({"likes"}, {"views", "follows"}),
        ("rows",): (set(), set()),
    }
    assert (left, set(outcome.partial)) == expected[fields]


async def test_a_fault_of_one_api_leaves_the_other_alone(
    youtube: YouTube, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    for fault in (Fault("forbidden", path="/v2/"), Fault("quota", host="youtubeanalytics.googleapis.com")):
        emulator.dial.set(fault)
        assert isinstance((await youtube.fetch_metrics(call(client), ["v001"]))["v001"], Measured)
        with pytest.raises(ProviderError):
            await youtube.fetch_daily(call(client), ["v001"], *JUNE)


async def test_without_its_texts_a_video_still_has_its_numbers(
    youtube: YouTube, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("absent_field", fields=("snippet",)))
    outcome = (await youtube.fetch_metrics(call(client), ["v001"]))["v001"]
    assert isinstance(outcome, Measured)
    assert outcome.reading.values["views"] == 1_000
    assert outcome.reading.published_at is None
    page = await youtube.list_posts(call(client), None)
    assert len(page.posts) == 50
    assert {post.title for post in page.posts} == {""}


async def test_an_answer_without_its_items_takes_nothing_for_deleted(
    youtube: YouTube, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    for field in ("items", "kind", "id"):
        emulator.dial.set(Fault("absent_field", fields=(field,), path="/youtube/v3/videos"))
        if field == "id":
            outcomes = await youtube.fetch_metrics(call(client), ["v001"])
            assert not isinstance(outcomes["v001"], Gone)
        else:
            with pytest.raises(ProviderError) as raised:
                await youtube.fetch_metrics(call(client), ["v001"])
            assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_a_missing_id_is_gone_and_the_rest_is_kept(
    youtube: YouTube, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("missing_id", ids=("v002",)))
    outcomes = await youtube.fetch_metrics(call(client), ["v001", "v002", "v003"])
    assert [type(outcomes[one]) for one in ("v001", "v002", "v003")] == [Measured, Gone, Measured]


async def test_a_revoked_grant_is_told_by_the_token_endpoint_alone(
    youtube: YouTube, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set("revoked")
    assert (await youtube.check(call(client))).external_id == "UCada"
    assert emulator.dial.fired() == 0


async def test_one_account_can_fail_while_another_goes_on(
    youtube: YouTube, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("quota", account="UCada"), Fault("revoked", account="UCada"))
    for act in (youtube.check, youtube.refresh):
        with pytest.raises(ProviderError):
            await act(call(client))
    assert (await youtube.check(call(client, name="bob"))).external_id == "UCbob"
    assert (await youtube.refresh(call(client, name="bob"))).secret("access_token")
