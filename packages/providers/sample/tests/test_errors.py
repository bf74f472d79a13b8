"""What each refusal means, as a table: pure functions need no server."""

from datetime import UTC, datetime, timedelta

import pytest

from afterpost.sdk import ErrorKind
from afterpost_sample.errors import classify

NOW = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "body", "kind", "native"),
    [
        (403, b'{"error":"quota_exceeded"}', ErrorKind.QUOTA_EXHAUSTED, "quota_exceeded"),
        (403, b'{"error":"missing_scope"}', ErrorKind.PERMISSION_MISSING, "missing_scope"),
        (403, b'{"error":"account_suspended"}', ErrorKind.ACCOUNT_BLOCKED, "account_suspended"),
        (200, b'{"error":"token_expired"}', ErrorKind.TOKEN_EXPIRED, "token_expired"),
        (418, b'{"error":"brand_new"}', ErrorKind.BAD_REQUEST, "brand_new"),
        (500, b'{"error":"brand_new"}', ErrorKind.UPSTREAM_UNAVAILABLE, "brand_new"),
        (429, b"<h1>Slow down</h1>", ErrorKind.RATE_LIMITED, "http_429"),
        (503, b"<h1>Back soon</h1>", ErrorKind.UPSTREAM_UNAVAILABLE, "http_503"),
        (403, b"<h1>Firewall</h1>", ErrorKind.UPSTREAM_MALFORMED, "http_403"),
        (302, b"", ErrorKind.UPSTREAM_MALFORMED, "http_302"),
        (200, b"\xff\xfe", ErrorKind.UPSTREAM_MALFORMED, "http_200"),
        (200, b'{"x":' + b"[" * 100_000, ErrorKind.UPSTREAM_MALFORMED, "http_200"),
    ],
)
def test_a_refusal_means(status: int, body: bytes, kind: ErrorKind, native: str) -> None:
    error = classify(status, {}, body, NOW)

    assert (error.kind, error.native) == (kind, native)


def test_a_missing_scope_is_named() -> None:
    error = classify(403, {}, b'{"error":"missing_scope"}', NOW)

    assert error.scopes == ("posts:read",)
    assert "posts:read" in str(error)


def test_text_that_is_no_code_is_not_repeated() -> None:
    error = classify(400, {}, b'{"error":"bad token hunter2"}', NOW)

    assert "hunter2" not in f"{error} {error.native}"


def test_a_quota_starts_anew_at_midnight() -> None:
    error = classify(403, {}, b'{"error":"quota_exceeded"}', NOW)

    assert error.retry_at == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("0", timedelta()),
        ("90", timedelta(seconds=90)),
        ("-5", None),
        ("soon", None),
        ("1000000000", None),
        ("9" * 10_000, None),
        ("Thu, 01 Jan 2027 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_nothing(header: str, wait: timedelta | None) -> None:
    error = classify(429, {"retry-after": header}, b"", NOW)

    assert error.retry_at == (None if wait is None else NOW + wait)
