"""The provider against the emulator, over HTTP: what it reads, and what it makes of each fault."""

from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from afterpost.emulator import FAULT_KINDS, Emulator, Fault, World, WorldAccount
from afterpost.sdk import (
    Call,
    Credential,
    ErrorKind,
    Failed,
    Gone,
    Measured,
    PostInfo,
    Provider,
    ProviderError,
    Secret,
)

METRICS = {"views", "likes", "comments"}
FAULTS = [
    (Fault("rate_limited", retry_after="120"), ErrorKind.RATE_LIMITED),
    (Fault("quota"), ErrorKind.QUOTA_EXHAUSTED),
    (Fault("unauthorized"), ErrorKind.TOKEN_EXPIRED),
    (Fault("forbidden"), ErrorKind.PERMISSION_MISSING),
    (Fault("unavailable", status=502), ErrorKind.UPSTREAM_UNAVAILABLE),
    (Fault("html"), ErrorKind.UPSTREAM_MALFORMED),
    (Fault("empty"), ErrorKind.UPSTREAM_MALFORMED),
    (Fault("truncated"), ErrorKind.UPSTREAM_MALFORMED),
    (Fault("deep"), ErrorKind.UPSTREAM_MALFORMED),
    (Fault("huge"), ErrorKind.UPSTREAM_MALFORMED),
    (Fault("gzip_bomb"), ErrorKind.UPSTREAM_MALFORMED),
    (Fault("redirect"), ErrorKind.UPSTREAM_MALFORMED),
    (Fault("disconnect"), ErrorKind.NETWORK),
    (Fault("hang"), ErrorKind.NETWORK),
]


@pytest.fixture
def ids(world: World, account: WorldAccount, call: Call, provider: Provider) -> list[str]:
    """A full batch of the account's newest posts."""
    return [post.id for post in world.posts(account.id, call.now)][: provider.capabilities.batch_size]


# Connecting


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


async def test_the_account_is_the_one_of_the_credential(
    provider: Provider, call: Call, account: WorldAccount
) -> None:
    profile = await provider.check(call)

    assert (profile.external_id, profile.handle, profile.name) == (account.id, account.handle, account.name)


# Listing


async def test_every_post_is_listed_once_newest_first(
    provider: Provider, call: Call, world: World, account: WorldAccount
) -> None:
    listed: list[PostInfo] = []
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        page = await provider.list_posts(call, cursor)
        listed += page.posts
        cursor = page.cursor
        pages += 1

    there = world.posts(account.id, call.now)
    assert pages > 1
    assert [post.external_id for post in listed] == [post.id for post in there]
    assert [post.published_at for post in listed] == [post.published_at for post in there]
    assert [post.title for post in listed] == [post.title for post in there]


# Reading


async def test_the_counts_are_the_networks(
    provider: Provider, call: Call, world: World, account: WorldAccount
) -> None:
    posts = world.posts(account.id, call.now)
    size = provider.capabilities.batch_size
    hidden = 0
    for start in range(0, len(posts), size):
        outcomes = await provider.fetch_metrics(call, [post.id for post in posts[start : start + size]])
        for post in posts[start : start + size]:
            outcome = outcomes[post.id]
            assert isinstance(outcome, Measured)
            there = world.metrics(post.id, call.now)
            assert outcome.reading.values == {name: there[name] for name in METRICS if name in there}
            assert set(outcome.reading.definitions) == METRICS
            assert outcome.reading.observed_at == call.now
            assert outcome.reading.published_at == post.published_at
            assert outcome.post is not None
            assert outcome.post.title == post.title
            hidden += len(METRICS - set(there))
    assert hidden > 0  # otherwise this world proves nothing about what is absent


async def test_what_is_not_reported_is_absent_and_never_0(
    provider: Provider, call: Call, emulator: Emulator, ids: list[str]
) -> None:
    emulator.dial.set(Fault("absent_field", fields=("likes",)))

    outcome = (await provider.fetch_metrics(call, ids))[ids[0]]

    assert isinstance(outcome, Measured)
    assert set(outcome.reading.values) == {"views", "comments"}
    assert "likes" in outcome.reading.definitions


