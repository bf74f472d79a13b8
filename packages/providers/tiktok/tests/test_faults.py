"""Refusals as TikTok words them, and what the provider says they are, method by method.

What any platform can do wrong, from an outage to half an answer, is in `tests/test_fault_matrix.py`.
"""

import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from afterpost.emulator import Emulator, Fault, FaultKind
from afterpost.sdk import Call, ErrorKind, Gone, Measured, ProviderError
from afterpost_tiktok import TikTok
from packages.providers.tiktok.tests.shelf import NOW
from packages.providers.tiktok.tests.wiring import always, call, credential

MINUTE = NOW + timedelta(minutes=1)
IN_2 = NOW + timedelta(minutes=2)

EXPECTED: dict[FaultKind, tuple[ErrorKind, object]] = {
    "rate_limited": (ErrorKind.RATE_LIMITED, MINUTE),
    "unavailable": (ErrorKind.UPSTREAM_UNAVAILABLE, None),
    "forbidden": (ErrorKind.PERMISSION_MISSING, None),
    "unauthorized": (ErrorKind.TOKEN_EXPIRED, None),
}
Act = Callable[[TikTok, Call], Awaitable[object]]
ACTS: dict[str, Act] = {
    "check": lambda tiktok, one: tiktok.check(one),
    "list": lambda tiktok, one: tiktok.list_posts(one, None),
    "fetch": lambda tiktok, one: tiktok.fetch_metrics(one, ["v001", "v002"]),
    "account": lambda tiktok, one: tiktok.fetch_account(one),
}
SCOPES = {
    "check": "user.info.basic",
    "list": "video.list",
    "fetch": "video.list",
    "account": "user.info.stats",
}


def leaks(error: ProviderError) -> bool:
    return "s3cret" in "".join(traceback.format_exception(error)) + repr(vars(error))


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("kind", sorted(EXPECTED))
async def test_a_fault_becomes_its_kind(
    kind: FaultKind, act: str, tiktok: TikTok, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(kind)
    with pytest.raises(ProviderError) as raised:
        await ACTS[act](tiktok, call(client))
    assert (raised.value.kind, raised.value.retry_at) == EXPECTED[kind]
    assert raised.value.native
    assert emulator.dial.fired(kind) == 1, "a provider never tries again by itself"
    assert not leaks(raised.value)
    if kind == "forbidden":
        assert raised.value.scopes == (SCOPES[act],)


def refusal(code: str) -> bytes:
    return b'{"data":{},"error":{"code":"%s","message":"act.s3cret","log_id":"A1"}}' % code.encode()


HTML = b"<!DOCTYPE html><title>502</title>s3cret"
SCRIPTED: list[tuple[int, dict[str, str], bytes, ErrorKind, object]] = [
    (200, {}, refusal("rate_limit_exceeded"), ErrorKind.RATE_LIMITED, MINUTE),
    (429, {"Retry-After": "120"}, refusal("rate_limit_exceeded"), ErrorKind.RATE_LIMITED, IN_2),
    (429, {"Retry-After": "Wed, 01 Jul 2026 15:02:00 GMT"}, HTML, ErrorKind.RATE_LIMITED, IN_2),
    (429, {"Retry-After": "yesterday"}, b"", ErrorKind.RATE_LIMITED, MINUTE),
    (401, {}, HTML, ErrorKind.TOKEN_EXPIRED, None),
    (200, {}, refusal("access_token_invalid"), ErrorKind.TOKEN_EXPIRED, None),
    (401, {}, refusal("scope_not_authorized"), ErrorKind.PERMISSION_MISSING, None),
    (200, {}, refusal("scope_permission_missed"), ErrorKind.PERMISSION_MISSING, None),
    (400, {}, refusal("invalid_params"), ErrorKind.BAD_REQUEST, None),
    (200, {}, refusal("never_heard_of"), ErrorKind.BAD_REQUEST, None),
    (200, {}, refusal("internal_error"), ErrorKind.UPSTREAM_UNAVAILABLE, None),
    (503, {"Retry-After": "120"}, HTML, ErrorKind.UPSTREAM_UNAVAILABLE, IN_2),
    (403, {}, HTML, ErrorKind.UPSTREAM_MALFORMED, None),
    (404, {}, HTML, ErrorKind.UPSTREAM_MALFORMED, None),
    (200, {}, b'{"data":{},"error":{"code":"ok"}}', ErrorKind.UPSTREAM_MALFORMED, None),
    (200, {}, b'{"code":40100,"message":"Business dialect"}', ErrorKind.UPSTREAM_MALFORMED, None),
    (204, {}, b"", ErrorKind.UPSTREAM_MALFORMED, None),
    (200, {"Content-Encoding": "gzip"}, b"this is not gzip", ErrorKind.UPSTREAM_MALFORMED, None),
]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(("status", "headers", "body", "kind", "retry_at"), SCRIPTED)
async def test_a_scripted_answer_becomes_its_kind(
    status: int, headers: dict[str, str], body: bytes, kind: ErrorKind, retry_at: object, act: str
) -> None:
    tried = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal tried
        tried += 1
        # As the wire brings it: not decoded yet.
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(ProviderError) as raised:
            await ACTS[act](TikTok(), call(client))
    assert (raised.value.kind, raised.value.retry_at) == (kind, retry_at)
    assert tried == 1
    assert not leaks(raised.value)


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        (("like_count",), {"views": 1_000, "comments": 3, "shares": 7}),
        (("comments", "views", "shares"), {"likes": 50}),
        (("views", "likes", "comments", "shares"), {}),
    ],
)
async def test_absent_fields_are_absent(
    fields: tuple[str, ...],
    left: dict[str, int],
    tiktok: TikTok,
    client: httpx.AsyncClient,
    emulator: Emulator,
) -> None:
    emulator.dial.set(Fault("absent_field", fields=fields))
    fetched = (await tiktok.fetch_metrics(call(client), ["v119"]))["v119"]
    listed = (await tiktok.list_posts(call(client), None)).measured["v119"]
    for outcome in (fetched, listed):
        assert isinstance(outcome, Measured)
        assert outcome.reading.values == left
        assert outcome.partial == ()


@pytest.mark.parametrize("field", ["data", "videos", "error", "code"])
async def test_an_answer_without_its_frame_takes_nothing_for_deleted(
    field: str, tiktok: TikTok, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("absent_field", fields=(field,)))
    with pytest.raises(ProviderError) as raised:
        await tiktok.fetch_metrics(call(client), ["v001"])
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_without_ids_nothing_is_taken_for_deleted(
    tiktok: TikTok, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("absent_field", fields=("id",)))
    assert not isinstance((await tiktok.fetch_metrics(call(client), ["v001"]))["v001"], Gone | Measured)


async def test_a_missing_id_is_gone_and_the_rest_is_kept(
    tiktok: TikTok, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("missing_id", ids=("v002",)))
    outcomes = await tiktok.fetch_metrics(call(client), ["v001", "v002", "v003"])
    assert [type(outcomes[one]) for one in ("v001", "v002", "v003")] == [Measured, Gone, Measured]


async def test_a_rotated_token_whose_answer_is_lost_is_told_as_revoked(
    tiktok: TikTok, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("disconnect", path="/v2/oauth/token/", times=1))
    for expected in (ErrorKind.NETWORK, ErrorKind.CREDENTIAL_REVOKED):
        with pytest.raises(ProviderError) as raised:
            await tiktok.refresh(call(client))
        assert raised.value.kind is expected
        assert not leaks(raised.value)
    # Only connecting again helps, which takes another token than the lost one.
    assert (await tiktok.check(call(client))).external_id == "open-ada"


async def test_a_revoked_grant_is_told_by_the_token_endpoint_alone(
    tiktok: TikTok, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set("revoked")
    assert (await tiktok.check(call(client))).external_id == "open-ada"
    assert emulator.dial.fired() == 0


async def test_one_account_can_fail_while_another_goes_on(
    tiktok: TikTok, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("forbidden", account="open-ada"), Fault("revoked", account="open-ada"))
    for act in (tiktok.check, tiktok.refresh):
        with pytest.raises(ProviderError):
            await act(call(client))
    assert (await tiktok.check(call(client, name="bob"))).external_id == "open-bob"
    assert (await tiktok.refresh(call(client, name="bob"))).secret("access_token")


async def test_without_an_access_token_no_call_is_made() -> None:
    unanswered = always(500, b"")
    for act in ACTS.values():
        with pytest.raises(ProviderError) as raised:
            await act(TikTok(), call(unanswered.client, signed_in_as=credential("ada", access_token="")))
        assert raised.value.kind is ErrorKind.TOKEN_EXPIRED
