"""What refusals mean: the pure classification, on made-up, documented and hostile answers."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.sdk import ErrorKind
from afterpost_pinterest.errors import classify, classify_token, network

NOW = datetime(2026, 7, 1, 15, tzinfo=UTC)
DEEP = b'{"code":' + b"[" * 200_000


def refusal(code: object, message: object = "token s3cret") -> bytes:
    return json.dumps({"code": code, "message": message}).encode()


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (400, 400, "Invalid pins analytics parameters.", ErrorKind.BAD_REQUEST),
        (400, 1, "Invalid multi_pins analytics parameters.", ErrorKind.BAD_REQUEST),
        (400, 1, "Too many requests. Retry after 30 seconds.", ErrorKind.RATE_LIMITED),
        (400, 8, "", ErrorKind.RATE_LIMITED),
        (401, 2, "Authentication failed.", ErrorKind.TOKEN_EXPIRED),
        (401, 7, "Not authorized to access board or Pin.", ErrorKind.NOT_FOUND),
        (401, 7, "Not authorized.", ErrorKind.PERMISSION_MISSING),
        (403, 403, "Not authorized to access board or Pin.", ErrorKind.NOT_FOUND),
        (403, 403, "Not authorized to access the user account.", ErrorKind.PERMISSION_MISSING),
        (403, 3, "Authorization failed.", ErrorKind.PERMISSION_MISSING),
        (403, 29, "You are not permitted to access that resource.", ErrorKind.PERMISSION_MISSING),
        (403, 99, "never heard of", ErrorKind.BAD_REQUEST),
        (404, 404, "Pin not found.", ErrorKind.NOT_FOUND),
        (404, 50, "Pin not found.", ErrorKind.NOT_FOUND),
        (400, 50, "Pin not found.", ErrorKind.NOT_FOUND),
        (409, 99, "never heard of", ErrorKind.BAD_REQUEST),
        (429, 8, "This request exceeded a rate limit.", ErrorKind.RATE_LIMITED),
        (429, 99, "never heard of", ErrorKind.RATE_LIMITED),
        (500, 11, "", ErrorKind.UPSTREAM_UNAVAILABLE),
        (200, 8, "", ErrorKind.RATE_LIMITED),
        (200, 99, "", ErrorKind.UPSTREAM_MALFORMED),
    ],
)
def test_code_and_words_decide_and_the_code_is_kept(
    status: int, code: int, message: str, expected: ErrorKind
) -> None:
    error = classify(status, {}, refusal(code, message + " s3cret"), NOW)
    assert (error.kind, error.native) == (expected, str(code))
    assert "s3cret" not in error.message
    assert error.scopes == (("boards:read", "pins:read") if expected is ErrorKind.PERMISSION_MISSING else ())


@pytest.mark.parametrize(
    "body",
    [b"", b"<!DOCTYPE html><p>no", b'{"code": 3', DEEP, b"[]", b"{}", b"\xff", refusal("x"), refusal(True)],
)
def test_answers_without_a_code(body: bytes) -> None:
    expected = {
        200: ErrorKind.UPSTREAM_MALFORMED,
        302: ErrorKind.UPSTREAM_MALFORMED,
        400: ErrorKind.UPSTREAM_MALFORMED,
        403: ErrorKind.UPSTREAM_MALFORMED,
        404: ErrorKind.UPSTREAM_MALFORMED,
        401: ErrorKind.TOKEN_EXPIRED,
        429: ErrorKind.RATE_LIMITED,
        502: ErrorKind.UPSTREAM_UNAVAILABLE,
    }
    for status, kind in expected.items():
        error = classify(status, {}, body, NOW)
        assert (error.kind, error.native) == (kind, f"http_{status}")


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"x-ratelimit-reset": "45"}, "", 45),
        ({"x-ratelimit-reset": "1782918120"}, "", 120),
        ({"retry-after": "30", "x-ratelimit-reset": "45"}, "", 30),
        ({"x-ratelimit-reset": "45"}, "Retry after 12 seconds", 12),
        ({}, "please retry after 12.5s.", 12.5),
        ({}, "Retry after a while", 60),
        ({"x-ratelimit-reset": "soon"}, "", 60),
        ({}, "", 60),
    ],
)
def test_the_wait_is_found_wherever_it_is_said(headers: dict[str, str], message: str, seconds: float) -> None:
    error = classify(429, headers, refusal(8, message), NOW)
    assert (error.kind, error.scope) == (ErrorKind.RATE_LIMITED, "account")
    assert error.retry_at == NOW + timedelta(seconds=seconds)


def test_a_wait_of_hours_is_for_the_quota_of_a_day() -> None:
    error = classify(429, {"x-ratelimit-reset": "32400"}, refusal(8), NOW)
    assert (error.kind, error.scope) == (ErrorKind.QUOTA_EXHAUSTED, "app")
    assert error.retry_at == NOW + timedelta(hours=9)
    assert classify(429, {"x-ratelimit-reset": "999999"}, b"", NOW).retry_at == NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, refusal(1), ErrorKind.CREDENTIAL_REVOKED),
        (401, refusal(2), ErrorKind.CREDENTIAL_REVOKED),
        (403, refusal(3), ErrorKind.CREDENTIAL_REVOKED),
        (401, b"", ErrorKind.BAD_REQUEST),
        (400, b"<html>", ErrorKind.UPSTREAM_MALFORMED),
        (429, refusal(8), ErrorKind.RATE_LIMITED),
        (400, refusal(8), ErrorKind.RATE_LIMITED),
        (503, refusal(2), ErrorKind.UPSTREAM_UNAVAILABLE),
    ],
)
def test_refusals_of_the_token_endpoint(status: int, body: bytes, expected: ErrorKind) -> None:
    assert classify_token(status, {}, body, NOW).kind is expected


@given(st.integers(100, 599), st.text(max_size=40), st.binary(max_size=200))
def test_nothing_makes_it_fail(status: int, header: str, body: bytes) -> None:
    for judge in (classify, classify_token):
        for sent in (body, refusal(8, header), refusal(header), refusal(10**30)):
            error = judge(status, {"retry-after": header, "x-ratelimit-reset": header}, sent, NOW)
            assert error.retry_at is None or NOW < error.retry_at <= NOW + timedelta(days=1)


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
