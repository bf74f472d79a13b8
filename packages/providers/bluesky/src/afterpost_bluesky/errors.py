"""What Bluesky's refusals mean. Pure functions of status, headers, body and the time.

The status does not decide: an access token that ended is 400, like a wrong parameter. The name under `error`
does, and the status only where there is none.

No message repeats text of the platform, which may quote the request; `native` keeps its name of the error.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec

from afterpost.sdk import ErrorKind, ProviderError, reset_at, retry_after

_WINDOW = timedelta(minutes=5)
"""The window of the usual policy `3000;w=300`: after one, there is room again."""

_MEANING = {
    "ExpiredToken": ErrorKind.TOKEN_EXPIRED,
    "InvalidToken": ErrorKind.TOKEN_EXPIRED,
    "AuthMissing": ErrorKind.TOKEN_EXPIRED,
    "AuthenticationRequired": ErrorKind.TOKEN_EXPIRED,
    "RateLimitExceeded": ErrorKind.RATE_LIMITED,
    "AccountTakedown": ErrorKind.ACCOUNT_BLOCKED,
    "AccountDeactivated": ErrorKind.ACCOUNT_BLOCKED,
    "AccountSuspended": ErrorKind.ACCOUNT_BLOCKED,
    "RepoDeactivated": ErrorKind.ACCOUNT_BLOCKED,
    "RepoTakendown": ErrorKind.ACCOUNT_BLOCKED,
    "Forbidden": ErrorKind.PERMISSION_MISSING,
    "ScopeMissingError": ErrorKind.PERMISSION_MISSING,
    "InvalidRequest": ErrorKind.BAD_REQUEST,
    "MethodNotImplemented": ErrorKind.BAD_REQUEST,
    "InternalServerError": ErrorKind.UPSTREAM_UNAVAILABLE,
    "UpstreamFailure": ErrorKind.UPSTREAM_UNAVAILABLE,
    "UpstreamTimeout": ErrorKind.UPSTREAM_UNAVAILABLE,
    "NotEnoughResources": ErrorKind.UPSTREAM_UNAVAILABLE,
}
"""Names that servers give errors."""

_DEAD = frozenset(
    {"ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired", "AuthFactorTokenRequired"}
)
"""Where a session is made or renewed, these end it: there is nothing left to renew it with."""

_SENTENCE = {
    ErrorKind.RATE_LIMITED: "Bluesky asks for fewer calls.",
    ErrorKind.TOKEN_EXPIRED: "Bluesky does not accept the access token any more.",
    ErrorKind.CREDENTIAL_REVOKED: "Bluesky does not accept the app password or the session: connect again.",
    ErrorKind.PERMISSION_MISSING: "The session may not read this.",
    ErrorKind.ACCOUNT_BLOCKED: "The Bluesky account was taken down or is deactivated.",
    ErrorKind.NOT_FOUND: "Bluesky does not know what was asked for.",
    ErrorKind.BAD_REQUEST: "Bluesky refuses the request.",
    ErrorKind.UPSTREAM_UNAVAILABLE: "Bluesky is not available at the moment.",
    ErrorKind.UPSTREAM_MALFORMED: "Bluesky's answer can't be read.",
}

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


def classify(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderError:
    """What an XRPC answer that is no result means. Header names in lower case."""
    name = _name(body)
    return _error(_kind(status, name), name or f"http_{status}", headers, now)


def classify_session(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderError:
    """What a refusal of `createSession` or `refreshSession` means: a token that ended can't be renewed."""
    name = _name(body)
    kind = ErrorKind.CREDENTIAL_REVOKED if name in _DEAD else _kind(status, name)
    if kind is ErrorKind.TOKEN_EXPIRED:
        # Here that would mean: refresh, then refresh.
        kind = ErrorKind.BAD_REQUEST
    return _error(kind, name or f"http_{status}", headers, now)


def network(error: httpx.HTTPError) -> ProviderError:
    """What a request without an answer means: no connection, time-out, broken off, or undecodable."""
    native = type(error).__name__
    if isinstance(error, httpx.TransportError):
        return ProviderError(ErrorKind.NETWORK, f"Bluesky could not be reached ({native}).", native=native)
    return malformed(native)


def malformed(native: str) -> ProviderError:
    """An answer that is no result although its status says so; `native` says what is wrong with it."""
    sentence = f"Bluesky's answer can't be read ({native})."
    return ProviderError(ErrorKind.UPSTREAM_MALFORMED, sentence, native=native)


def decode(body: bytes) -> Any:
    """The JSON value of a body; None when it is none, also when it is nested beyond all measure."""
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None


def _error(kind: ErrorKind, native: str, headers: Mapping[str, str], now: datetime) -> ProviderError:
    limited = kind is ErrorKind.RATE_LIMITED
    retry_at = None
    if limited or kind is ErrorKind.UPSTREAM_UNAVAILABLE:
        retry_at = retry_after(headers.get("retry-after"), now)
    if limited:
        retry_at = retry_at or reset_at(headers.get("ratelimit-reset"), now) or now + _WINDOW
    return ProviderError(
        kind,
        f"{_SENTENCE[kind].removesuffix('.')} ({native}).",
        native=native,
        retry_at=retry_at,
        # Servers count by the address that asks, so all accounts here wait together.
        scope="app" if limited else "account",
    )


def _kind(status: int, name: str | None) -> ErrorKind:
    if name in _MEANING:
        return _MEANING[name]
    if status >= 500 or status == 408:
        return ErrorKind.UPSTREAM_UNAVAILABLE
    if status == 429:
        return ErrorKind.RATE_LIMITED
    if status == 401:
        return ErrorKind.TOKEN_EXPIRED
    if name is None or status < 400:
        return ErrorKind.UPSTREAM_MALFORMED
    # A 403 whose name is not known is no reason to stop the account: that takes a person to mend.
    return ErrorKind.NOT_FOUND if status == 404 else ErrorKind.BAD_REQUEST


def _name(body: bytes) -> str | None:
    """What stands under `error`, where that looks like a name: people get to see it."""
    value = decode(body)
    name = value.get("error") if isinstance(value, dict) else None
    return name if isinstance(name, str) and _NAME.fullmatch(name) else None
