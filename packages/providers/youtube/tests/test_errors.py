"""What refusals mean: the pure classification, on made-up, recorded and hostile answers."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.sdk import ErrorKind, ProviderError
from afterpost_youtube.errors import ANALYTICS, classify, classify_token, network, next_quota

NOW = datetime(2026, 7, 1, 15, tzinfo=UTC)
DEEP = b'{"error":' + b"[" * 200_000


def envelope(status: int, reason: str, **more: object) -> bytes:
    error = {"code": status, "message": "m", "errors": [{"message": "m", "domain": "d", "reason": reason}]}
    return json.dumps({"error": error | more}).encode()


def newer(status: int, word: str, reason: str, *details: object) -> bytes:
    """The envelope of the newer APIs: with a status in words, and details."""
    error = json.loads(envelope(status, reason))["error"]
    return json.dumps({"error": error | {"status": word, "details": details}}).encode()


def kind(status: int, body: bytes, headers: dict[str, str] | None = None) -> ErrorKind:
    return classify(status, headers or {}, body, NOW).kind


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (403, "quotaExceeded", ErrorKind.QUOTA_EXHAUSTED),
        (403, "dailyLimitExceeded", ErrorKind.QUOTA_EXHAUSTED),
        (403, "rateLimitExceeded", ErrorKind.RATE_LIMITED),
        (403, "userRateLimitExceeded", ErrorKind.RATE_LIMITED),
        (429, "rateLimitExceeded", ErrorKind.RATE_LIMITED),
        (429, "neverHeardOf", ErrorKind.RATE_LIMITED),
        (401, "authError", ErrorKind.TOKEN_EXPIRED),
        (401, "neverHeardOf", ErrorKind.TOKEN_EXPIRED),
        (401, "youtubeSignupRequired", ErrorKind.ACCOUNT_BLOCKED),
        (403, "insufficientPermissions", ErrorKind.PERMISSION_MISSING),
        (403, "forbidden", ErrorKind.PERMISSION_MISSING),
        (403, "accessNotConfigured", ErrorKind.PERMISSION_MISSING),
        (403, "authenticatedUserAccountSuspended", ErrorKind.ACCOUNT_BLOCKED),
        (403, "authenticatedUserAccountClosed", ErrorKind.ACCOUNT_BLOCKED),
        (403, "neverHeardOf", ErrorKind.BAD_REQUEST),
        (404, "playlistNotFound", ErrorKind.NOT_FOUND),
        (404, "neverHeardOf", ErrorKind.NOT_FOUND),
        (400, "keyInvalid", ErrorKind.BAD_REQUEST),
        (400, "neverHeardOf", ErrorKind.BAD_REQUEST),
        (409, "neverHeardOf", ErrorKind.BAD_REQUEST),
        (500, "backendError", ErrorKind.UPSTREAM_UNAVAILABLE),
        (503, "forbidden", ErrorKind.UPSTREAM_UNAVAILABLE),
    ],
)
def test_the_reason_decides_and_is_kept(status: int, reason: str, expected: ErrorKind) -> None:
    error = classify(status, {}, envelope(status, reason), NOW)
    assert (error.kind, error.native) == (expected, reason)
    assert reason in error.message


@pytest.mark.parametrize(
    "body", [b"", b"<!DOCTYPE html><p>no", b'{"error": {"co', DEEP, b"[]", b"{}", b"null", b"\xff"]
)
def test_answers_without_an_envelope(body: bytes) -> None:
    assert kind(200, body) is ErrorKind.UPSTREAM_MALFORMED
    assert kind(302, body) is ErrorKind.UPSTREAM_MALFORMED
    assert kind(403, body) is ErrorKind.UPSTREAM_MALFORMED
    assert kind(404, body) is ErrorKind.UPSTREAM_MALFORMED
    assert kind(401, body) is ErrorKind.TOKEN_EXPIRED
    assert kind(429, body) is ErrorKind.RATE_LIMITED
    assert kind(502, body) is ErrorKind.UPSTREAM_UNAVAILABLE
    assert classify(403, {}, body, NOW).native == "http_403"


def test_a_refusal_with_status_200_counts_as_the_refusal_it_names() -> None:
    assert kind(200, envelope(403, "quotaExceeded")) is ErrorKind.QUOTA_EXHAUSTED
    assert kind(200, envelope(500, "backendError")) is ErrorKind.UPSTREAM_UNAVAILABLE
    assert kind(200, envelope(400, "neverHeardOf")) is ErrorKind.BAD_REQUEST
    assert kind(200, envelope(10**30, "neverHeardOf")) is ErrorKind.UPSTREAM_UNAVAILABLE


def test_the_newer_form_names_the_reason_in_details() -> None:
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": {"quota_limit": "defaultPerMinutePerProject"},
    }
    error: dict[str, object] = {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [detail]}
    assert kind(429, json.dumps({"error": error}).encode()) is ErrorKind.RATE_LIMITED
    detail["metadata"] = {"quota_limit": "defaultPerDayPerProject"}
    assert kind(429, json.dumps({"error": error}).encode()) is ErrorKind.QUOTA_EXHAUSTED
    scope = {
        "code": 403,
        "status": "PERMISSION_DENIED",
        "details": [{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}],
    }
    error_of = classify(403, {}, json.dumps({"error": scope}).encode(), NOW)
    assert error_of.kind is ErrorKind.PERMISSION_MISSING
    assert error_of.scopes == ("https://www.googleapis.com/auth/youtube.readonly",)


@pytest.mark.parametrize(
    ("reason", "details", "expected", "scopes"),
    [
        ("insufficientPermissions", [], ErrorKind.PERMISSION_MISSING, ("yt-analytics.readonly",)),
        ("accessNotConfigured", [], ErrorKind.PERMISSION_MISSING, ("yt-analytics.readonly",)),
        (
            "forbidden",
            [{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}],
            ErrorKind.PERMISSION_MISSING,
            ("yt-analytics.readonly",),
        ),
        # It says no more of a video that is not the channel's.
        ("forbidden", [], ErrorKind.METRIC_UNAVAILABLE, ()),
        ("authenticatedUserAccountSuspended", [], ErrorKind.ACCOUNT_BLOCKED, ()),
    ],
)
def test_what_the_analytics_api_refuses_is_told_with_its_own_scope(
    reason: str, details: list[object], expected: ErrorKind, scopes: tuple[str, ...]
) -> None:
    body = newer(403, "PERMISSION_DENIED", reason, *details)
    error = classify(403, {}, body, NOW, ANALYTICS)
    assert error.kind is expected
    assert error.scopes == tuple(f"https://www.googleapis.com/auth/{scope}" for scope in scopes)
    assert (("yt-analytics.readonly" in error.message), ("YouTube Analytics API" in error.message)) == (
        bool(scopes),
        bool(scopes),
    )
    # The Data API's own refusals name the other one.
    assert "youtube.readonly" in classify(403, {}, envelope(403, "forbidden"), NOW).message


@pytest.mark.parametrize(
    ("limit", "expected", "scope"),
    [
        ("QueriesPerMinutePerProject", ErrorKind.RATE_LIMITED, "account"),
        ("QueriesPerDayPerProject", ErrorKind.QUOTA_EXHAUSTED, "app"),
        ("FreeQuotaRequestsPerDayPerProject", ErrorKind.QUOTA_EXHAUSTED, "app"),
    ],
)
def test_the_limit_that_was_hit_says_for_how_long_and_for_whom(
    limit: str, expected: ErrorKind, scope: str
) -> None:
    detail = {"reason": "RATE_LIMIT_EXCEEDED", "metadata": {"quota_limit": limit}}
    body = newer(429, "RESOURCE_EXHAUSTED", "rateLimitExceeded", detail)
    error = classify(429, {}, body, NOW, ANALYTICS)
    assert (error.kind, error.scope) == (expected, scope)
    assert error.retry_at == (next_quota(NOW) if scope == "app" else NOW + timedelta(seconds=60))


def test_a_quota_is_one_of_the_project() -> None:
    assert classify(403, {}, envelope(403, "quotaExceeded"), NOW).scope == "app"
    assert classify(403, {}, envelope(403, "userRateLimitExceeded"), NOW).scope == "account"


@pytest.mark.parametrize(
    ("now", "reset"),
    [
        (datetime(2026, 7, 1, 6, 59, tzinfo=UTC), datetime(2026, 7, 1, 7, tzinfo=UTC)),
        (datetime(2026, 7, 1, 7, tzinfo=UTC), datetime(2026, 7, 2, 7, tzinfo=UTC)),
        (datetime(2026, 1, 1, 7, 30, tzinfo=UTC), datetime(2026, 1, 1, 8, tzinfo=UTC)),
        # The days on which the clocks change there have 23 and 25 hours.
        (datetime(2026, 3, 8, 9, tzinfo=UTC), datetime(2026, 3, 9, 7, tzinfo=UTC)),
        (datetime(2026, 11, 1, 8, tzinfo=UTC), datetime(2026, 11, 2, 8, tzinfo=UTC)),
    ],
)
def test_the_quota_starts_anew_at_midnight_pacific(now: datetime, reset: datetime) -> None:
    assert next_quota(now) == reset
    assert classify(403, {}, envelope(403, "quotaExceeded"), now).retry_at == reset


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30),
        ("0", 1),
        ("Wed, 01 Jul 2026 15:02:00 GMT", 120),
        ("Wed, 01 Jul 2026 15:02:00 -0000", 120),
        ("Wed, 01 Jul 2026 17:02:00 +0200", 120),
        ("86401", 86_400),
        ("9" * 5_000, 86_400),
        ("Wed, 01 Jul 2099 15:02:00 GMT", 86_400),
        ("Wed, 01 Jul 2020 15:02:00 GMT", 60),
        ("-5", 60),
        ("1.5", 60),
        ("soon", 60),
        ("", 60),
        ("٣", 60),
        ("Wed, 99 Jul 2026 15:02:00 GMT", 60),
    ],
)
def test_the_wait_is_honoured_within_reason(header: str, seconds: int) -> None:
    error = classify(429, {"retry-after": header}, b"", NOW)
    assert error.retry_at == NOW + timedelta(seconds=seconds)


@given(st.integers(100, 599), st.text(max_size=40), st.binary(max_size=200))
def test_nothing_makes_it_fail(status: int, header: str, body: bytes) -> None:
    for judge in (classify, classify_token):
        error = judge(status, {"retry-after": header}, body, NOW)
        assert error.retry_at is None or NOW < error.retry_at <= NOW + timedelta(days=1)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "errors", "details", "reason", "metadata", "quota_limit", "code", "status"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(st.sampled_from([200, 400, 401, 403, 429]), json_values)
def test_no_shape_of_the_envelope_makes_it_fail(status: int, value: object) -> None:
    body = json.dumps({"error": value}).encode()
    assert isinstance(classify(status, {}, body, NOW), ProviderError)
    assert isinstance(classify_token(status, {}, body, NOW), ProviderError)


def test_what_the_platform_says_is_not_repeated() -> None:
    body = json.dumps(
        {
            "error": {
                "code": 403,
                "message": "Token ya29.s3cret is bad",
                "status": "has a space s3cret",
                "errors": [{"reason": "forbidden", "message": "Bearer ya29.s3cret"}],
            }
        }
    ).encode()
    error = classify(403, {"www-authenticate": "s3cret"}, body, NOW)
    assert "s3cret" not in error.message + repr(error.native)
    assert classify(400, {}, b'{"error": "some words s3cret"}', NOW).native == "http_400"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "invalid_grant", ErrorKind.CREDENTIAL_REVOKED),
        (401, "invalid_client", ErrorKind.CREDENTIAL_REVOKED),
        (401, "unauthorized_client", ErrorKind.CREDENTIAL_REVOKED),
        (401, "something_else", ErrorKind.BAD_REQUEST),
        (400, "invalid_request", ErrorKind.BAD_REQUEST),
        (429, "rate_limit", ErrorKind.RATE_LIMITED),
        (500, "internal_failure", ErrorKind.UPSTREAM_UNAVAILABLE),
    ],
)
def test_refusals_of_the_token_endpoint(status: int, code: str, expected: ErrorKind) -> None:
    body = json.dumps({"error": code, "error_description": "s3cret"}).encode()
    error = classify_token(status, {}, body, NOW)
    assert (error.kind, error.native) == (expected, code)
    assert "s3cret" not in error.message


def test_the_token_endpoint_never_asks_to_refresh() -> None:
    assert classify_token(401, {}, b"", NOW).kind is ErrorKind.BAD_REQUEST


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
