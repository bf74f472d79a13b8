"""Refusals as Meta words them, and what the provider says they are, method by method.

What any platform can do wrong, from an outage to half an answer, is in `tests/test_fault_matrix.py`.
"""

import json
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from afterpost.emulator import Emulator, Fault, FaultKind
from afterpost.sdk import Call, ErrorKind, Failed, Gone, Measured, Outcome, ProviderError
from afterpost_instagram import Instagram
from packages.providers.instagram.tests.shelf import NOW
from packages.providers.instagram.tests.wiring import always, call, credential

HOUR = NOW + timedelta(hours=1)
IN_2 = NOW + timedelta(minutes=2)

EXPECTED: dict[FaultKind, tuple[ErrorKind, object]] = {
    "rate_limited": (ErrorKind.RATE_LIMITED, HOUR),
    "quota": (ErrorKind.RATE_LIMITED, HOUR),
    "unavailable": (ErrorKind.UPSTREAM_UNAVAILABLE, None),
    "forbidden": (ErrorKind.PERMISSION_MISSING, None),
    "unauthorized": (ErrorKind.CREDENTIAL_REVOKED, None),
    "revoked": (ErrorKind.CREDENTIAL_REVOKED, None),
}
Act = Callable[[Instagram, Call], Awaitable[object]]
ACTS: dict[str, Act] = {
    "check": lambda instagram, one: instagram.check(one),
    "list": lambda instagram, one: instagram.list_posts(one, None),
    "fetch": lambda instagram, one: instagram.fetch_metrics(one, ["p001"]),
    "account": lambda instagram, one: instagram.fetch_account(one),
}


def leaks(error: ProviderError) -> bool:
    return "s3cret" in "".join(traceback.format_exception(error)) + repr(vars(error))


def kinds(outcomes: dict[str, Outcome]) -> list[object]:
    return [
        outcome.error.kind if isinstance(outcome, Failed) else type(outcome) for outcome in outcomes.values()
    ]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("kind", sorted(EXPECTED))
