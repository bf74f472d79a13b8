"""What Pinterest's refusals mean. Pure functions of status, headers, body and the time.

The status does not decide: some limits of analytics come as 400 and say "Retry after N seconds" in prose
alone, and a pin that is not the account's is 403 like a missing permission.

No message repeats text of the platform, which may quote the request; `native` keeps its code.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec

from afterpost.sdk import ErrorKind, ProviderError, reset_at, retry_after

SCOPES = ("boards:read", "pins:read")
"""What reading pins and their numbers needs."""

ACCOUNT_SCOPE = "user_accounts:read"

_USUAL_WAIT = timedelta(seconds=60)
_A_QUOTA = timedelta(hours=1)
"""A longer wait is for a quota of a day, which trial access has, and not for a limit of a second."""

_LIMITED = 8
_NOT_AUTHORIZED = 7
_NOT_FOUND = 50
_FORBIDDEN = frozenset({3, 29, 403})
"""Codes with which a 403 means a permission, by Pinterest's API description. One that is not known does not
stop the account."""

_PROSE = re.compile(r"retry after ([0-9]{1,9}(?:\.[0-9]{1,9})?) ?s", re.ASCII | re.IGNORECASE)
_NOT_YOURS = re.compile(r"access (the )?(board or )?pin", re.ASCII | re.IGNORECASE)

_SENTENCE = {
    ErrorKind.RATE_LIMITED: "Pinterest asks for fewer calls.",
    ErrorKind.QUOTA_EXHAUSTED: "The calls that Pinterest gives this app a day are used up.",
    ErrorKind.TOKEN_EXPIRED: "Pinterest does not accept the access token any more.",
    ErrorKind.CREDENTIAL_REVOKED: "Pinterest does not accept the refresh token or the app: connect again.",
    ErrorKind.PERMISSION_MISSING: "The person did not grant what is needed.",
    ErrorKind.NOT_FOUND: "Pinterest does not show what was asked for.",
    ErrorKind.BAD_REQUEST: "Pinterest refuses the request.",
    ErrorKind.UPSTREAM_UNAVAILABLE: "Pinterest is not available at the moment.",
    ErrorKind.UPSTREAM_MALFORMED: "Pinterest's answer can't be read.",
}


def classify(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    scopes: tuple[str, ...] = SCOPES,
) -> ProviderError:
    """What an answer that is no result means. Header names in lower case.

    `scopes`: what the request needed, for a refusal that says no more than that something is missing.
    """
    code, message = _envelope(body)
    return _error(_kind(status, code, message), status, code, message, headers, now, scopes)


def classify_token(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderError:
    """What a refusal of the token endpoint means: what it does not accept is dead, whatever the code."""
    code, message = _envelope(body)
    kind = _kind(status, code, message)
    if code is not None and status in (400, 401, 403) and kind is not ErrorKind.RATE_LIMITED:
        kind = ErrorKind.CREDENTIAL_REVOKED
    elif kind is ErrorKind.TOKEN_EXPIRED:
        # Here that would mean: refresh, then refresh.
        kind = ErrorKind.BAD_REQUEST
    return _error(kind, status, code, message, headers, now, ())


def network(error: httpx.HTTPError) -> ProviderError:
    """What a request without an answer means: no connection, time-out, broken off, or undecodable."""
    native = type(error).__name__
    if isinstance(error, httpx.TransportError):
        return ProviderError(ErrorKind.NETWORK, f"Pinterest could not be reached ({native}).", native=native)
    return malformed(native)


def malformed(native: str) -> ProviderError:
    """An answer that is no result although its status says so; `native` says what is wrong with it."""
    sentence = f"Pinterest's answer can't be read ({native})."
    return ProviderError(ErrorKind.UPSTREAM_MALFORMED, sentence, native=native)


def _error(
    kind: ErrorKind,
    status: int,
    code: int | None,
    message: str,
    headers: Mapping[str, str],
    now: datetime,
    scopes: tuple[str, ...],
) -> ProviderError:
    retry_at = None
    if kind in (ErrorKind.RATE_LIMITED, ErrorKind.UPSTREAM_UNAVAILABLE):
        prose = _PROSE.search(message)
        retry_at = retry_after(headers.get("retry-after"), now)
        retry_at = retry_at or (retry_after(prose[1], now) if prose else None)
    if kind is ErrorKind.RATE_LIMITED:
        retry_at = retry_at or reset_at(headers.get("x-ratelimit-reset"), now) or now + _USUAL_WAIT
        if retry_at - now > _A_QUOTA:
            kind = ErrorKind.QUOTA_EXHAUSTED
    native = str(code) if code is not None else f"http_{status}"
    return ProviderError(
        kind,
        f"{_SENTENCE[kind].removesuffix('.')} ({native}).",
        native=native,
        retry_at=retry_at,
        # The limit of a second is a person's, that of a day the app's.
        scope="app" if kind is ErrorKind.QUOTA_EXHAUSTED else "account",
        scopes=scopes if kind is ErrorKind.PERMISSION_MISSING else (),
    )


def _kind(status: int, code: int | None, message: str) -> ErrorKind:
    if status >= 500 or status == 408:
        return ErrorKind.UPSTREAM_UNAVAILABLE
    if status == 429 or code == _LIMITED or (code is not None and _PROSE.search(message)):
        return ErrorKind.RATE_LIMITED
    if code is not None and status in (401, 403) and _NOT_YOURS.search(message):
        return ErrorKind.NOT_FOUND
    if code == _NOT_AUTHORIZED:
        return ErrorKind.PERMISSION_MISSING
    if status == 401:
        return ErrorKind.TOKEN_EXPIRED
    if code is None or status < 400:
        return ErrorKind.UPSTREAM_MALFORMED
    if status == 403 and code in _FORBIDDEN:
        return ErrorKind.PERMISSION_MISSING
    return ErrorKind.NOT_FOUND if status == 404 or code == _NOT_FOUND else ErrorKind.BAD_REQUEST


def _envelope(body: bytes) -> tuple[int | None, str]:
    """Code and message of an error; no code where the body is none."""
    try:
        value: Any = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None, ""
    code = value.get("code") if isinstance(value, dict) else None
    message = value.get("message") if isinstance(value, dict) else None
    if isinstance(code, bool) or not isinstance(code, int) or not 0 <= code < 10**9:
        code = None
    return code, message[:1_000] if isinstance(message, str) else ""
