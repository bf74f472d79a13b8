"""What refusals mean: the pure classification, on made-up, documented and hostile answers."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.sdk import ErrorKind
from afterpost_x.errors import classify, classify_token, network

NOW = datetime(2026, 7, 1, 15, tzinfo=UTC)
MIDNIGHT = datetime(2026, 7, 2, tzinfo=UTC)
DEEP = b'{"type":' + b"[" * 200_000


def refusal(name: str, detail: str = "token s3cret", host: str = "x") -> bytes:
    kind = f"https://api.{host}.com/2/problems/{name}" if name else "about:blank"
    return json.dumps({"title": "s3cret", "type": kind, "detail": detail}).encode()


@pytest.mark.parametrize("host", ["x", "twitter"])
@pytest.mark.parametrize(
    ("status", "name", "expected"),
    [
        (429, "usage-capped", ErrorKind.BUDGET_EXHAUSTED),
        (402, "credits", ErrorKind.BUDGET_EXHAUSTED),
        (403, "usage-capped", ErrorKind.BUDGET_EXHAUSTED),
        (429, "rate-limit-exceeded", ErrorKind.RATE_LIMITED),
        (429, "never-heard-of", ErrorKind.RATE_LIMITED),
        (401, "never-heard-of", ErrorKind.TOKEN_EXPIRED),
        (402, "never-heard-of", ErrorKind.BUDGET_EXHAUSTED),
        (403, "client-forbidden", ErrorKind.PERMISSION_MISSING),
        (403, "never-heard-of", ErrorKind.BAD_REQUEST),
        (403, "not-authorized-for-resource", ErrorKind.NOT_FOUND),
        (404, "resource-not-found", ErrorKind.NOT_FOUND),
        (404, "never-heard-of", ErrorKind.NOT_FOUND),
        (400, "invalid-request", ErrorKind.BAD_REQUEST),
        (400, "never-heard-of", ErrorKind.BAD_REQUEST),
        (500, "internal-error", ErrorKind.UPSTREAM_UNAVAILABLE),
        (200, "usage-capped", ErrorKind.BUDGET_EXHAUSTED),
        (200, "never-heard-of", ErrorKind.UPSTREAM_MALFORMED),
    ],
)
def test_the_type_decides_and_is_kept(status: int, name: str, expected: ErrorKind, host: str) -> None:
    error = classify(status, {}, refusal(name, host=host), NOW)
    assert (error.kind, error.native) == (expected, name)
    assert name in error.message
    assert "s3cret" not in error.message
    assert error.scopes == (("tweet.read", "users.read") if expected is ErrorKind.PERMISSION_MISSING else ())


@pytest.mark.parametrize(
    ("status", "detail", "expected"),
    [
        (401, "Unauthorized", ErrorKind.TOKEN_EXPIRED),
        (403, "Forbidden", ErrorKind.PERMISSION_MISSING),
        (403, "Your account is suspended and is not permitted.", ErrorKind.ACCOUNT_BLOCKED),
        (403, "This account is temporarily locked.", ErrorKind.ACCOUNT_BLOCKED),
        (404, "Not Found", ErrorKind.NOT_FOUND),
        (429, "Too Many Requests", ErrorKind.RATE_LIMITED),
        (503, "Service Unavailable", ErrorKind.UPSTREAM_UNAVAILABLE),
    ],
)
def test_problems_of_no_type(status: int, detail: str, expected: ErrorKind) -> None:
    error = classify(status, {}, refusal("", detail), NOW)
    assert (error.kind, error.native) == (expected, f"http_{status}")


def test_a_type_within_errors_counts_and_one_of_another_host_does_not() -> None:
    inner = json.loads(refusal("usage-capped"))
    assert classify(429, {}, json.dumps({"errors": [3, inner]}).encode(), NOW).native == "usage-capped"
    other = json.dumps({"type": "https://api.example.com/2/problems/usage-capped"}).encode()
    assert classify(429, {}, other, NOW).kind is ErrorKind.RATE_LIMITED


@pytest.mark.parametrize("body", [b"", b"<!DOCTYPE html><p>no", b'{"type": "x', DEEP, b"[]", b"{}", b"\xff"])
def test_answers_that_are_no_problem(body: bytes) -> None:
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
        ({"x-rate-limit-reset": "1782918120"}, 120),
        ({"retry-after": "30", "x-rate-limit-reset": "1782918120"}, 30),
        ({"x-rate-limit-reset": "1600000000"}, 900),
        ({"x-rate-limit-reset": "soon"}, 900),
        ({}, 900),
    ],
)
def test_the_wait_is_honoured_within_reason(headers: dict[str, str], seconds: int) -> None:
    error = classify(429, headers, refusal(""), NOW)
    assert (error.retry_at, error.scope) == (NOW + timedelta(seconds=seconds), "account")


def test_money_is_the_apps_and_is_asked_for_again_tomorrow() -> None:
    error = classify(429, {"x-rate-limit-reset": "1782918120"}, refusal("usage-capped"), NOW)
    assert (error.retry_at, error.scope) == (MIDNIGHT, "app")


def test_the_trace_id_is_kept() -> None:
    assert classify(500, {"x-transaction-id": "0f1e2d"}, b"", NOW).request_id == "0f1e2d"
    assert classify(500, {"x-transaction-id": "some words"}, b"", NOW).request_id is None


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, b'{"error": "invalid_grant"}', ErrorKind.CREDENTIAL_REVOKED),
        (400, b'{"error": "invalid_request"}', ErrorKind.CREDENTIAL_REVOKED),
        (401, b'{"error": "unauthorized_client"}', ErrorKind.CREDENTIAL_REVOKED),
        (400, b'{"error": "unsupported_grant_type"}', ErrorKind.BAD_REQUEST),
        (401, refusal(""), ErrorKind.BAD_REQUEST),
        (403, refusal(""), ErrorKind.BAD_REQUEST),
        (429, refusal(""), ErrorKind.RATE_LIMITED),
        (503, b'{"error": "invalid_grant"}', ErrorKind.UPSTREAM_UNAVAILABLE),
    ],
)
def test_refusals_of_the_token_endpoint(status: int, body: bytes, expected: ErrorKind) -> None:
    assert classify_token(status, {}, body, NOW).kind is expected


@given(st.integers(100, 599), st.text(max_size=40), st.binary(max_size=200))
def test_nothing_makes_it_fail(status: int, header: str, body: bytes) -> None:
    headers = {"retry-after": header, "x-rate-limit-reset": header, "x-transaction-id": header}
    for judge in (classify, classify_token):
        for sent in (
            body,
            refusal(header, header),
            json.dumps({"errors": header, "error": [header]}).encode(),
        ):
            error = judge(status, headers, sent, NOW)
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
