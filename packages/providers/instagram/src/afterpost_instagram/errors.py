"""What Meta's refusals mean. Pure functions of status, headers, body and the time.

The status does not decide: throttling and dead tokens come with 400 as often as not. `error.code` and
`error_subcode` do, and the status only where there is no envelope.

No message repeats text of the platform, which may quote the request; `native` keeps its codes.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import httpx
import msgspec

from afterpost.sdk import ErrorKind, ProviderError, retry_after

BASIC_SCOPE = "instagram_business_basic"
INSIGHTS_SCOPE = "instagram_business_manage_insights"

_USUAL_WAIT = timedelta(hours=1)
"""Where Meta names no time: its limits count a rolling hour."""

_CODES = {
    1: ErrorKind.UPSTREAM_UNAVAILABLE,
    2: ErrorKind.UPSTREAM_UNAVAILABLE,
    3: ErrorKind.PERMISSION_MISSING,
    4: ErrorKind.RATE_LIMITED,
    10: ErrorKind.PERMISSION_MISSING,
    17: ErrorKind.RATE_LIMITED,
    32: ErrorKind.RATE_LIMITED,
    100: ErrorKind.BAD_REQUEST,
    # No refresh token exists, so a token that ended is not renewed: only connecting again helps.
    102: ErrorKind.CREDENTIAL_REVOKED,
    190: ErrorKind.CREDENTIAL_REVOKED,
    368: ErrorKind.ACCOUNT_BLOCKED,
    613: ErrorKind.RATE_LIMITED,
    803: ErrorKind.NOT_FOUND,
    80002: ErrorKind.RATE_LIMITED,
}
_PERMISSIONS = range(200, 300)
_SUBCODES = {
    (100, 33): ErrorKind.NOT_FOUND,
    # Posted before the account became a professional one: there are no insights of it.
    (100, 2108006): ErrorKind.METRIC_UNAVAILABLE,
    # The person has to log in on the platform and answer its questions first.
    (190, 459): ErrorKind.ACCOUNT_BLOCKED,
}
_TOO_FEW = "not enough viewers"
"""Of code 10 and no matter of permission: there are no insights yet."""

_OF_APP = 4
"""The code of the limit that all accounts of an app share."""

_SENTENCE = {
    ErrorKind.RATE_LIMITED: "Instagram asks for fewer calls.",
    ErrorKind.TOKEN_EXPIRED: "Instagram does not accept the access token.",
    ErrorKind.CREDENTIAL_REVOKED: "Instagram does not accept the access token any more: connect again.",
    ErrorKind.PERMISSION_MISSING: "The person did not grant what is needed.",
    ErrorKind.ACCOUNT_BLOCKED: "Instagram has blocked the account until its owner logs in there.",
    ErrorKind.NOT_FOUND: "Instagram does not show what was asked for.",
    ErrorKind.METRIC_UNAVAILABLE: "Instagram has no such insights of this post, any more or yet.",
    ErrorKind.BAD_REQUEST: "Instagram refuses the request.",
    ErrorKind.UPSTREAM_UNAVAILABLE: "Instagram is not available at the moment.",
    ErrorKind.UPSTREAM_MALFORMED: "Instagram's answer can't be read.",
}


def classify(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    scopes: tuple[str, ...] = (BASIC_SCOPE,),
) -> ProviderError:
    """What an answer of the Graph API that is no result means. Header names in lower case.

    `scopes`: what the request needed, for a refusal that says no more than that something is missing.
    """
    envelope = _envelope(body)
    code, subcode = _number(envelope.get("code")), _number(envelope.get("error_subcode"))
    kind = _kind(status, code, subcode, envelope)
    native = f"http_{status}" if code is None else f"{code}" if subcode is None else f"{code}/{subcode}"
    retry_at = None
    if kind is ErrorKind.RATE_LIMITED:
        retry_at = regained(headers, now) or retry_after(headers.get("retry-after"), now) or now + _USUAL_WAIT
    elif kind is ErrorKind.UPSTREAM_UNAVAILABLE:
        retry_at = retry_after(headers.get("retry-after"), now)
    trace = envelope.get("fbtrace_id")
    return _error(
        kind,
        native,
        request_id=trace if isinstance(trace, str) and re.fullmatch(r"[\w-]{1,64}", trace, re.A) else None,
        retry_at=retry_at,
        scope="app" if code == _OF_APP else "account",
        scopes=scopes if kind is ErrorKind.PERMISSION_MISSING else (),
    )


def classify_token(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderError:
    """What a refusal of a token endpoint means. That of `api.instagram.com` has an envelope of its own,
    `{"error_type", "code", "error_message"}`."""
    whole = _value(body)
    if isinstance(whole, dict) and isinstance(whole.get("error_type"), str) and status < 500:
        return _error(ErrorKind.CREDENTIAL_REVOKED, f"http_{status}")
    error = classify(status, headers, body, now)
    if error.kind is ErrorKind.TOKEN_EXPIRED:
        # Here that would mean: refresh, then refresh.
        return _error(ErrorKind.CREDENTIAL_REVOKED, error.native)
    return error


def refused_metrics(body: bytes, asked: Sequence[str]) -> tuple[str, ...] | None:
    """Which of the asked metrics a refusal (code 100) names; empty when it names none of them.

    None when the answer is no refusal of metrics at all. Meta has several ways to say it: `metric[2] must be
    one of the following values: …`, `does not support the plays, replies metric for this media product type`.
    """
    envelope = _envelope(body)
    message = envelope.get("message")
    if _number(envelope.get("code")) != 100 or _number(envelope.get("error_subcode")) in (33, 2108006):
        return None
    if not isinstance(message, str) or "metric" not in message:
        return ()
    place = re.search(r"metric\[([0-9]{1,3})\]", message)
    if place:
        return (asked[int(place[1])],) if int(place[1]) < len(asked) else ()
    if "must be one of" in message:  # then the names are of those that can be had
        return ()
    return tuple(name for name in asked if re.search(rf"\b{name}\b", message))


def regained(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When calls are let through again, by `X-Business-Use-Case-Usage`, which counts minutes."""
    try:
        usage = msgspec.json.decode(headers.get("x-business-use-case-usage", "").encode())
    except (ValueError, RecursionError):
        return None
    cases = [case for cases in usage.values() for case in cases] if _is_usage(usage) else []
    minutes = [
        _number(case.get("estimated_time_to_regain_access")) for case in cases if isinstance(case, dict)
    ]
    longest = max((one for one in minutes if one is not None), default=0)
    return retry_after(str(min(longest, 10_000) * 60), now) if longest > 0 else None


