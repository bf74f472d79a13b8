"""Refusals as Google words them, and what the provider says they are, method by method.

What any platform can do wrong, from an outage to half an answer, is in `tests/test_fault_matrix.py`.
"""

import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from afterpost.emulator import Emulator, Fault, FaultKind
from afterpost.sdk import Call, ErrorKind, Gone, Measured, ProviderError
from afterpost_youtube import YouTube
from packages.providers.youtube.tests.shelf import NOW
from packages.providers.youtube.tests.wiring import call

MIDNIGHT_PACIFIC = datetime(2026, 7, 2, 7, tzinfo=UTC)

EXPECTED: dict[FaultKind, tuple[ErrorKind, datetime | None]] = {
    "rate_limited": (ErrorKind.RATE_LIMITED, NOW + timedelta(seconds=60)),
    "quota": (ErrorKind.QUOTA_EXHAUSTED, MIDNIGHT_PACIFIC),
    "unavailable": (ErrorKind.UPSTREAM_UNAVAILABLE, None),
    "forbidden": (ErrorKind.PERMISSION_MISSING, None),
    "unauthorized": (ErrorKind.TOKEN_EXPIRED, None),
}
Act = Callable[[YouTube, Call], Awaitable[object]]
ACTS: dict[str, Act] = {
    "check": lambda youtube, one: youtube.check(one),
    "list": lambda youtube, one: youtube.list_posts(one, None),
    "fetch": lambda youtube, one: youtube.fetch_metrics(one, ["v001", "v002"]),
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
        assert raised.value.scopes == ("https://www.googleapis.com/auth/youtube.readonly",)


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
