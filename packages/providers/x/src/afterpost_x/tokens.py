"""X's token answers: two tokens, when the first ends, and what was granted."""

from datetime import datetime, timedelta

from msgspec import Struct

from afterpost.sdk import Call, Credential, Secret
from afterpost_x.payloads import answer_of

_LONGEST_TOKEN = 2 * 366 * 86_400


class TokenAnswer(Struct):
    """The answer of `/2/oauth2/token`."""

    access_token: str
    refresh_token: str | None = None
    expires_in: object = None
    scope: object = None


def credential_of(call: Call, body: bytes) -> Credential | None:
    """The credential with the tokens of an answer; None when it is none."""
    answer = answer_of(body, TokenAnswer)
    if answer is None or not answer.access_token:
        return None
    old = call.credential
    secrets = {**old.secrets, "access_token": Secret(answer.access_token)}
    if answer.refresh_token:
        secrets["refresh_token"] = Secret(answer.refresh_token)
    scopes = answer.scope.split() if isinstance(answer.scope, str) else old.scopes
    return Credential(
        secrets=secrets,
        scopes=tuple(scopes),
        expires_at=_end(answer.expires_in, call.now),
    )


def _end(seconds: object, now: datetime) -> datetime | None:
    if isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds <= _LONGEST_TOKEN:
        return now + timedelta(seconds=seconds)
    return None
