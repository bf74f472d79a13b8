"""What Meta's refusals mean, case by case."""

import json
from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.sdk import ErrorKind, ProviderError
from afterpost_instagram.errors import classify, classify_token, network, refused_metrics, regained
from packages.providers.instagram.tests.shelf import NOW

HOUR = NOW + timedelta(hours=1)
DEEP = b'{"error":' + b"[" * 200_000


def envelope(code: object, message: object = "Token IGAA.s3cret is bad", **more: object) -> bytes:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1b-C_"}
    return json.dumps({"error": error | more}).encode()


def usage(*minutes: object) -> dict[str, str]:
    cases = [{"type": "instagram", "estimated_time_to_regain_access": one} for one in minutes]
    return {"x-business-use-case-usage": json.dumps({"1784": cases})}


@pytest.mark.parametrize("status", [200, 400, 401, 403])
@pytest.mark.parametrize(
    ("code", "subcode", "expected"),
    [
        (190, None, ErrorKind.CREDENTIAL_REVOKED),
        (190, 458, ErrorKind.CREDENTIAL_REVOKED),
        (190, 459, ErrorKind.ACCOUNT_BLOCKED),
        (190, 460, ErrorKind.CREDENTIAL_REVOKED),
        (190, 463, ErrorKind.CREDENTIAL_REVOKED),
        (190, 467, ErrorKind.CREDENTIAL_REVOKED),
        (102, None, ErrorKind.CREDENTIAL_REVOKED),
        (4, None, ErrorKind.RATE_LIMITED),
        (17, None, ErrorKind.RATE_LIMITED),
        (32, None, ErrorKind.RATE_LIMITED),
        (613, None, ErrorKind.RATE_LIMITED),
        (80002, None, ErrorKind.RATE_LIMITED),
        (3, None, ErrorKind.PERMISSION_MISSING),
        (10, None, ErrorKind.PERMISSION_MISSING),
        (200, None, ErrorKind.PERMISSION_MISSING),
        (299, None, ErrorKind.PERMISSION_MISSING),
        (368, None, ErrorKind.ACCOUNT_BLOCKED),
        (100, None, ErrorKind.BAD_REQUEST),
        (100, 33, ErrorKind.NOT_FOUND),
        (100, 2108006, ErrorKind.METRIC_UNAVAILABLE),
        (803, None, ErrorKind.NOT_FOUND),
        (1, None, ErrorKind.UPSTREAM_UNAVAILABLE),
        (2, None, ErrorKind.UPSTREAM_UNAVAILABLE),
    ],
)
def test_the_code_decides_whatever_the_status(
    status: int, code: int, subcode: int | None, expected: ErrorKind
) -> None:
    more = {"error_subcode": subcode} if subcode else {}
    error = classify(status, {}, envelope(code, **more), NOW)
    native = f"{code}/{subcode}" if subcode else f"{code}"
    assert (error.kind, error.native, error.request_id) == (expected, native, "A1b-C_")
    assert native in error.message
    assert error.retry_at == (HOUR if expected is ErrorKind.RATE_LIMITED else None)
    assert error.scope == ("app" if code == 4 else "account")


def test_too_few_viewers_are_no_missing_permission() -> None:
    body = envelope(10, "(#10) Not enough viewers for the media to show insights")
    assert classify(400, {}, body, NOW).kind is ErrorKind.METRIC_UNAVAILABLE
    assert classify(400, {}, envelope(10, None), NOW).kind is ErrorKind.PERMISSION_MISSING


def test_the_scope_that_was_needed_is_named() -> None:
    assert classify(403, {}, envelope(10), NOW).scopes == ("instagram_business_basic",)
    assert classify(403, {}, envelope(10), NOW, scopes=("x",)).scopes == ("x",)
    assert classify(400, {}, envelope(190), NOW).scopes == ()


@pytest.mark.parametrize(
    ("status", "more", "expected"),
    [
        (400, {}, ErrorKind.BAD_REQUEST),
        (403, {}, ErrorKind.BAD_REQUEST),
        (404, {}, ErrorKind.NOT_FOUND),
        (401, {}, ErrorKind.TOKEN_EXPIRED),
        (429, {}, ErrorKind.RATE_LIMITED),
        (500, {}, ErrorKind.UPSTREAM_UNAVAILABLE),
        (400, {"is_transient": True}, ErrorKind.UPSTREAM_UNAVAILABLE),
        (400, {"is_transient": "yes"}, ErrorKind.BAD_REQUEST),
    ],
)
def test_of_a_code_never_heard_of_the_status_decides(
    status: int, more: dict[str, object], expected: ErrorKind
) -> None:
    error = classify(status, {}, envelope(12_345, **more), NOW)
    assert (error.kind, error.native) == (expected, "12345")


@pytest.mark.parametrize(
    "body", [b"", b"<!DOCTYPE html><p>no", b'{"error": {"co', DEEP, b"[]", b"{}", b"null", b"\xff"]
)
def test_answers_without_an_envelope(body: bytes) -> None:
    def kind(status: int) -> ErrorKind:
        return classify(status, {}, body, NOW).kind

    assert {kind(status) for status in (200, 302, 400, 403, 404)} == {ErrorKind.UPSTREAM_MALFORMED}
    assert kind(401) is ErrorKind.TOKEN_EXPIRED
    assert kind(429) is ErrorKind.RATE_LIMITED
    assert {kind(status) for status in (408, 500, 504)} == {ErrorKind.UPSTREAM_UNAVAILABLE}
    assert classify(403, {}, body, NOW).native == "http_403"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        (usage(12), timedelta(minutes=12)),
        (usage(3, 40, 7), timedelta(minutes=40)),
        (usage(100_000), timedelta(days=1)),
        (usage(0), None),
        (usage(), None),
        (usage("12", None, True, -3, 1.5), None),
        ({"x-business-use-case-usage": ""}, None),
        ({"x-business-use-case-usage": "[]"}, None),
        ({"x-business-use-case-usage": '{"a": 1}'}, None),
        ({"x-business-use-case-usage": '{"a": [1, null]}'}, None),
        ({"x-business-use-case-usage": "{" * 5}, None),
        ({}, None),
    ],
)
def test_minutes_until_access_is_regained(headers: dict[str, str], wait: timedelta | None) -> None:
    assert regained(headers, NOW) == (NOW + wait if wait else None)
    assert classify(400, headers, envelope(80002), NOW).retry_at == (NOW + wait if wait else HOUR)