async def test_a_fault_becomes_its_kind(
    kind: FaultKind, act: str, instagram: Instagram, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(kind)
    with pytest.raises(ProviderError) as raised:
        await ACTS[act](instagram, call(client))
    assert (raised.value.kind, raised.value.retry_at) == EXPECTED[kind]
    assert raised.value.native
    assert emulator.dial.fired(kind) == 1, "a provider never tries again by itself"
    assert not leaks(raised.value)
    assert raised.value.scope == ("app" if kind == "quota" else "account")
    if kind == "forbidden":
        assert raised.value.scopes == ("instagram_business_basic",)


def refusal(code: int, message: str = "IGAA.s3cret", **more: object) -> bytes:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1"} | more
    return json.dumps({"error": error}).encode()


def usage(minutes: int) -> dict[str, str]:
    case = {"type": "instagram", "call_count": 100, "estimated_time_to_regain_access": minutes}
    return {"X-Business-Use-Case-Usage": json.dumps({"17": [case]})}


HTML = b"<!DOCTYPE html><title>502</title>s3cret"
SCRIPTED: list[tuple[int, dict[str, str], bytes, ErrorKind, object]] = [
    (400, usage(2), refusal(80002), ErrorKind.RATE_LIMITED, IN_2),
    (403, {"X-App-Usage": '{"call_count":100}'}, refusal(4), ErrorKind.RATE_LIMITED, HOUR),
    (400, {}, refusal(17), ErrorKind.RATE_LIMITED, HOUR),
    (400, {"X-Business-Use-Case-Usage": "s3cret"}, refusal(32), ErrorKind.RATE_LIMITED, HOUR),
    (200, usage(2), refusal(613), ErrorKind.RATE_LIMITED, IN_2),
    (429, {"Retry-After": "120"}, HTML, ErrorKind.RATE_LIMITED, IN_2),
    (429, {"Retry-After": "yesterday"}, b"", ErrorKind.RATE_LIMITED, HOUR),
    (401, {}, HTML, ErrorKind.TOKEN_EXPIRED, None),
    (400, {}, refusal(190, error_subcode=463), ErrorKind.CREDENTIAL_REVOKED, None),
    (401, {}, refusal(190, error_subcode=458), ErrorKind.CREDENTIAL_REVOKED, None),
    (200, {}, refusal(190), ErrorKind.CREDENTIAL_REVOKED, None),
    (400, {}, refusal(190, error_subcode=459), ErrorKind.ACCOUNT_BLOCKED, None),
    (400, {}, refusal(368), ErrorKind.ACCOUNT_BLOCKED, None),
    (403, {}, refusal(10), ErrorKind.PERMISSION_MISSING, None),
    (400, {}, refusal(200), ErrorKind.PERMISSION_MISSING, None),
    (500, {}, refusal(1), ErrorKind.UPSTREAM_UNAVAILABLE, None),
    (400, {}, refusal(2, is_transient=True), ErrorKind.UPSTREAM_UNAVAILABLE, None),
    (503, {"Retry-After": "120"}, HTML, ErrorKind.UPSTREAM_UNAVAILABLE, IN_2),
    (403, {}, HTML, ErrorKind.UPSTREAM_MALFORMED, None),
    (404, {}, HTML, ErrorKind.UPSTREAM_MALFORMED, None),
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
            await ACTS[act](Instagram(), call(client))
    assert (raised.value.kind, raised.value.retry_at) == (kind, retry_at)
    assert tried == 1
    assert not leaks(raised.value)


async def test_a_limit_within_a_batch_keeps_what_was_read_and_asks_no_further(
    instagram: Instagram, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    ids = ["p000", "p001", "p002", "p003"]
    emulator.dial.set(Fault("rate_limited", path="/v24.0/p002/insights", retry_after="120"))
    outcomes = dict(await instagram.fetch_metrics(call(client), ids))
    assert kinds(outcomes) == [Measured, Measured, ErrorKind.RATE_LIMITED, ErrorKind.RATE_LIMITED]
    last = outcomes["p003"]
    assert isinstance(last, Failed)
    assert last.error.retry_at == IN_2
    assert [request.path.rpartition("p00")[2] for request in emulator.requests] == [
        "0",
        "0/insights",
        "1",
        "1/insights",
        "2",
        "2/insights",
    ]


@pytest.mark.parametrize(
    ("kind", "rest"),
    [
        ("unavailable", ErrorKind.UPSTREAM_UNAVAILABLE),
        ("revoked", ErrorKind.CREDENTIAL_REVOKED),
        ("forbidden", ErrorKind.PERMISSION_MISSING),
        ("disconnect", ErrorKind.NETWORK),
        ("html", Measured),
        ("truncated", Measured),
        ("deep", Measured),
    ],
)
async def test_of_a_batch_the_good_part_is_kept(
    kind: FaultKind, rest: object, instagram: Instagram, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault(kind, path="/v24.0/p001", times=1))
    outcomes = dict(await instagram.fetch_metrics(call(client), ["p000", "p001", "p002"]))
    first, bad, last = kinds(outcomes)
    assert first is Measured
    assert bad is (ErrorKind.UPSTREAM_MALFORMED if rest is Measured else rest)
    assert last is rest


@pytest.mark.parametrize("kind", ["html", "empty", "truncated"])
async def test_when_no_answer_can_be_read_the_call_failed(
    kind: FaultKind, instagram: Instagram, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(kind)
    with pytest.raises(ProviderError) as raised:
        await instagram.fetch_metrics(call(client), ["p000", "p001", "p002"])
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


@pytest.mark.parametrize(
    ("fields", "post", "partial", "requests"),
    [
        (("likes",), "p000", ("likes",), 3),
        (("saves", "profile_visits"), "p000", ("saves", "clicks_profile"), 3),
        (("avg_view_seconds",), "p001", ("avg_view_seconds",), 3),
        (("avg_view_seconds",), "p000", (), 2),
        (("views", "reach"), "p003", ("views", "reach"), 3),
    ],
)
async def test_a_dead_metric_costs_itself_alone(
    fields: tuple[str, ...],
    post: str,
    partial: tuple[str, ...],
    requests: int,
    instagram: Instagram,
    client: httpx.AsyncClient,
    emulator: Emulator,
) -> None:
    whole = (await instagram.fetch_metrics(call(client), [post]))[post]
    emulator.forget()
    emulator.dial.set(Fault("dead_metric", fields=fields))
    outcome = (await instagram.fetch_metrics(call(client), [post]))[post]
    assert isinstance(whole, Measured)
    assert isinstance(outcome, Measured)
    assert set(outcome.partial) == set(partial)
    left = {name: value for name, value in whole.reading.values.items() if name not in partial}
    assert outcome.reading.values == left
    assert outcome.reading.definitions == whole.reading.definitions
    assert len(emulator.requests) == requests


WORDINGS = [
    ("(#100) The value must be a valid insights metric", 11),
    ("Invalid parameter", 11),
    ("(#100) metric[5] must be one of the following values: views, reach, shares", 3),
    ("(#100) The metric comments is not supported for this media type", 3),
    # It names one that is innocent: without that the call is refused again, and each is asked for by itself.
    ("(#100) The metric reach is not supported for this media type", 11),
]


@pytest.mark.parametrize(("message", "requests"), WORDINGS)
async def test_however_a_refusal_is_worded_the_other_metrics_are_had(message: str, requests: int) -> None:
    asked: list[list[str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/insights"):
            return httpx.Response(200, json={"id": "a", "media_product_type": "FEED"})
        names = request.url.params["metric"].split(",")
        asked.append(names)
        if "comments" in names:
            return httpx.Response(400, content=refusal(100, message))
        data = [{"name": name, "values": [{"value": len(name)}]} for name in names]
        return httpx.Response(200, json={"data": data})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        outcome = (await Instagram().fetch_metrics(call(client), ["a"]))["a"]
    assert isinstance(outcome, Measured)
    assert "comments" not in outcome.reading.values
    assert "comments" in outcome.partial
    assert "comments" in outcome.reading.definitions
    assert len(outcome.reading.values) + len(outcome.partial) == len(asked[0])
    assert asked[0][5] == "comments"
    assert len(asked) + 1 == requests


async def test_when_every_metric_is_refused_the_post_failed() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/insights"):
            return httpx.Response(200, json={"id": request.url.path[-1], "media_product_type": "FEED"})
        return httpx.Response(400, content=refusal(100, "Invalid parameter"))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        outcomes = dict(await Instagram().fetch_metrics(call(client), ["a", "b"]))
    assert kinds(outcomes) == [ErrorKind.METRIC_UNAVAILABLE] * 2


@pytest.mark.parametrize(
    "body",
    [
        refusal(10, "(#10) Not enough viewers for the media to show insights"),
        refusal(100, "Invalid parameter", error_subcode=2108006),
        # The post itself is shown, so it is not gone: one within an album has no insights.
        refusal(100, "Unsupported get request.", error_subcode=33),
    ],
)
async def test_a_post_without_insights_is_neither_gone_nor_a_reason_to_stop(body: bytes) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/a/insights"):
            return httpx.Response(400, content=body)
        if request.url.path.endswith("/insights"):
            return httpx.Response(200, json={"data": [{"name": "views", "values": [{"value": 8}]}]})
        return httpx.Response(200, json={"id": request.url.path[-1], "media_product_type": "FEED"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        outcomes = dict(await Instagram().fetch_metrics(call(client), ["a", "b"]))
    assert kinds(outcomes) == [ErrorKind.METRIC_UNAVAILABLE, Measured]


@pytest.mark.parametrize("fields", [("likes",), ("saves", "profile_visits"), ("views", "reach", "shares")])
async def test_absent_metrics_are_absent(
    fields: tuple[str, ...], instagram: Instagram, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    whole = (await instagram.fetch_metrics(call(client), ["p000"]))["p000"]
    emulator.dial.set(Fault("absent_field", fields=fields))
    outcome = (await instagram.fetch_metrics(call(client), ["p000"]))["p000"]
    assert isinstance(whole, Measured)
    assert isinstance(outcome, Measured)
    dropped = set(fields) | ({"clicks_profile"} if "profile_visits" in fields else set())
    assert outcome.reading.values == {
        name: value for name, value in whole.reading.values.items() if name not in dropped
    }
    assert outcome.partial == ()


async def test_without_its_texts_a_post_still_has_its_numbers(
    instagram: Instagram, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(
        Fault("absent_field", fields=("caption", "timestamp", "media_type"), path="/v24.0/p000")
    )
    outcome = (await instagram.fetch_metrics(call(client), ["p000"]))["p000"]
    assert isinstance(outcome, Measured)
    assert outcome.reading.values["views"] == 1_000
    assert outcome.reading.published_at is None


async def test_a_missing_post_is_gone_and_the_rest_is_kept(
    instagram: Instagram, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("missing_id", ids=("p002",)))
    outcomes = dict(await instagram.fetch_metrics(call(client), ["p001", "p002", "p003"]))
    assert kinds(outcomes) == [Measured, Gone, Measured]


async def test_when_all_posts_seem_gone_the_account_is_asked_for(
    instagram: Instagram, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("missing_id", ids=("p001", "p002")))
    outcomes = dict(await instagram.fetch_metrics(call(client), ["p001", "p002"]))
    assert kinds(outcomes) == [Gone, Gone]
    emulator.dial.set(Fault("missing_id", ids=("p001", "p002")), Fault("revoked", path="/v24.0/me"))
    with pytest.raises(ProviderError) as raised:
        await instagram.fetch_metrics(call(client), ["p001", "p002"])
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("unauthorized", ErrorKind.CREDENTIAL_REVOKED),
        ("rate_limited", ErrorKind.RATE_LIMITED),
    ],
)
async def test_refreshing_fails_as_what_it_is(
    kind: FaultKind, expected: ErrorKind, instagram: Instagram, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(kind)
    with pytest.raises(ProviderError) as raised:
        await instagram.refresh(call(client))
    assert raised.value.kind is expected
    assert not leaks(raised.value)


async def test_a_renewal_whose_answer_is_lost_costs_nothing(
    instagram: Instagram, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("disconnect", path="/refresh_access_token", times=1))
    with pytest.raises(ProviderError) as raised:
        await instagram.refresh(call(client))
    assert raised.value.kind is ErrorKind.NETWORK
    # The old token lives on until its own end.
    assert (await instagram.refresh(call(client))).secret("access_token")


async def test_a_passing_failure_is_no_reason_to_keep_a_typed_token_as_it_is(
    instagram: Instagram, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set("unavailable")
    with pytest.raises(ProviderError) as raised:
        await instagram.sign_in(call(client))
    assert raised.value.kind is ErrorKind.UPSTREAM_UNAVAILABLE


async def test_one_account_can_fail_while_another_goes_on(
    instagram: Instagram, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    emulator.dial.set(Fault("revoked", account="ig-ada"))
    for act in (instagram.check, instagram.refresh):
        with pytest.raises(ProviderError):
            await act(call(client))
    assert (await instagram.check(call(client, name="bob"))).external_id == "ig-bob"
    assert (await instagram.refresh(call(client, name="bob"))).secret("access_token")


async def test_without_an_access_token_no_call_is_made() -> None:
    unanswered = always(500, b"")
    for act in ACTS.values():
        with pytest.raises(ProviderError) as raised:
            await act(Instagram(), call(unanswered.client, signed_in_as=credential("ada", access_token="")))
        assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED
