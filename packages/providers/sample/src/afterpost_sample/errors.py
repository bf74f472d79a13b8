"""What Sample's refusals mean: pure functions, so that every case is one line of a test.

The code in the body decides before the status: Sample says 403 for a used-up quota, which passes, and for a
missing scope, which only a person can mend. No message repeats Sample's text: it may quote a token.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import httpx

from afterpost.sdk import ErrorKind, ProviderError
from afterpost_sample import payloads

_SCOPE = "posts:read"
_MEANINGS = {
    "rate_limited": (ErrorKind.RATE_LIMITED, "Sample asks for fewer calls."),
    "quota_exceeded": (ErrorKind.QUOTA_EXHAUSTED, "The daily quota at Sample is used up."),
    "token_expired": (ErrorKind.TOKEN_EXPIRED, "Sample does not accept the access token any more."),
    "token_revoked": (ErrorKind.CREDENTIAL_REVOKED, "Sample does not accept the refresh token any more."),
    "missing_scope": (ErrorKind.PERMISSION_MISSING, f"The credential lacks the scope {_SCOPE}."),
    "account_suspended": (ErrorKind.ACCOUNT_BLOCKED, "Sample has suspended the account."),
}


def classify(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderError:
    """What an answer that is no result means. Header names in lower case."""
    refusal = payloads.read(body, payloads.Refusal)
    code = refusal.error if refusal else f"http_{status}"
    if code in _MEANINGS:
        kind, message = _MEANINGS[code]
    elif status == 429:  # without a code of Sample's it may be a proxy that speaks; these two it may say
        kind, message = _MEANINGS["rate_limited"]
    elif status >= 500:
        kind, message = ErrorKind.UPSTREAM_UNAVAILABLE, "Sample is not available at the moment."
    elif refusal:
        kind, message = ErrorKind.BAD_REQUEST, "Sample refuses the request."
    else:
        kind, message = ErrorKind.UPSTREAM_MALFORMED, "Sample's answer can't be read."
    retry_at = None  # then core waits as it sees fit
    seconds = headers.get("retry-after", "")
    if kind is ErrorKind.QUOTA_EXHAUSTED:
        retry_at = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    elif re.fullmatch("[0-9]{1,5}", seconds):  # a wait of much more than a day is not believed
        retry_at = now + timedelta(seconds=int(seconds))
    scopes = (_SCOPE,) if kind is ErrorKind.PERMISSION_MISSING else ()
    return ProviderError(kind, f"{message} ({code})", native=code, retry_at=retry_at, scopes=scopes)


def network(error: httpx.HTTPError) -> ProviderError:
    """A request without an answer: no connection, a time-out, a broken line."""
    native = type(error).__name__
    return ProviderError(ErrorKind.NETWORK, f"Sample could not be reached. ({native})", native=native)