async def test_a_count_of_0_is_0(
    provider: Provider, call: Call, world: World, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "metrics", lambda post_id, now: {"views": 0})

    outcome = (await provider.fetch_metrics(call, ids))[ids[0]]

    assert isinstance(outcome, Measured)
    assert outcome.reading.values == {"views": 0}


@pytest.mark.parametrize("odd", [-1, 2**63, 1.5, "12", True])
async def test_a_count_that_is_none_costs_its_own_post_only(
    provider: Provider,
    call: Call,
    world: World,
    ids: list[str],
    odd: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(world, "metrics", lambda post_id, now: {"views": odd if post_id == ids[3] else 7})

    outcomes = await provider.fetch_metrics(call, ids)

    assert [one for one, outcome in outcomes.items() if isinstance(outcome, Failed)] == [ids[3]]
    assert sum(isinstance(outcome, Measured) for outcome in outcomes.values()) == len(ids) - 1


async def test_a_time_without_a_zone_is_not_guessed(
    provider: Provider, call: Call, world: World, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (post,) = [post for post in world.posts(call.account_id, call.now) if post.id == ids[0]]
    naive = msgspec.structs.replace(post, published_at=post.published_at.replace(tzinfo=None))
    monkeypatch.setattr(world, "posts", lambda account_id, now: [naive])

    with pytest.raises(ProviderError) as raised:
        await provider.fetch_metrics(call, ids)

    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_every_asked_id_has_exactly_one_outcome(
    provider: Provider, call: Call, world: World, emulator: Emulator, ids: list[str]
) -> None:
    other = world.accounts()[1]
    of_another = world.posts(other.id, call.now)[0].id
    earlier = {post.id for post in world.posts(call.account_id, call.now - timedelta(days=7))}
    deleted = min(earlier - {post.id for post in world.posts(call.account_id, call.now)})
    emulator.dial.set(Fault("missing_id", ids=(ids[1],)))
    asked = [ids[0], "never heard of", of_another, ids[1], deleted, ids[2], "a,b&c"]

    outcomes = await provider.fetch_metrics(call, asked)

    assert set(outcomes) == set(asked)
    assert {one for one in asked if isinstance(outcomes[one], Measured)} == {ids[0], ids[2]}
    assert all(isinstance(outcomes[one], Gone | Measured) for one in asked)


async def test_a_batch_is_as_large_as_the_network_allows(
    provider: Provider, call: Call, emulator: Emulator, ids: list[str]
) -> None:
    await provider.fetch_metrics(call, ids)
    with pytest.raises(ProviderError) as raised:
        await provider.fetch_metrics(call, [*ids, "one more"])

    assert len(ids) == provider.capabilities.batch_size
    assert raised.value.kind is ErrorKind.BAD_REQUEST


# Faults


@pytest.mark.parametrize(("fault", "kind"), FAULTS, ids=lambda value: getattr(value, "kind", None))
async def test_a_fault_is_told_once_as_what_it_is(
    provider: Provider, call: Call, emulator: Emulator, ids: list[str], fault: Fault, kind: ErrorKind
) -> None:
    emulator.dial.set(fault)
    if fault.kind == "hang":
        call.client.timeout = httpx.Timeout(0.2)

    with pytest.raises(ProviderError) as raised:
        await provider.fetch_metrics(call, ids)

    assert raised.value.kind is kind
    assert len(emulator.requests) == 1  # trying again is core's business
    for secret in call.credential.secrets.values():
        assert secret.reveal() not in f"{raised.value} {raised.value.native}"


def test_no_fault_is_forgotten() -> None:
    tested_above = {"revoked", "absent_field", "missing_id"}
    not_here = {"dead_metric", "foreign_post"}  # no metric is asked for by name, no list has reposts
    assert {fault.kind for fault, _ in FAULTS} | tested_above | not_here == FAULT_KINDS


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
