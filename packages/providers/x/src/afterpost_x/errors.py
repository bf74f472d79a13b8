"""What X's refusals mean. Pure functions of status, headers, body and the time.

Answers are problems (RFC 9457) whose `type` decides before the status: a used-up budget is 429 or 402, and
not to be asked again today. An answer with status 200 can carry problems of single posts as well.

No message repeats text of the platform, which may quote the request; `native` keeps the name of the problem.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec

from afterpost.sdk import ErrorKind, ProviderError, next_midnight, reset_at, retry_after

SCOPES = ("tweet.read", "users.read")
"""What reading posts and the account needs."""

_WINDOW = timedelta(minutes=15)
"""X counts in windows of 15 minutes: after one, there is room again."""

_MEANING = {
    "usage-capped": ErrorKind.BUDGET_EXHAUSTED,
    "credits": ErrorKind.BUDGET_EXHAUSTED,
    "credits-depleted": ErrorKind.BUDGET_EXHAUSTED,
    "rate-limit-exceeded": ErrorKind.RATE_LIMITED,
    "client-forbidden": ErrorKind.PERMISSION_MISSING,
    "unsupported-authentication": ErrorKind.PERMISSION_MISSING,
    "not-authorized-for-field": ErrorKind.PERMISSION_MISSING,
    "field-unauthorized": ErrorKind.PERMISSION_MISSING,
    "resource-not-found": ErrorKind.NOT_FOUND,
    "not-authorized-for-resource": ErrorKind.NOT_FOUND,
    "resource-unavailable": ErrorKind.NOT_FOUND,
    "disallowed-resource": ErrorKind.NOT_FOUND,
    "invalid-request": ErrorKind.BAD_REQUEST,
    "internal-error": ErrorKind.UPSTREAM_UNAVAILABLE,
    "field-hydration-failure": ErrorKind.UPSTREAM_UNAVAILABLE,
}
"""The last word of a problem's type -> what it means."""

_DEAD_GRANT = frozenset({"invalid_grant", "invalid_request", "invalid_client", "unauthorized_client"})
"""What the token endpoint says of a refresh token, a code or an app that is none any more."""

_SENTENCE = {
    ErrorKind.RATE_LIMITED: "X asks for fewer calls.",
    ErrorKind.BUDGET_EXHAUSTED: "The credits or the monthly cap of this X app are used up.",
    ErrorKind.TOKEN_EXPIRED: "X does not accept the access token any more.",
    ErrorKind.CREDENTIAL_REVOKED: "X does not accept the refresh token or the app: connect again.",
    ErrorKind.PERMISSION_MISSING: "The app or the person did not allow what is needed.",
    ErrorKind.ACCOUNT_BLOCKED: "The X account is suspended or locked.",
    ErrorKind.NOT_FOUND: "X does not show what was asked for.",
    ErrorKind.BAD_REQUEST: "X refuses the request.",
    ErrorKind.UPSTREAM_UNAVAILABLE: "X is not available at the moment.",
    ErrorKind.UPSTREAM_MALFORMED: "X's answer can't be read.",
}

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_TYPE = re.compile(r"https://api\.(?:x|twitter)\.com/(?:2|labs/2)/problems/([a-z0-9-]{1,64})", re.ASCII)
_NO_TYPE = "about:blank"
"""The type of a problem that is no more than its status (RFC 9457)."""
_BLOCKED = re.compile(r"\b(suspended|locked|deactivated)\b", re.ASCII | re.IGNORECASE)