def test_a_wait_in_seconds_is_honoured_as_well() -> None:
    assert classify(429, {"retry-after": "120"}, b"", NOW).retry_at == NOW + timedelta(minutes=2)
    assert classify(503, {"retry-after": "120"}, b"", NOW).retry_at == NOW + timedelta(minutes=2)
    assert classify(503, {}, b"", NOW).retry_at is None


ASKED = ("views", "reach", "likes", "saved", "profile_visits")


@pytest.mark.parametrize(
    ("message", "refused"),
    [
        ("(#100) The metric saved is not supported for this media type", ("saved",)),
        (
            "(#100) The Media Insights API does not support the views metric for this media product type.",
            ("views",),
        ),
        (
            "(#100) The Media Insights API does not support the likes, saved metric for this media product "
            "type.",
            ("likes", "saved"),
        ),
        ("(#100) Incompatible metrics (profile_visits) with reels media", ("profile_visits",)),
        ("(#100) metric[1] must be one of the following values: views, likes, saved", ("reach",)),
        ("(#100) metric[7] must be one of the following values: views, likes", ()),
        ("(#100) metric must be one of the following values: views, likes", ()),
        ("(#100) The value must be a valid insights metric", ()),
        ("(#100) The metric overviews is not supported", ()),
        ("Invalid parameter", ()),
    ],
)
def test_a_refusal_names_metrics_in_several_ways(message: str, refused: tuple[str, ...]) -> None:
    assert refused_metrics(envelope(100, message), ASKED) == refused


def test_other_refusals_are_none_of_metrics() -> None:
    message = "The metric views is not supported"
    for body in (
        envelope(10, message),
        envelope(190, message),
        envelope(100, message, error_subcode=33),
        envelope(100, "Invalid parameter", error_subcode=2108006),
        b"<html>",
        b"",
        DEEP,
    ):
        assert refused_metrics(body, ASKED) is None
    assert refused_metrics(envelope(100, ["views"]), ASKED) == ()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, envelope(190, error_subcode=463), ErrorKind.CREDENTIAL_REVOKED),
        (400, envelope(100), ErrorKind.BAD_REQUEST),
        (400, envelope(4), ErrorKind.RATE_LIMITED),
        (500, envelope(2), ErrorKind.UPSTREAM_UNAVAILABLE),
        (401, b"", ErrorKind.CREDENTIAL_REVOKED),
        (
            400,
            b'{"error_type":"OAuthException","code":400,"error_message":"s3cret"}',
            ErrorKind.CREDENTIAL_REVOKED,
        ),
        (502, b'{"error_type":"x"}', ErrorKind.UPSTREAM_UNAVAILABLE),
        (200, b"<html>", ErrorKind.UPSTREAM_MALFORMED),
    ],
)
def test_refusals_of_token_endpoints(status: int, body: bytes, expected: ErrorKind) -> None:
    error = classify_token(status, {}, body, NOW)
    assert error.kind is expected
    assert "s3cret" not in error.message


def test_what_the_platform_says_is_not_repeated() -> None:
    error = classify(400, {"x-fb-debug": "s3cret"}, envelope(190), NOW)
    assert "s3cret" not in f"{error.message} {error.native} {error.request_id}"
    assert classify(400, {}, envelope("s3cret", fbtrace_id="a s3cret"), NOW).request_id is None
    assert classify(400, {}, envelope("s3cret"), NOW).native == "http_400"


@given(st.integers(100, 599), st.text(max_size=40), st.binary(max_size=200))
def test_nothing_makes_it_fail(status: int, header: str, body: bytes) -> None:
    headers = {"retry-after": header, "x-business-use-case-usage": header}
    for judge in (classify, classify_token):
        error = judge(status, headers, body, NOW)
        assert error.retry_at is None or NOW < error.retry_at <= NOW + timedelta(days=1)


NAMES = ["error", "code", "message", "error_subcode", "fbtrace_id", "estimated_time_to_regain_access"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from([200, 400, 401, 429]), json_values)
def test_no_shape_of_envelope_or_header_makes_it_fail(status: int, value: object) -> None:
    body = json.dumps({"error": value}).encode()
    headers = {"x-business-use-case-usage": json.dumps(value)}
    assert isinstance(classify(status, headers, body, NOW), ProviderError)
    assert isinstance(classify_token(status, headers, body, NOW), ProviderError)
    refused = refused_metrics(body, ASKED)
    assert refused is None or set(refused) <= set(ASKED)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ConnectError("s3cret"), ErrorKind.NETWORK),
        (httpx.ReadTimeout("s3cret"), ErrorKind.NETWORK),
        (httpx.RemoteProtocolError("s3cret"), ErrorKind.NETWORK),
        (httpx.DecodingError("s3cret"), ErrorKind.UPSTREAM_MALFORMED),
    ],
)
def test_requests_without_an_answer(error: httpx.HTTPError, expected: ErrorKind) -> None:
    made = network(error)
    assert (made.kind, made.native) == (expected, type(error).__name__)
    assert "s3cret" not in made.message
