"""What refusals mean: the pure classification, on made-up, real and hostile answers."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.sdk import ErrorKind
from afterpost_bluesky.errors import classify, classify_session, network

NOW = datetime(2026, 7, 1, 15, tzinfo=UTC)
DEEP = b'{"error":' + b"[" * 200_000


def refusal(name: str) -> bytes:
    return json.dumps({"error": name, "message": "token s3cret"}).encode()


@pytest.mark.parametrize(
    ("status", "name", "expected"),
    [
        (400, "ExpiredToken", ErrorKind.TOKEN_EXPIRED),
        (400, "InvalidToken", ErrorKind.TOKEN_EXPIRED),
        (401, "AuthMissing", ErrorKind.TOKEN_EXPIRED),
        (401, "AuthenticationRequired", ErrorKind.TOKEN_EXPIRED),
        (401, "NeverHeardOf", ErrorKind.TOKEN_EXPIRED),
        (400, "InvalidRequest", ErrorKind.BAD_REQUEST),
        (400, "NeverHeardOf", ErrorKind.BAD_REQUEST),
        (501, "MethodNotImplemented", ErrorKind.BAD_REQUEST),
        (400, "AccountTakedown", ErrorKind.ACCOUNT_BLOCKED),
        (400, "AccountDeactivated", ErrorKind.ACCOUNT_BLOCKED),
        (403, "ScopeMissingError", ErrorKind.PERMISSION_MISSING),
        (403, "Forbidden", ErrorKind.PERMISSION_MISSING),
        (403, "NeverHeardOf", ErrorKind.BAD_REQUEST),
        (404, "NeverHeardOf", ErrorKind.NOT_FOUND),
        (429, "RateLimitExceeded", ErrorKind.RATE_LIMITED),
        (429, "NeverHeardOf", ErrorKind.RATE_LIMITED),
        (500, "InternalServerError", ErrorKind.UPSTREAM_UNAVAILABLE),
        (502, "UpstreamFailure", ErrorKind.UPSTREAM_UNAVAILABLE),
        (200, "RateLimitExceeded", ErrorKind.RATE_LIMITED),
        (200, "NeverHeardOf", ErrorKind.UPSTREAM_MALFORMED),
    ],
)
def test_the_name_decides_and_is_kept(status: int, name: str, expected: ErrorKind) -> None:
    error = classify(status, {}, refusal(name), NOW)
    assert (error.kind, error.native) == (expected, name)
    assert name in error.message
    assert "s3cret" not in error.message


@pytest.mark.parametrize(
    ("status", "name", "expected"),
    [
        (400, "ExpiredToken", ErrorKind.CREDENTIAL_REVOKED),
        (400, "InvalidToken", ErrorKind.CREDENTIAL_REVOKED),
        (401, "AuthenticationRequired", ErrorKind.CREDENTIAL_REVOKED),
        (401, "AuthFactorTokenRequired", ErrorKind.CREDENTIAL_REVOKED),
        (401, "AccountTakedown", ErrorKind.ACCOUNT_BLOCKED),
        (401, "NeverHeardOf", ErrorKind.BAD_REQUEST),
        (429, "RateLimitExceeded", ErrorKind.RATE_LIMITED),
        (500, "InternalServerError", ErrorKind.UPSTREAM_UNAVAILABLE),
    ],
)
def test_refusals_of_a_session(status: int, name: str, expected: ErrorKind) -> None:
    assert classify_session(status, {}, refusal(name), NOW).kind is expected
    assert classify_session(401, {}, b"", NOW).kind is ErrorKind.BAD_REQUEST


@pytest.mark.parametrize(
    "body",
    [b"", b"<!DOCTYPE html><p>no", b'{"error": "x', DEEP, b"[]", b"{}", b"\xff", b'{"error":5}'],
)
def test_answers_without_a_name(body: bytes) -> None:
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
    ("headers", "seconds"),
    [
        ({"ratelimit-reset": "1782918120"}, 120),
        ({"ratelimit-reset": "45"}, 45),
        ({"ratelimit-reset": "2026-07-01T15:02:00Z"}, 120),
        ({"retry-after": "30", "ratelimit-reset": "1782918120"}, 30),
        ({"ratelimit-reset": "1"}, 1),
        ({"ratelimit-reset": "4102444800"}, 86_400),
        ({"ratelimit-reset": "1600000000"}, 300),
        ({"ratelimit-reset": "soon"}, 300),
        ({}, 300),
    ],
)
def test_the_wait_is_honoured_within_reason(headers: dict[str, str], seconds: int) -> None:
    assert classify(429, headers, b"", NOW).retry_at == NOW + timedelta(seconds=seconds)


@given(st.integers(100, 599), st.text(max_size=40), st.binary(max_size=200))
def test_nothing_makes_it_fail(status: int, header: str, body: bytes) -> None:
    for judge in (classify, classify_session):
        error = judge(status, {"retry-after": header, "ratelimit-reset": header}, body, NOW)
        assert error.retry_at is None or NOW < error.retry_at <= NOW + timedelta(days=1)


def test_what_does_not_look_like_a_name_is_not_repeated() -> None:
    assert classify(400, {}, b'{"error": "some words s3cret"}', NOW).native == "http_400"


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