def classify(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderError:
    """What an answer that is no result means. Header names in lower case."""
    problem = _first(_object(body))
    named = problem_name(problem)
    readable = bool(problem)
    kind = _MEANING.get(named or "") or _by_status(status, problem, readable=readable)
    return _error(kind, named or f"http_{status}", headers, now)


def classify_token(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderError:
    """What a refusal of the token endpoint means; its envelope is `{"error": "<code>"}` (RFC 6749)."""
    code = _object(body).get("error")
    if isinstance(code, str) and code in _DEAD_GRANT and status < 500:
        return _error(ErrorKind.CREDENTIAL_REVOKED, code, headers, now)
    error = classify(status, headers, body, now)
    if error.kind in (ErrorKind.TOKEN_EXPIRED, ErrorKind.PERMISSION_MISSING):
        # Here that would mean: refresh, then refresh.
        return _error(ErrorKind.BAD_REQUEST, error.native or "", headers, now)
    return error


def of_problem(problem: Mapping[str, Any], now: datetime) -> ProviderError:
    """What a problem of one post, beside the results of others, means."""
    named = problem_name(problem)
    kind = _MEANING.get(named or "", ErrorKind.UPSTREAM_MALFORMED)
    return _error(kind, named or "unnamed_problem", {}, now)


def problem_name(problem: Mapping[str, Any]) -> str | None:
    """The last word of a problem's type; None where it has none."""
    kind = problem.get("type")
    found = _TYPE.fullmatch(kind) if isinstance(kind, str) else None
    return found[1] if found else None


def network(error: httpx.HTTPError) -> ProviderError:
    """What a request without an answer means: no connection, time-out, broken off, or undecodable."""
    native = type(error).__name__
    if isinstance(error, httpx.TransportError):
        return ProviderError(ErrorKind.NETWORK, f"X could not be reached ({native}).", native=native)
    return malformed(native)


def malformed(native: str) -> ProviderError:
    """An answer that is no result although its status says so; `native` says what is wrong with it."""
    sentence = f"X's answer can't be read ({native})."
    return ProviderError(ErrorKind.UPSTREAM_MALFORMED, sentence, native=native)


def _error(kind: ErrorKind, native: str, headers: Mapping[str, str], now: datetime) -> ProviderError:
    retry_at = None
    if kind in (ErrorKind.RATE_LIMITED, ErrorKind.UPSTREAM_UNAVAILABLE):
        retry_at = retry_after(headers.get("retry-after"), now)
    if kind is ErrorKind.RATE_LIMITED:
        retry_at = retry_at or reset_at(headers.get("x-rate-limit-reset"), now) or now + _WINDOW
    if kind is ErrorKind.BUDGET_EXHAUSTED:
        # Until somebody pays or the month ends; asked again tomorrow, not today.
        retry_at = next_midnight("UTC", now)
    request_id = headers.get("x-transaction-id", "")
    return ProviderError(
        kind,
        f"{_SENTENCE[kind].removesuffix('.')} ({native}).",
        native=native,
        request_id=request_id if _NAME.fullmatch(request_id) else None,
        retry_at=retry_at,
        # Windows are counted for each account, money for the app.
        scope="app" if kind is ErrorKind.BUDGET_EXHAUSTED else "account",
        scopes=SCOPES if kind is ErrorKind.PERMISSION_MISSING else (),
    )


def _by_status(status: int, problem: Mapping[str, Any], *, readable: bool) -> ErrorKind:
    if status >= 500 or status == 408:
        return ErrorKind.UPSTREAM_UNAVAILABLE
    by_status = {
        401: ErrorKind.TOKEN_EXPIRED,
        402: ErrorKind.BUDGET_EXHAUSTED,
        429: ErrorKind.RATE_LIMITED,
    }
    if status in by_status:
        return by_status[status]
    if not readable or status < 400:
        return ErrorKind.UPSTREAM_MALFORMED
    if status == 403 and problem.get("type", _NO_TYPE) == _NO_TYPE:
        # Of no type, so its status says it all. One of a type that is not known must not stop the account.
        blocked = _BLOCKED.search(str(problem.get("detail", "")))
        return ErrorKind.ACCOUNT_BLOCKED if blocked else ErrorKind.PERMISSION_MISSING
    return ErrorKind.NOT_FOUND if status == 404 else ErrorKind.BAD_REQUEST


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _first(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The problem of an answer: itself, or the first of its `errors` that has a type."""
    if isinstance(value.get("type"), str) or not isinstance(value.get("errors"), list):
        return value
    found = (one for one in value["errors"] if isinstance(one, dict) and problem_name(one))
    return next(found, value)
