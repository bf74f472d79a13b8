"""What YouTube's refusals mean. Pure functions of status, headers, body and the time.

The status does not decide: an exhausted quota and a missing permission are both 403. The `reason` in the
error envelope does, and the status only where there is no envelope.

No message repeats text of the platform, which may quote the request; `native` keeps its code.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import httpx
import msgspec

from afterpost.sdk import ErrorKind, ProviderError

SCOPE = "https://www.googleapis.com/auth/youtube.readonly"
"""The OAuth scope that reading needs."""

ANALYTICS_SCOPE = "https://www.googleapis.com/auth/yt-analytics.readonly"
"""The OAuth scope that series by day need beside it."""


class Api(NamedTuple):
    """One of Google's APIs, as a project has it enabled, and the scope that its refusals are about."""

    name: str
    scope: str


DATA = Api("YouTube Data API", SCOPE)
ANALYTICS = Api("YouTube Analytics API", ANALYTICS_SCOPE)

QUOTA_ZONE = "America/Los_Angeles"
"""The daily quotas start anew at midnight there, and days of reports are days there."""

_LONGEST_WAIT = timedelta(hours=24)
_USUAL_WAIT = timedelta(seconds=60)

_MEANING: tuple[tuple[frozenset[str], ErrorKind], ...] = (
    (
        frozenset({"quotaExceeded", "dailyLimitExceeded", "dailyLimitExceededUnreg"}),
        ErrorKind.QUOTA_EXHAUSTED,
    ),
    (
        frozenset(
            {"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED"}
        ),
        ErrorKind.RATE_LIMITED,
    ),
    (
        frozenset(
            {
                "authenticatedUserAccountSuspended",
                "authenticatedUserAccountClosed",
                "accountSuspended",
                "accountClosed",
                "channelSuspended",
                "channelClosed",
                "youtubeSignupRequired",
            }
        ),
        ErrorKind.ACCOUNT_BLOCKED,
    ),
    (frozenset({"authError", "ACCESS_TOKEN_EXPIRED", "UNAUTHENTICATED"}), ErrorKind.TOKEN_EXPIRED),
    (
        frozenset(
            {
                "insufficientPermissions",
                "forbidden",
                "channelForbidden",
                "playlistItemsNotAccessible",
                "accessNotConfigured",
                "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                "SERVICE_DISABLED",
                "PERMISSION_DENIED",
            }
        ),
        ErrorKind.PERMISSION_MISSING,
    ),
)
"""Reasons and what they mean; the first line with a reason of the answer decides."""

_OF_THE_GRANT = frozenset(
    {"insufficientPermissions", "accessNotConfigured", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "SERVICE_DISABLED"}
)
"""Reasons that are about the grant or the project, whatever was asked for."""

_SENTENCE = {
    ErrorKind.QUOTA_EXHAUSTED: "The daily YouTube quota of this OAuth client's project is used up.",
    ErrorKind.RATE_LIMITED: "YouTube asks for fewer calls.",
    ErrorKind.ACCOUNT_BLOCKED: "The YouTube account is suspended, closed or has no channel.",
    ErrorKind.TOKEN_EXPIRED: "YouTube does not accept the access token any more.",
    ErrorKind.PERMISSION_MISSING: (
        "The credential lacks the scope {scope}, may not read this channel, or its project lacks the {api}."
    ),
    ErrorKind.METRIC_UNAVAILABLE: "YouTube does not show the reports of this video to the credential.",
    ErrorKind.NOT_FOUND: "YouTube does not know what was asked for.",
    ErrorKind.BAD_REQUEST: "YouTube refuses the request.",
    ErrorKind.UPSTREAM_UNAVAILABLE: "YouTube is not available at the moment.",
    ErrorKind.UPSTREAM_MALFORMED: "YouTube's answer can't be read.",
}

_DEAD_GRANT = frozenset({"invalid_grant", "invalid_client", "unauthorized_client", "deleted_client"})


def classify(
    status: int, headers: Mapping[str, str], body: bytes, now: datetime, api: Api = DATA
) -> ProviderError:
    """What an answer of an API that is not a result means. Header names in lower case.

    A quota is one of the project, so that all its accounts have to wait.
    """
    envelope = _envelope(body)
    if status < 400 and isinstance(envelope, dict) and isinstance(envelope.get("code"), int):
        status = max(status, min(envelope["code"], 599))
    reasons = _reasons(envelope)
    native = next(iter(reasons), f"http_{status}")
    kind = _kind(status, reasons, readable=envelope is not None)
    if kind is ErrorKind.PERMISSION_MISSING and api is ANALYTICS and _OF_THE_GRANT.isdisjoint(reasons):
        # It says so of a video that it takes for somebody else's.
        kind = ErrorKind.METRIC_UNAVAILABLE
    if kind is ErrorKind.RATE_LIMITED and "PerDay" in _quota_limit(envelope):
        kind = ErrorKind.QUOTA_EXHAUSTED
    retry_at = None
    if kind is ErrorKind.QUOTA_EXHAUSTED:
        retry_at = next_quota(now)
    elif kind is ErrorKind.RATE_LIMITED:
        retry_at = _retry_after(headers, now) or now + _USUAL_WAIT
    elif kind is ErrorKind.UPSTREAM_UNAVAILABLE:
        retry_at = _retry_after(headers, now)
    return _error(kind, native, retry_at=retry_at, api=api)


