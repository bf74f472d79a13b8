"""Sessions: what `createSession` and `refreshSession` answer, and which hosts a credential names.

Signing in and renewing happen at the *service*; posts are asked for at the account's own server (PDS), which
the service names in the account's DID document.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from afterpost.sdk import Call, Credential, ErrorKind, ProviderError, Secret
from afterpost_bluesky.declaration import ENTRYWAY
from afterpost_bluesky.payloads import part, text

_HOST = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_LATEST = 2**35
"""No token ends after the year 3058."""


class Session(Struct, rename="camel"):
    """The answer of `createSession` and `refreshSession`."""

    access_jwt: str
    refresh_jwt: str
    did: str
    did_doc: object = None
    active: object = None


def service_of(credential: Credential) -> str:
    """The host where this account signs in; ProviderError (BAD_REQUEST) when what was typed is none."""
    if "service" not in credential.secrets:
        return ENTRYWAY
    typed = credential.secret("service").strip().lower().removeprefix("https://").rstrip("/")
    if not _HOST.fullmatch(typed):
        raise ProviderError(ErrorKind.BAD_REQUEST, "The server to sign in at is no name of a host.")
    return typed


def server_of(credential: Credential) -> str:
    """The host of the account's own server; the service's as long as it has not named one."""
    return credential.secret("server") if "server" in credential.secrets else service_of(credential)


def credential_of(call: Call, session: Session) -> Credential:
    """The credential of a session: both tokens and both hosts, and the app password no more."""
    secrets = {"service": Secret(service_of(call.credential))}
    server = _server(session.did_doc) or server_of(call.credential)
    secrets |= {
        "server": Secret(server),
        "access_token": Secret(session.access_jwt),
        "refresh_token": Secret(session.refresh_jwt),
    }
    return Credential(
        secrets=secrets,
        expires_at=_end(session.access_jwt, call.now),
        refresh_expires_at=_end(session.refresh_jwt, call.now),
    )


def session_of(body: bytes) -> Session | None:
    """The session of an answer; None when it is none."""
    try:
        session = msgspec.json.decode(body, type=Session)
    except (ValueError, RecursionError):
        return None
    return session if session.access_jwt and session.refresh_jwt and session.did else None


def _server(document: object) -> str | None:
    """The host of a DID document's personal data server; None when it names none that can be asked."""
    services = document.get("service") if isinstance(document, dict) else None
    for service in services if isinstance(services, list) else ():
        if isinstance(service, dict) and text(service.get("id")).endswith("#atproto_pds"):
            host = text(service.get("serviceEndpoint")).lower().removeprefix("https://").rstrip("/")
            return host if _HOST.fullmatch(host) else None
    return None


def _end(token: str, now: datetime) -> datetime | None:
    """When a token (a JWT) says it ends; None when it does not say, or says what can't be true."""
    ends = _claims(token).get("exp")
    if isinstance(ends, bool) or not isinstance(ends, int) or not now.timestamp() < ends < _LATEST:
        return None
    return datetime.fromtimestamp(ends, UTC)


def _claims(token: str) -> Mapping[str, Any]:
    middle = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return part({"claims": claims}, "claims")
