"""What TikTok's refusals mean. Pure functions of status, headers, body and the time.

The status does not decide: every answer carries `error.code`, and one that is not `ok` may come with status
200. The code is asked first, and the status only where there is none.

No message repeats text of the platform, which may quote the request; `native` keeps its code.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec

from afterpost.sdk import ErrorKind, ProviderError, retry_after

BASIC_SCOPE = "user.info.basic"
STATS_SCOPE = "user.info.stats"
VIDEO_SCOPE = "video.list"

OK = "ok"
"""The code of an answer that is no refusal."""

_WINDOW = timedelta(minutes=1)
"""TikTok counts requests in a sliding minute and names no time: after one, there is room again."""

_MEANING = {
    "access_token_invalid": ErrorKind.TOKEN_EXPIRED,
    "scope_not_authorized": ErrorKind.PERMISSION_MISSING,
    "scope_permission_missed": ErrorKind.PERMISSION_MISSING,
    "rate_limit_exceeded": ErrorKind.RATE_LIMITED,
    "internal_error": ErrorKind.UPSTREAM_UNAVAILABLE,
    "invalid_params": ErrorKind.BAD_REQUEST,
}
"""Codes of the Display API."""

_TOKEN_MEANING = {
    "invalid_grant": ErrorKind.CREDENTIAL_REVOKED,
    "access_denied": ErrorKind.CREDENTIAL_REVOKED,
    "invalid_client": ErrorKind.CREDENTIAL_REVOKED,
    "unauthorized_client": ErrorKind.CREDENTIAL_REVOKED,
    "invalid_scope": ErrorKind.PERMISSION_MISSING,
    "invalid_request": ErrorKind.BAD_REQUEST,
    "unsupported_grant_type": ErrorKind.BAD_REQUEST,
    "unsupported_response_type": ErrorKind.BAD_REQUEST,
}
"""Codes of the token endpoint (RFC 6749)."""

_SENTENCE = {
    ErrorKind.RATE_LIMITED: "TikTok asks for fewer calls.",
    ErrorKind.TOKEN_EXPIRED: "TikTok does not accept the access token any more.",
    ErrorKind.CREDENTIAL_REVOKED: "TikTok does not accept the refresh token or the app: connect again.",
    ErrorKind.PERMISSION_MISSING: "The person did not grant what is needed.",
    ErrorKind.NOT_FOUND: "TikTok does not know what was asked for.",
    ErrorKind.BAD_REQUEST: "TikTok refuses the request.",
    ErrorKind.UPSTREAM_UNAVAILABLE: "TikTok is not available at the moment.",
    ErrorKind.UPSTREAM_MALFORMED: "TikTok's answer can't be read.",
}

_CODE = re.compile(r"[\w.-]{1,64}", re.ASCII)


def classify(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    scopes: tuple[str, ...] = (VIDEO_SCOPE,),
) -> ProviderError:
    """What an answer of the Display API that is no result means. Header names in lower case.

    `scopes`: what the request needed, for a refusal that says no more than that something is missing.
    """
    envelope = _object(_object(_value(body)).get("error"))
    code = _text(envelope.get("code"))
    if code == OK:  # with a status of a refusal, or a body that is no result after all
        code = None
    kind = _MEANING.get(code or "") or _by_status(status, readable=code is not None)
    return _error(kind, code or f"http_{status}", _text(envelope.get("log_id")), headers, now, scopes)


def classify_token(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderError:
    """What a refusal of the token endpoint means; its envelope is `{"error": "<code>"}`, also with 200."""
    envelope = _object(_value(body))
    code = _text(envelope.get("error"))
    kind = _TOKEN_MEANING.get(code or "") or _by_status(status, readable=code is not None)
    if kind is ErrorKind.TOKEN_EXPIRED:
        # Here that would mean: refresh, then refresh.
        kind = ErrorKind.BAD_REQUEST
    log_id = _text(envelope.get("log_id"))
    return _error(kind, code or f"http_{status}", log_id, headers, now, (VIDEO_SCOPE,))


def network(error: httpx.HTTPError) -> ProviderError:
    """What a request without an answer means: no connection, time-out, broken off, or undecodable."""
    native = type(error).__name__
    if isinstance(error, httpx.TransportError):
        return ProviderError(ErrorKind.NETWORK, f"TikTok could not be reached ({native}).", native=native)
    return malformed(native)


def malformed(native: str) -> ProviderError:
    """An answer that is no result although its code says so; `native` says what is wrong with it."""
    sentence = f"TikTok's answer can't be read ({native})."
    return ProviderError(ErrorKind.UPSTREAM_MALFORMED, sentence, native=native)


def _error(
    kind: ErrorKind,
    native: str,
    log_id: str | None,
    headers: Mapping[str, str],
    now: datetime,
    scopes: tuple[str, ...],
) -> ProviderError:
    named = retry_after(headers.get("retry-after"), now)
    limited = kind is ErrorKind.RATE_LIMITED
    return ProviderError(
        kind,
        f"{_SENTENCE[kind].removesuffix('.')} ({native}).",
        native=native,
        request_id=log_id,
        retry_at=(named or now + _WINDOW)
        if limited
        else named
        if kind is ErrorKind.UPSTREAM_UNAVAILABLE
        else None,
        # Requests are counted per app and endpoint, so the accounts of an app wait together.
        scope="app" if limited else "account",
        scopes=scopes if kind is ErrorKind.PERMISSION_MISSING else (),
    )


def _by_status(status: int, *, readable: bool) -> ErrorKind:
    if status >= 500 or status == 408:
        return ErrorKind.UPSTREAM_UNAVAILABLE
    if status == 429:
        return ErrorKind.RATE_LIMITED
    if status == 401:
        return ErrorKind.TOKEN_EXPIRED
    if not readable:
        return ErrorKind.UPSTREAM_MALFORMED
    return ErrorKind.NOT_FOUND if status == 404 else ErrorKind.BAD_REQUEST


def _value(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    """A code or an id; anything that does not look like one is none, for people get to see it."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None
