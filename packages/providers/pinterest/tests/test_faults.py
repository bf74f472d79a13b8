"""Refusals as Pinterest words them, and what the provider says they are, method by method.

What any platform can do wrong, from an outage to half an answer, is in `tests/test_fault_matrix.py`.
"""

import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from afterpost.emulator import Emulator, Fault, FaultKind
from afterpost.sdk import Call, ErrorKind, Failed, Gone, Measured, ProviderError
from afterpost_pinterest import Pinterest
from packages.providers.pinterest.tests.shelf import ADA, BOB, NOW, Shelf
from packages.providers.pinterest.tests.wiring import call

MIDNIGHT = datetime(2026, 7, 2, tzinfo=UTC)
JUNE = (date(2026, 6, 20), date(2026, 6, 28))

EXPECTED: dict[FaultKind, tuple[ErrorKind, datetime | None]] = {
    "rate_limited": (ErrorKind.RATE_LIMITED, NOW + timedelta(seconds=30)),
    "quota": (ErrorKind.QUOTA_EXHAUSTED, MIDNIGHT),
    "unavailable": (ErrorKind.UPSTREAM_UNAVAILABLE, None),
    "forbidden": (ErrorKind.PERMISSION_MISSING, None),
    "unauthorized": (ErrorKind.TOKEN_EXPIRED, None),
}
Act = Callable[[Pinterest, Call], Awaitable[object]]
ACTS: dict[str, Act] = {
    "check": lambda pinterest, one: pinterest.check(one),
    "list": lambda pinterest, one: pinterest.list_posts(one, None),
    "fetch": lambda pinterest, one: pinterest.fetch_metrics(one, ["1001"]),
    "account": lambda pinterest, one: pinterest.fetch_account(one),
    "daily": lambda pinterest, one: pinterest.fetch_daily(one, ["1001"], *JUNE),
}


def leaks(error: BaseException) -> bool:
    return "s3cret" in "".join(traceback.format_exception(error)) + repr(vars(error))


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("kind", sorted(EXPECTED))
async def test_a_fault_becomes_its_kind(
    kind: FaultKind, act: str, pinterest: Pinterest, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(kind)
    try:
        answer = await ACTS[act](pinterest, call(client))
    except ProviderError as raised:
        error = raised
    else:
        # What concerns one pin alone is the outcome of that pin.
        assert isinstance(answer, dict)
        outcome = answer["1001"]
        assert isinstance(outcome, Failed)
        error = outcome.error
    assert (error.kind, error.retry_at) == EXPECTED[kind]
    assert error.native
    assert emulator.dial.fired(kind) == 1, "a provider never tries again by itself"
    assert not leaks(error)
    if kind == "forbidden":
        assert error.scopes == (
            ("user_accounts:read",) if act in ("check", "account") else ("boards:read", "pins:read")
        )


@pytest.mark.parametrize("kind", ["rate_limited", "quota", "unavailable", "unauthorized", "disconnect"])
async def test_a_batch_that_is_told_to_wait_keeps_what_was_read_and_asks_no_further(
    kind: FaultKind, pinterest: Pinterest, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault(kind, path="/v5/pins/1003"))
    ids = ["1001", "1002", "1003", "1004", "1005"]
    outcomes = await pinterest.fetch_metrics(call(client), ids)
    assert [type(outcomes[one]) for one in ids] == [Measured, Measured, Failed, Failed, Failed]
    assert len(emulator.requests) == 3
    left = outcomes["1005"]
    assert isinstance(left, Failed)
    assert left.error.kind is (ErrorKind.NETWORK if kind == "disconnect" else EXPECTED[kind][0])


async def test_one_odd_pin_costs_no_other(
    pinterest: Pinterest, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("html", path="/v5/pins/1001"), Fault("missing_id", ids=("1003",)))
    ids = ["1001", "1002", "1003", "1004"]
    outcomes = await pinterest.fetch_metrics(call(client), ids)
    assert [type(outcomes[one]) for one in ids] == [Failed, Measured, Gone, Measured]


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        (("reaction",), {"impressions": 900, "comments": 3, "clicks_link": 7, "clicks_post": 20}),
        (("comments", "impressions"), {"likes": 50, "clicks_link": 7, "clicks_post": 20}),
        (("pin_metrics",), {}),
        (("lifetime_metrics",), {}),
    ],
)
async def test_absent_fields_are_absent(
    fields: tuple[str, ...],
    left: dict[str, int],
    pinterest: Pinterest,
    client: httpx.AsyncClient,
    emulator: Emulator,
) -> None:
    emulator.dial.set(Fault("absent_field", fields=fields))
    outcome = (await pinterest.fetch_metrics(call(client), ["1001"]))["1001"]
    assert isinstance(outcome, Measured)
    assert (outcome.reading.values, outcome.partial) == (left, ())
    page = await pinterest.list_posts(call(client), None)
    assert page.measured["1619"].reading.values == left


@pytest.mark.parametrize("dead", ["views", "follows", "VIDEO_AVG_WATCH_TIME"])
async def test_a_dead_metric_costs_the_special_ones_and_is_named(
    dead: str, pinterest: Pinterest, client: httpx.AsyncClient, emulator: Emulator, shelf: Shelf
) -> None:
    shelf.by_day["1001"] = {"impressions": 240, "saves": 24, "views": 48}
    emulator.dial.set(Fault("dead_metric", fields=(dead,)))
    outcome = (await pinterest.fetch_daily(call(client), ["1001"], *JUNE))["1001"]
    assert isinstance(outcome, Measured)
    assert {name for day in outcome.reading.daily.values() for name in day} == {"impressions", "saves"}
    assert set(outcome.partial) == {
        "clicks_profile",
        "follows",
        "views",
        "watch_time_seconds",
        "avg_view_seconds",
    }
    assert len(emulator.requests) == 2


async def test_a_dead_metric_that_every_pin_has_fails_as_what_it_is(
    pinterest: Pinterest, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("dead_metric", fields=("impressions",)))
    outcome = (await pinterest.fetch_daily(call(client), ["1001"], *JUNE))["1001"]
    assert isinstance(outcome, Failed)
    assert outcome.error.kind is ErrorKind.BAD_REQUEST
    assert len(emulator.requests) == 2


async def test_a_rotated_token_that_was_lost_on_its_way_is_gone_for_good(
    pinterest: Pinterest, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("disconnect", times=1))
    for expected in (ErrorKind.NETWORK, ErrorKind.CREDENTIAL_REVOKED):
        with pytest.raises(ProviderError) as raised:
            await pinterest.refresh(call(client))
        assert raised.value.kind is expected


async def test_one_account_can_fail_while_another_goes_on(
    pinterest: Pinterest, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("quota", account=ADA), Fault("revoked", account=ADA))
    for act in (pinterest.check, pinterest.refresh):
        with pytest.raises(ProviderError):
            await act(call(client))
    assert (await pinterest.check(call(client, name="bob"))).external_id == BOB
    assert (await pinterest.refresh(call(client, name="bob"))).secret("access_token")
