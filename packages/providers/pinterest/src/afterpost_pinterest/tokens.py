"""Pinterest's token answers: two tokens, when each ends, and what was granted."""

from datetime import datetime, timedelta

from msgspec import Struct

from afterpost.sdk import Call, Credential, Secret
from afterpost_pinterest.payloads import answer_of

_LONGEST_TOKEN = 2 * 366 * 86_400


class TokenAnswer(Struct):
    """The answer of `/v5/oauth/token`. How long tokens live is read, not assumed: it has changed."""

    access_token: str
    refresh_token: str | None = None
    expires_in: object = None
    refresh_token_expires_in: object = None
    scope: object = None


def credential_of(call: Call, body: bytes) -> Credential | None:
    """The credential with the tokens of an answer; None when it is none."""
    answer = answer_of(body, TokenAnswer)
    if answer is None or not answer.access_token:
        return None
    old = call.credential
    secrets = {**old.secrets, "access_token": Secret(answer.access_token)}
    refresh_expires_at = _end(answer.refresh_token_expires_in, call.now)
    if answer.refresh_token:
        secrets["refresh_token"] = Secret(answer.refresh_token)
    else:
        refresh_expires_at = refresh_expires_at or old.refresh_expires_at
    scopes = answer.scope.replace(",", " ").split() if isinstance(answer.scope, str) else old.scopes
    return Credential(
        secrets=secrets,
        scopes=tuple(scopes),
        expires_at=_end(answer.expires_in, call.now),
        refresh_expires_at=refresh_expires_at,
    )


def _end(seconds: object, now: datetime) -> datetime | None:
    if isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds <= _LONGEST_TOKEN:
        return now + timedelta(seconds=seconds)
    return None