def classify_token(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderError:
    """What a refusal of the OAuth token endpoint means; its envelope is `{"error": "<code>"}`."""
    native = next(iter(_reasons(_envelope(body))), None)
    if native in _DEAD_GRANT:
        sentence = "Google does not accept the refresh token or the OAuth client any more: connect again."
        return ProviderError(ErrorKind.CREDENTIAL_REVOKED, sentence, native=native)
    error = classify(status, headers, body, now)
    if error.kind is ErrorKind.TOKEN_EXPIRED:
        # Here that would mean: refresh, then refresh.
        return _error(ErrorKind.BAD_REQUEST, error.native)
    return error


def network(error: httpx.HTTPError) -> ProviderError:
    """What a request without an answer means: no connection, time-out, broken off, or undecodable."""
    native = type(error).__name__
    if isinstance(error, httpx.TransportError):
        return ProviderError(ErrorKind.NETWORK, f"YouTube could not be reached ({native}).", native=native)
    return _error(ErrorKind.UPSTREAM_MALFORMED, native)


def malformed(native: str) -> ProviderError:
    """An answer that is no result although its status says so; `native` says what is wrong with it."""
    return _error(ErrorKind.UPSTREAM_MALFORMED, native)


def next_quota(now: datetime) -> datetime:
    """The instant (UTC) at which the daily quota starts anew: the next midnight Pacific time."""
    tomorrow = now.astimezone(ZoneInfo(QUOTA_ZONE)).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), ZoneInfo(QUOTA_ZONE)).astimezone(UTC)


def decode(body: bytes) -> Any:
    """The JSON value of a body. ValueError when it is none, also when it is nested beyond all measure."""
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _error(
    kind: ErrorKind, native: str | None, *, retry_at: datetime | None = None, api: Api = DATA
) -> ProviderError:
    sentence = _SENTENCE[kind].format(api=api.name, scope=api.scope.rpartition("/")[2])
    sentence = sentence.removesuffix(".") + (f" ({native})." if native else ".")
    return ProviderError(
        kind,
        sentence,
        native=native,
        retry_at=retry_at,
        scope="app" if kind is ErrorKind.QUOTA_EXHAUSTED else "account",
        scopes=(api.scope,) if kind is ErrorKind.PERMISSION_MISSING else (),
    )


def _kind(status: int, reasons: tuple[str, ...], *, readable: bool) -> ErrorKind:
    if status >= 500:
        return ErrorKind.UPSTREAM_UNAVAILABLE
    for names, kind in _MEANING:
        if not names.isdisjoint(reasons):
            return kind
    by_status = {
        401: ErrorKind.TOKEN_EXPIRED,
        429: ErrorKind.RATE_LIMITED,
        408: ErrorKind.UPSTREAM_UNAVAILABLE,
    }
    if status in by_status:
        return by_status[status]
    if not readable or status < 400:
        return ErrorKind.UPSTREAM_MALFORMED
    return ErrorKind.NOT_FOUND if status in (404, 410) else ErrorKind.BAD_REQUEST


def _envelope(body: bytes) -> Any:
    """What stands under `error`, an object or a string; None when the body is no error envelope."""
    try:
        value = decode(body)
    except ValueError:
        return None
    error = value.get("error") if isinstance(value, dict) else None
    return error if isinstance(error, dict | str) else None


def _reasons(envelope: Any) -> tuple[str, ...]:
    """Every code in an envelope, the most specific first."""
    if not isinstance(envelope, dict):
        found = [envelope]
    else:
        found = [part.get("reason") for part in _objects(envelope.get("errors"))]
        found += [part.get("reason") for part in _objects(envelope.get("details"))]
        found.append(envelope.get("status"))
    return tuple(
        one for one in found if isinstance(one, str) and re.fullmatch(r"[\w.-]{1,64}", one, re.ASCII)
    )


def _quota_limit(envelope: Any) -> str:
    """The name of the limit that was hit, e.g. `DefaultRequestsPerMinutePerProject`; empty when unnamed."""
    for part in _objects(envelope.get("details")) if isinstance(envelope, dict) else ():
        metadata = part.get("metadata")
        limit = metadata.get("quota_limit") if isinstance(metadata, dict) else None
        if isinstance(limit, str):
            return limit
    return ""


def _objects(value: Any) -> list[dict[str, Any]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """The Retry-After header as an instant after `now` and at most a day away; None when unreadable."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch("[0-9]+", text):
        # More digits than any wait has: a number this long is not even worth converting.
        wanted = now + (timedelta(seconds=int(text)) if len(text) < 7 else _LONGEST_WAIT)
    else:
        try:
            date = parsedate_to_datetime(text)
            wanted = (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        if wanted <= now:
            return None
    return min(max(wanted, now + timedelta(seconds=1)), now + _LONGEST_WAIT)
