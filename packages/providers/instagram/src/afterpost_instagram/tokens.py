"""Instagram's token answers: an access token of an hour for a code, one of 60 days for that or its like."""

from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from afterpost.sdk import Call, Credential, Secret
from afterpost_instagram.payloads import read

_LONGEST_TOKEN = 366 * 86_400


class LongLived(Struct):
    """The answer of `/access_token` and `/refresh_access_token`."""

    access_token: str
    expires_in: object = None


class ShortLived(Struct):
    """The answer for a code. What was granted is a list, or one text with commas."""

    access_token: str
    permissions: object = None


class Wrapped(Struct):
    """The same, as the pages of the platform show it."""

    data: list[ShortLived]


def long_lived(call: Call, body: bytes, scopes: tuple[str, ...]) -> Credential | None:
    """The credential with the token of an answer; None when it is none."""
    answer: LongLived | None = read(body, LongLived)
    if answer is None or not answer.access_token:
        return None
    return Credential(
        secrets={**call.credential.secrets, "access_token": Secret(answer.access_token)},
        scopes=scopes,
        expires_at=_end(answer.expires_in, call.now),
    )


def short_lived(body: bytes) -> tuple[str, tuple[str, ...]] | None:
    """The token for a code and the scopes that were granted; None when the answer is none."""
    wrapped: Wrapped | None = read(body, Wrapped)
    answer: ShortLived | None = wrapped.data[0] if wrapped and wrapped.data else read(body, ShortLived)
    if answer is None or not answer.access_token:
        return None
    granted = answer.permissions
    names = granted.split(",") if isinstance(granted, str) else granted if isinstance(granted, list) else []
    return answer.access_token, tuple(
        name.strip() for name in names if isinstance(name, str) and name.strip()
    )


def ending(credential: Credential, at: datetime) -> Credential:
    """The credential with another end."""
    return msgspec.structs.replace(credential, expires_at=at)


def _end(seconds: object, now: datetime) -> datetime | None:
    if isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds <= _LONGEST_TOKEN:
        return now + timedelta(seconds=seconds)
    return None