def network(error: httpx.HTTPError) -> ProviderError:
    """What a request without an answer means: no connection, time-out, broken off, or undecodable."""
    native = type(error).__name__
    if isinstance(error, httpx.TransportError):
        return ProviderError(ErrorKind.NETWORK, f"Instagram could not be reached ({native}).", native=native)
    return malformed(native)


def malformed(native: str) -> ProviderError:
    """An answer that is no result although its status says so; `native` says what is wrong with it."""
    return _error(ErrorKind.UPSTREAM_MALFORMED, native)


def unavailable_metrics() -> ProviderError:
    """Every metric of a post was refused."""
    return _error(ErrorKind.METRIC_UNAVAILABLE, "100")


def _error(
    kind: ErrorKind,
    native: str | None,
    *,
    request_id: str | None = None,
    retry_at: datetime | None = None,
    scope: Literal["account", "app"] = "account",
    scopes: tuple[str, ...] = (),
) -> ProviderError:
    return ProviderError(
        kind,
        f"{_SENTENCE[kind].removesuffix('.')} ({native}).",
        native=native,
        request_id=request_id,
        retry_at=retry_at,
        scope=scope,
        scopes=scopes,
    )


def _kind(status: int, code: int | None, subcode: int | None, envelope: Mapping[str, Any]) -> ErrorKind:
    if code is not None:
        if code == 10 and _TOO_FEW in str(envelope.get("message")).lower():
            return ErrorKind.METRIC_UNAVAILABLE
        known = _SUBCODES.get((code, subcode or 0)) or _CODES.get(code)
        if known is not None:
            return known
        if code in _PERMISSIONS:
            return ErrorKind.PERMISSION_MISSING
    if envelope.get("is_transient") is True or status >= 500 or status == 408:
        return ErrorKind.UPSTREAM_UNAVAILABLE
    if status == 429:
        return ErrorKind.RATE_LIMITED
    if status == 401:
        return ErrorKind.TOKEN_EXPIRED
    if code is None:
        return ErrorKind.UPSTREAM_MALFORMED
    return ErrorKind.NOT_FOUND if status == 404 else ErrorKind.BAD_REQUEST


def _envelope(body: bytes) -> Mapping[str, Any]:
    """What stands under `error`; empty when the body is no error envelope."""
    whole = _value(body)
    error = whole.get("error") if isinstance(whole, dict) else None
    return error if isinstance(error, dict) else {}


def _value(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def _is_usage(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(cases, list) for cases in value.values())
