"""Refusals as X words them, and what the provider says they are, method by method.

What any platform can do wrong, from an outage to half an answer, is in `tests/test_fault_matrix.py`.
"""

import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from afterpost.emulator import Emulator, Fault, FaultKind
from afterpost.sdk import Call, ErrorKind, Failed, Gone, Measured, ProviderError
from afterpost_x import X
from packages.providers.x.tests.shelf import ADA, BOB, NOW, Shelf
from packages.providers.x.tests.wiring import call

MIDNIGHT = datetime(2026, 7, 2, tzinfo=UTC)

EXPECTED: dict[FaultKind, tuple[ErrorKind, datetime | None]] = {
    "rate_limited": (ErrorKind.RATE_LIMITED, NOW + timedelta(minutes=10)),
    "quota": (ErrorKind.BUDGET_EXHAUSTED, MIDNIGHT),
    "unavailable": (ErrorKind.UPSTREAM_UNAVAILABLE, None),
    "forbidden": (ErrorKind.PERMISSION_MISSING, None),
    "unauthorized": (ErrorKind.TOKEN_EXPIRED, None),
}
Act = Callable[[X, Call, Shelf], Awaitable[object]]
ACTS: dict[str, Act] = {
    "check": lambda x, one, shelf: x.check(one),
    "list": lambda x, one, shelf: x.list_posts(one, None),
    "fetch": lambda x, one, shelf: x.fetch_metrics(one, shelf.ids[:2]),
    "account": lambda x, one, shelf: x.fetch_account(one),
}


def leaks(error: BaseException) -> bool:
    return "s3cret" in "".join(traceback.format_exception(error)) + repr(vars(error))


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("kind", sorted(EXPECTED))
async def test_a_fault_becomes_its_kind(
    kind: FaultKind, act: str, x: X, client: httpx.AsyncClient, emulator: Emulator, shelf: Shelf
) -> None:
    emulator.dial.set(kind)
    with pytest.raises(ProviderError) as raised:
        await ACTS[act](x, call(client, account_id=ADA), shelf)
    assert (raised.value.kind, raised.value.retry_at) == EXPECTED[kind]
    assert raised.value.native
    assert raised.value.scope == ("app" if kind == "quota" else "account")
    assert emulator.dial.fired(kind) == 1, "a provider never tries again by itself"
    assert not leaks(raised.value)


SECOND_HALF: dict[FaultKind, tuple[ErrorKind, datetime | None]] = {
    **{kind: EXPECTED[kind] for kind in ("rate_limited", "quota", "unauthorized")},
    "html": (ErrorKind.UPSTREAM_MALFORMED, None),
    "hang": (ErrorKind.NETWORK, None),
}


@pytest.mark.parametrize("kind", SECOND_HALF)
async def test_what_was_paid_for_is_kept_when_the_second_half_fails(
    kind: FaultKind, x: X, client: httpx.AsyncClient, emulator: Emulator, shelf: Shelf
) -> None:
    """Posts of both ages take two calls; the second one fails."""
    young, old = shelf.ids[0], shelf.ids[-1]
    client.timeout = httpx.Timeout(0.5 if kind == "hang" else 5)

    async def after_one(request: httpx.Request) -> None:
        if emulator.requests:
            emulator.dial.set(kind)

    client.event_hooks = {"request": [after_one]}
    outcomes = await x.fetch_metrics(call(client), [old, young])
    assert isinstance(outcomes[young], Measured)
    other = outcomes[old]
    assert isinstance(other, Failed)
    assert (other.error.kind, other.error.retry_at) == SECOND_HALF[kind]


@pytest.mark.parametrize(
    ("fields", "dropped"),
    [
        (("like_count",), {"likes"}),
        (("shares", "clicks_link"), {"shares", "clicks_link"}),
        (("non_public_metrics",), {"clicks_link", "clicks_profile", "x_x_engagements"}),
    ],
)
async def test_absent_fields_are_absent(
    fields: tuple[str, ...],
    dropped: set[str],
    x: X,
    client: httpx.AsyncClient,
    emulator: Emulator,
    shelf: Shelf,
) -> None:
    whole = {**shelf.numbers[shelf.ids[0]], "x_x_engagements": 60}
    emulator.dial.set(Fault("absent_field", fields=fields))
    outcome = (await x.fetch_metrics(call(client), shelf.ids[:1]))[shelf.ids[0]]
    assert isinstance(outcome, Measured)
    assert outcome.reading.values == {name: whole[name] for name in whole.keys() - dropped}
    assert outcome.partial == ()


async def test_an_answer_without_its_posts_takes_nothing_for_deleted(
    x: X, client: httpx.AsyncClient, emulator: Emulator, shelf: Shelf
) -> None:
    emulator.dial.set(Fault("absent_field", fields=("data",)))
    for ask in (
        x.fetch_metrics(call(client), shelf.ids[:1]),
        x.list_posts(call(client, account_id=ADA), None),
    ):
        with pytest.raises(ProviderError) as raised:
            await ask
        assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED
    emulator.dial.set(Fault("absent_field", fields=("id",)))
    outcomes = await x.fetch_metrics(call(client), shelf.ids[:1])
    assert not isinstance(outcomes[shelf.ids[0]], Gone)


async def test_a_missing_id_is_gone_and_the_rest_is_kept(
    x: X, client: httpx.AsyncClient, emulator: Emulator, shelf: Shelf
) -> None:
    ids = shelf.ids[:3]
    emulator.dial.set(Fault("missing_id", ids=(ids[1],)))
    outcomes = await x.fetch_metrics(call(client), ids)
    assert [type(outcomes[one]) for one in ids] == [Measured, Gone, Measured]


async def test_a_rotated_token_that_was_lost_on_its_way_is_gone_for_good(
    x: X, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("disconnect", times=1))
    for expected in (ErrorKind.NETWORK, ErrorKind.CREDENTIAL_REVOKED):
        with pytest.raises(ProviderError) as raised:
            await x.refresh(call(client))
        assert raised.value.kind is expected


async def test_one_account_can_fail_while_another_goes_on(
    x: X, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("quota", account=ADA), Fault("revoked", account=ADA))
    for act in (x.check, x.refresh):
        with pytest.raises(ProviderError):
            await act(call(client))
    assert (await x.check(call(client, name="bob"))).external_id == BOB
    assert (await x.refresh(call(client, name="bob"))).secret("access_token")
