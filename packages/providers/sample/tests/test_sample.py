"""What is true of Sample alone: how it signs in, its limits, its words. Other networks need other tests."""

from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from afterpost.emulator import Emulator, Fault, World, WorldAccount
from afterpost.sdk import CANONICAL, Call, Credential, ErrorKind, Failed, Provider, ProviderError, Secret


@pytest.fixture
def ids(world: World, account: WorldAccount, call: Call) -> list[str]:
    """As many posts as Sample takes in one call, the newest."""
    return [post.id for post in world.posts(account.id, call.now)][:20]


async def test_the_refresh_token_becomes_an_access_token(provider: Provider, typed: Call) -> None:
    credential = await provider.refresh(typed)

    assert set(credential.secrets) == {"refresh_token", "access_token"}
    assert credential.expires_at == typed.now + timedelta(hours=1)


async def test_a_dead_refresh_token_is_revoked(provider: Provider, call: Call, emulator: Emulator) -> None:
    emulator.dial.set("revoked")

    await provider.check(call)  # the access token lives on until it ends
    with pytest.raises(ProviderError) as raised:
        await provider.refresh(call)

    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED


async def test_a_mistyped_refresh_token_is_refused_and_not_repeated(provider: Provider, typed: Call) -> None:
    mistyped = Credential(secrets={"refresh_token": Secret("hunter2")})

    with pytest.raises(ProviderError) as raised:
        await provider.refresh(msgspec.structs.replace(typed, credential=mistyped))

    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED
    assert "hunter2" not in str(raised.value)


async def test_an_account_has_a_handle_and_a_name(
    provider: Provider, call: Call, account: WorldAccount
) -> None:
    profile = await provider.check(call)

    assert (profile.handle, profile.name) == (account.handle, account.name)


async def test_posts_have_titles(provider: Provider, call: Call, world: World, account: WorldAccount) -> None:
    page = await provider.list_posts(call, None)

    assert len(page.posts) == 20
    assert [post.title for post in page.posts] == [
        post.title for post in world.posts(account.id, call.now)[:20]
    ]


def test_every_metric_has_a_canonical_name(provider: Provider) -> None:
    assert {spec.name for spec in provider.capabilities.metrics} == {"views", "likes", "comments"}
    assert {"views", "likes", "comments"} <= set(CANONICAL)


async def test_a_batch_is_as_large_as_the_network_allows(
    provider: Provider, call: Call, ids: list[str]
) -> None:
    await provider.fetch_metrics(call, ids)
    with pytest.raises(ProviderError) as raised:
        await provider.fetch_metrics(call, [*ids, "one more"])

    assert len(ids) == provider.capabilities.batch_size
    assert raised.value.kind is ErrorKind.BAD_REQUEST


async def test_a_count_that_comes_as_text_is_none(
    provider: Provider, call: Call, world: World, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "metrics", lambda post_id, now: {"views": "12"})

    outcomes = await provider.fetch_metrics(call, ids)

    assert all(isinstance(outcome, Failed) for outcome in outcomes.values())


async def test_a_time_without_a_zone_is_not_guessed(
    provider: Provider, call: Call, world: World, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (post,) = [post for post in world.posts(call.account_id, call.now) if post.id == ids[0]]
    naive = msgspec.structs.replace(post, published_at=post.published_at.replace(tzinfo=None))
    monkeypatch.setattr(world, "posts", lambda account_id, now: [naive])

    with pytest.raises(ProviderError) as raised:
        await provider.fetch_metrics(call, ids)

    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_no_status_but_200_is_a_result(provider: Provider, call: Call, ids: list[str]) -> None:
    answer = httpx.MockTransport(lambda request: httpx.Response(500, json={"posts": []}))
    async with httpx.AsyncClient(transport=answer) as client:
        with pytest.raises(ProviderError) as raised:
            await provider.fetch_metrics(msgspec.structs.replace(call, client=client), ids)

    assert raised.value.kind is ErrorKind.UPSTREAM_UNAVAILABLE


async def test_waiting_is_an_instant_for_core(provider: Provider, call: Call, emulator: Emulator) -> None:
    waits = {}
    for fault in (Fault("rate_limited", retry_after="120"), Fault("quota"), Fault("unavailable")):
        emulator.dial.set(fault)
        with pytest.raises(ProviderError) as raised:
            await provider.list_posts(call, None)
        waits[fault.kind] = raised.value.retry_at

    assert waits == {
        "rate_limited": call.now + timedelta(seconds=120),
        "quota": datetime(2026, 3, 21, tzinfo=UTC),
        "unavailable": None,
    }
