"""Refusals as Bluesky words them, and what the provider says they are, method by method.

What any platform can do wrong, from an outage to half an answer, is in `tests/test_fault_matrix.py`.
"""

import traceback
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import httpx
import pytest

from afterpost.emulator import Emulator, Fault, FaultKind
from afterpost.sdk import Call, ErrorKind, Gone, Measured, ProviderError
from afterpost_bluesky import Bluesky
from packages.providers.bluesky.tests.conftest import Clock
from packages.providers.bluesky.tests.shelf import NOW, uri
from packages.providers.bluesky.tests.wiring import call, credential

EXPECTED: dict[FaultKind, tuple[ErrorKind, datetime | None]] = {
    "rate_limited": (ErrorKind.RATE_LIMITED, NOW + timedelta(seconds=120)),
    "unavailable": (ErrorKind.UPSTREAM_UNAVAILABLE, None),
    "forbidden": (ErrorKind.PERMISSION_MISSING, None),
    "unauthorized": (ErrorKind.TOKEN_EXPIRED, None),
}
Act = Callable[[Bluesky, Call], Awaitable[object]]
ACTS: dict[str, Act] = {
    "check": lambda bluesky, one: bluesky.check(one),
    "list": lambda bluesky, one: bluesky.list_posts(one, None),
    "fetch": lambda bluesky, one: bluesky.fetch_metrics(one, [uri("v001"), uri("v002")]),
    "account": lambda bluesky, one: bluesky.fetch_account(one),
}


def leaks(error: BaseException) -> bool:
    return "s3cret" in "".join(traceback.format_exception(error)) + repr(vars(error))


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("kind", sorted(EXPECTED))
async def test_a_fault_becomes_its_kind(
    kind: FaultKind, act: str, bluesky: Bluesky, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(kind)
    with pytest.raises(ProviderError) as raised:
        await ACTS[act](bluesky, call(client))
    assert (raised.value.kind, raised.value.retry_at) == EXPECTED[kind]
    assert raised.value.native
    assert raised.value.scope == ("app" if kind == "rate_limited" else "account")
    assert emulator.dial.fired(kind) == 1, "a provider never tries again by itself"
    assert not leaks(raised.value)


async def test_a_retry_after_counts_before_the_reset(
    bluesky: Bluesky, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("rate_limited", retry_after="Wed, 01 Jul 2026 15:10:00 GMT"))
    with pytest.raises(ProviderError) as raised:
        await bluesky.check(call(client))
    assert raised.value.retry_at == NOW + timedelta(minutes=10)


@pytest.mark.parametrize("fields", [("likeCount",), ("comments", "saves"), ("likes", "shares")])
async def test_absent_fields_are_absent(
    fields: tuple[str, ...], bluesky: Bluesky, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("absent_field", fields=fields))
    outcome = (await bluesky.fetch_metrics(call(client), [uri("v001")]))[uri("v001")]
    assert isinstance(outcome, Measured)
    whole = {"likes": 50, "comments": 3, "shares": 7, "quotes": 2, "saves": 1}
    dropped = {"likes" if field == "likeCount" else field for field in fields}
    assert outcome.reading.values == {name: whole[name] for name in whole.keys() - dropped}
    assert outcome.partial == ()


async def test_without_its_record_a_post_still_has_its_numbers(
    bluesky: Bluesky, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("absent_field", fields=("record", "indexedAt")))
    outcome = (await bluesky.fetch_metrics(call(client), [uri("v001")]))[uri("v001")]
    assert isinstance(outcome, Measured)
    assert outcome.reading.values["likes"] == 50
    assert outcome.reading.published_at is None


async def test_an_answer_without_its_posts_takes_nothing_for_deleted(
    bluesky: Bluesky, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("absent_field", fields=("posts",)))
    with pytest.raises(ProviderError) as raised:
        await bluesky.fetch_metrics(call(client), [uri("v001")])
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED
    emulator.dial.set(Fault("absent_field", fields=("uri",)))
    outcomes = await bluesky.fetch_metrics(call(client), [uri("v001")])
    assert not isinstance(outcomes[uri("v001")], Gone)


async def test_a_missing_id_is_gone_and_the_rest_is_kept(
    bluesky: Bluesky, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    ids = [uri(one) for one in ("v001", "v002", "v003")]
    emulator.dial.set(Fault("missing_id", ids=(ids[1],)))
    outcomes = await bluesky.fetch_metrics(call(client), ids)
    assert [type(outcomes[one]) for one in ids] == [Measured, Gone, Measured]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("revoked", ErrorKind.CREDENTIAL_REVOKED),
        ("rate_limited", ErrorKind.RATE_LIMITED),
        ("unavailable", ErrorKind.UPSTREAM_UNAVAILABLE),
        ("html", ErrorKind.UPSTREAM_MALFORMED),
        ("empty", ErrorKind.UPSTREAM_MALFORMED),
        ("deep", ErrorKind.UPSTREAM_MALFORMED),
        ("truncated", ErrorKind.UPSTREAM_MALFORMED),
        ("disconnect", ErrorKind.NETWORK),
    ],
)
async def test_signing_in_with_an_app_password_fails_as_what_it_is(
    kind: FaultKind, expected: ErrorKind, bluesky: Bluesky, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(kind)
    typed = credential(refresh_token="", identifier="ada.test", app_password="refresh-ada-s3cret")
    with pytest.raises(ProviderError) as raised:
        await bluesky.refresh(call(client, signed_in_as=typed))
    assert raised.value.kind is expected
    assert not leaks(raised.value)


async def test_renewing_too_often_is_told_with_its_end(
    bluesky: Bluesky, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set("rate_limited")
    with pytest.raises(ProviderError) as raised:
        await bluesky.refresh(call(client))
    assert (raised.value.kind, raised.value.retry_at) == EXPECTED["rate_limited"]
    assert not leaks(raised.value)


async def test_a_rotated_token_that_was_lost_on_its_way_is_gone_for_good(
    bluesky: Bluesky, client: httpx.AsyncClient, emulator: Emulator, clock: Clock
) -> None:
    emulator.dial.set(Fault("disconnect", times=1))
    for expected in (ErrorKind.NETWORK, ErrorKind.CREDENTIAL_REVOKED):
        with pytest.raises(ProviderError) as raised:
            await bluesky.refresh(call(client, now=clock.now))
        assert raised.value.kind is expected


async def test_one_account_can_fail_while_another_goes_on(
    bluesky: Bluesky, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    ada = "did:plc:ada"
    emulator.dial.set(Fault("rate_limited", account=ada), Fault("revoked", account=ada))
    for act in (bluesky.check, bluesky.refresh):
        with pytest.raises(ProviderError):
            await act(call(client))
    assert (await bluesky.check(call(client, name="bob"))).external_id == "did:plc:bob"
    assert (await bluesky.refresh(call(client, name="bob"))).secret("access_token")
