"""What TikTok's refusals mean, case by case."""

import json
from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.sdk import ErrorKind, ProviderError
from afterpost_tiktok.errors import classify, classify_token, network
from packages.providers.tiktok.tests.shelf import NOW

MINUTE = NOW + timedelta(minutes=1)
DEEP = b'{"error":' + b"[" * 200_000


def envelope(code: object, message: str = "Token act.s3cret is bad") -> bytes:
    return json.dumps({"data": {}, "error": {"code": code, "message": message, "log_id": "2026A1"}}).encode()


@pytest.mark.parametrize("status", [None, 200])
@pytest.mark.parametrize(
    ("usual", "code", "expected"),
    [
        (401, "access_token_invalid", ErrorKind.TOKEN_EXPIRED),
        (401, "scope_not_authorized", ErrorKind.PERMISSION_MISSING),
        (400, "scope_permission_missed", ErrorKind.PERMISSION_MISSING),
        (400, "invalid_params", ErrorKind.BAD_REQUEST),
        (429, "rate_limit_exceeded", ErrorKind.RATE_LIMITED),
        (500, "internal_error", ErrorKind.UPSTREAM_UNAVAILABLE),
    ],
)
def test_the_code_decides_also_with_status_200(
    status: int | None, usual: int, code: str, expected: ErrorKind
) -> None:
    error = classify(status or usual, {}, envelope(code), NOW)
    assert (error.kind, error.native, error.request_id) == (expected, code, "2026A1")
    assert code in error.message
    assert error.retry_at == (MINUTE if expected is ErrorKind.RATE_LIMITED else None)
    assert error.scope == ("app" if expected is ErrorKind.RATE_LIMITED else "account")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, ErrorKind.BAD_REQUEST),
        (400, ErrorKind.BAD_REQUEST),
        (403, ErrorKind.BAD_REQUEST),
        (404, ErrorKind.NOT_FOUND),
        (401, ErrorKind.TOKEN_EXPIRED),
        (429, ErrorKind.RATE_LIMITED),
        (502, ErrorKind.UPSTREAM_UNAVAILABLE),
    ],
)
def test_of_a_code_never_heard_of_the_status_decides(status: int, expected: ErrorKind) -> None:
    error = classify(status, {}, envelope("never_heard_of"), NOW)
    assert (error.kind, error.native) == (expected, "never_heard_of")


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


def test_ok_is_no_refusal() -> None:
    assert classify(200, {}, envelope("ok"), NOW).kind is ErrorKind.UPSTREAM_MALFORMED
    assert classify(503, {}, envelope("ok"), NOW).kind is ErrorKind.UPSTREAM_UNAVAILABLE
    assert classify(400, {}, envelope("ok"), NOW).native == "http_400"


def test_the_scope_that_was_needed_is_named() -> None:
    error = classify(401, {}, envelope("scope_not_authorized"), NOW, scopes=("user.info.stats",))
    assert error.scopes == ("user.info.stats",)
    assert classify(401, {}, envelope("access_token_invalid"), NOW).scopes == ()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30), ("Wed, 01 Jul 2026 15:02:00 GMT", 120), ("9" * 12, 86_400), ("soon", 60), ("-5", 60)],
)
def test_a_wait_that_is_named_is_honoured_within_reason(header: str, seconds: int) -> None:
    error = classify(429, {"retry-after": header}, b"", NOW)
    assert error.retry_at == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("status", [200, 400, 401])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("access_denied", ErrorKind.CREDENTIAL_REVOKED),
        ("invalid_client", ErrorKind.CREDENTIAL_REVOKED),
        ("invalid_grant", ErrorKind.CREDENTIAL_REVOKED),
        ("unauthorized_client", ErrorKind.CREDENTIAL_REVOKED),
        ("invalid_scope", ErrorKind.PERMISSION_MISSING),
        ("invalid_request", ErrorKind.BAD_REQUEST),
        ("unsupported_grant_type", ErrorKind.BAD_REQUEST),
        ("unsupported_response_type", ErrorKind.BAD_REQUEST),
        ("never_heard_of", ErrorKind.BAD_REQUEST),
    ],
)
def test_refusals_of_the_token_endpoint(status: int, code: str, expected: ErrorKind) -> None:
    body = json.dumps({"error": code, "error_description": "s3cret", "log_id": "2026A1"}).encode()
    error = classify_token(status, {}, body, NOW)
    assert (error.kind, error.native, error.request_id) == (expected, code, "2026A1")
    assert "s3cret" not in error.message


def test_the_token_endpoint_never_asks_to_refresh() -> None:
    assert classify_token(401, {}, b"", NOW).kind is ErrorKind.BAD_REQUEST
    assert classify_token(429, {}, b"", NOW).retry_at == MINUTE
    assert classify_token(200, {}, b"<html>", NOW).kind is ErrorKind.UPSTREAM_MALFORMED


def test_what_the_platform_says_is_not_repeated() -> None:
    error = classify(401, {"x-tt-logid": "s3cret"}, envelope("access_token_invalid"), NOW)
    assert "s3cret" not in f"{error.message} {error.native} {error.request_id}"
    spoken = json.dumps({"error": {"code": "some words s3cret", "log_id": "a s3cret"}}).encode()
    error = classify(400, {}, spoken, NOW)
    assert (error.native, error.request_id) == ("http_400", None)


@given(st.integers(100, 599), st.text(max_size=40), st.binary(max_size=200))
def test_nothing_makes_it_fail(status: int, header: str, body: bytes) -> None:
    for judge in (classify, classify_token):
        error = judge(status, {"retry-after": header}, body, NOW)
        assert error.retry_at is None or NOW < error.retry_at <= NOW + timedelta(days=1)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "code", "message", "log_id"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.sampled_from([200, 400, 401, 429]), json_values)
def test_no_shape_of_the_envelope_makes_it_fail(status: int, value: object) -> None:
    body = json.dumps({"error": value}).encode()
    assert isinstance(classify(status, {}, body, NOW), ProviderError)
    assert isinstance(classify_token(status, {}, body, NOW), ProviderError)


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
