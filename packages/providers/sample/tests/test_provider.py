"""The provider against the emulator, over HTTP: the rules of every provider, asked of this one.

`FAULTS` and `NOT_HERE` say what goes wrong on the network; all else is asked of the provider and its world.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

import httpx
import pytest

from afterpost.emulator import FAULT_KINDS, Emulator, Fault, FaultKind, World, WorldAccount
from afterpost.sdk import Call, ErrorKind, Failed, Gone, Measured, Outcome, PostInfo, Provider, ProviderError

Read = Callable[[Sequence[str]], Awaitable[Mapping[str, Outcome]]]
FAULTS = [
    (Fault("rate_limited", retry_after="120"), ErrorKind.RATE_LIMITED),
    (Fault("quota"), ErrorKind.QUOTA_EXHAUSTED),
    (Fault("unauthorized"), ErrorKind.TOKEN_EXPIRED),  # CREDENTIAL_REVOKED where there is no `refresh`
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
NOT_HERE: set[FaultKind] = {"dead_metric", "foreign_post"}
"""What can't go wrong on this network, so that its dialect answers None."""


@pytest.fixture
def ids(world: World, account: WorldAccount, call: Call) -> list[str]:
    """The account's newest posts."""
    return [post.id for post in world.posts(account.id, call.now)][:5]


@pytest.fixture
def metrics(provider: Provider) -> set[str]:
    """All that is declared of posts."""
    return {spec.name for spec in provider.capabilities.metrics}


@pytest.fixture
def read(provider: Provider, call: Call) -> Read:
    """`fetch_metrics` of any number of posts, in batches as core asks for them."""

    async def batches(ids: Sequence[str]) -> Mapping[str, Outcome]:
        found: dict[str, Outcome] = {}
        size = provider.capabilities.batch_size
        for start in range(0, len(ids), size):
            found |= await provider.fetch_metrics(call, ids[start : start + size])
        return found

    return batches


# Connecting and listing


async def test_the_account_is_the_one_of_the_credential(
    provider: Provider, call: Call, account: WorldAccount
) -> None:
    assert (await provider.check(call)).external_id == account.id


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
    assert pages > 1  # if one page holds them all, give the world of conftest.py more days
    assert [post.external_id for post in listed] == [post.id for post in there]
    assert [post.published_at for post in listed] == [post.published_at for post in there]


# Reading


async def test_the_counts_are_the_networks(
    read: Read, call: Call, world: World, account: WorldAccount, metrics: set[str]
) -> None:
    posts = world.posts(account.id, call.now)
    outcomes = await read([post.id for post in posts])
    hidden = 0
    for post in posts:
        outcome = outcomes[post.id]
        assert isinstance(outcome, Measured)
        there = world.metrics(post.id, call.now)
        assert outcome.reading.values == {name: there[name] for name in metrics if name in there}
        assert set(outcome.reading.definitions) == metrics
        assert outcome.reading.observed_at == call.now
        assert outcome.reading.published_at == post.published_at
        hidden += len(metrics - set(there))
    assert hidden > 0  # otherwise this world proves nothing about what is absent


async def test_what_is_not_reported_is_absent_and_never_0(
    read: Read, emulator: Emulator, ids: list[str]
) -> None:
    whole = (await read(ids))[ids[0]]
    assert isinstance(whole, Measured)
    assert whole.reading.values
    for name in whole.reading.values:
        emulator.dial.set(Fault("absent_field", fields=(name,)))

        outcome = (await read(ids))[ids[0]]

        assert isinstance(outcome, Measured)
        assert set(outcome.reading.values) == set(whole.reading.values) - {name}
        assert name in outcome.reading.definitions


async def test_a_count_of_0_is_0(
    read: Read, world: World, ids: list[str], metrics: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    none = dict.fromkeys(metrics, 0)
    monkeypatch.setattr(world, "metrics", lambda post_id, now: none)

    outcome = (await read(ids))[ids[0]]

    assert isinstance(outcome, Measured)
    assert outcome.reading.values == none


@pytest.mark.parametrize("odd", [-1, 2**63, 1.5, True])
async def test_a_count_that_is_none_costs_its_own_post_only(
    read: Read,
    world: World,
    ids: list[str],
    metrics: set[str],
    odd: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        world, "metrics", lambda post_id, now: dict.fromkeys(metrics, odd if post_id == ids[3] else 7)
    )

    outcomes = await read(ids)

    assert [one for one, outcome in outcomes.items() if isinstance(outcome, Failed)] == [ids[3]]
    assert sum(isinstance(outcome, Measured) for outcome in outcomes.values()) == len(ids) - 1


async def test_every_asked_id_has_exactly_one_outcome(
    read: Read, call: Call, world: World, emulator: Emulator, ids: list[str]
) -> None:
    other = world.accounts()[1]
    of_another = world.posts(other.id, call.now)[0].id
    earlier = {post.id for post in world.posts(call.account_id, call.now - timedelta(days=7))}
    deleted = min(earlier - {post.id for post in world.posts(call.account_id, call.now)})
    emulator.dial.set(Fault("missing_id", ids=(ids[1],)))
    asked = [ids[0], "never heard of", of_another, ids[1], deleted, ids[2], "a,b&c"]

    outcomes = await read(asked)

    assert set(outcomes) == set(asked)
    assert {one for one in asked if isinstance(outcomes[one], Measured)} - {of_another} == {ids[0], ids[2]}
    # Another's post is gone or, where everybody may see it, measured.
    assert all(isinstance(outcomes[one], Gone | Measured) for one in asked)


# Faults


@pytest.mark.parametrize(("fault", "kind"), FAULTS, ids=lambda value: getattr(value, "kind", None))
async def test_a_fault_is_told_once_as_what_it_is(
    read: Read, call: Call, emulator: Emulator, ids: list[str], fault: Fault, kind: ErrorKind
) -> None:
    emulator.dial.set(fault)
    if fault.kind == "hang":
        call.client.timeout = httpx.Timeout(0.2)

    with pytest.raises(ProviderError) as raised:
        await read(ids)

    assert raised.value.kind is kind
    assert len(emulator.requests) == 1  # trying again is core's business
    for secret in call.credential.secrets.values():
        assert secret.reveal() not in f"{raised.value} {raised.value.native}"


def test_no_fault_is_forgotten() -> None:
    elsewhere = {"revoked", "absent_field", "missing_id"}  # in tests of their own
    assert {fault.kind for fault, _ in FAULTS} | elsewhere | NOT_HERE == FAULT_KINDS


async def test_what_the_network_does_not_have_does_not_go_wrong(
    read: Read, emulator: Emulator, ids: list[str]
) -> None:
    emulator.dial.set(*NOT_HERE)

    await read(ids)

    assert emulator.dial.fired() == 0
