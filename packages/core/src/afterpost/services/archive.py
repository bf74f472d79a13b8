"""Keeping what readings are made of: without secrets, packed, each payload once, in the batch's transaction.

What costs time (taking secrets out, hashing, packing) is done by `prepared` before the transaction begins;
`keep` only writes.
"""

import hashlib
import zlib
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from afterpost.sdk.credentials import Credential, CredentialField
from afterpost.sdk.formats import FileContext
from afterpost.services.capture import Answer
from afterpost.services.redaction import Redactor, gives_tokens, open_fields
from afterpost.settings import Settings
from afterpost.storage import archive
from afterpost.storage.archive import Asked, Operation, Part
from afterpost.storage.transaction import Tx

MAX_BYTES = 64 * 1024 * 1024
"""The largest body that is kept; of a larger one the hash is."""
LEVEL = 3
"""Of zlib: the levels above pack a tenth better and take several times as long."""
_HEADERS = frozenset({"content-type", "etag", "last-modified", "link", "retry-after"})
_RATES = ("x-ratelimit", "x-rate-limit", "ratelimit")

Digests = dict[bytes, int]


class Heard(Struct, frozen=True, kw_only=True):
    """What a call of a provider heard: at which instant it asked, from when on, as whom, and the answers in
    order."""

    asked_at: datetime
    since: datetime | None = None
    credential: Credential
    fields: Sequence[CredentialField]
    answers: Sequence[Answer]


class Prepared(Struct, frozen=True, kw_only=True):
    """A fetch that is ready to be written. `sizes`: digest -> bytes of the body, unpacked."""

    asked_at: datetime
    asked: Asked
    parts: tuple[Part, ...]
    sizes: Digests


def prepared(
    heard: Heard,
    *,
    posts: Sequence[str] = (),
    cursor: str | None = None,
    days: tuple[date, date] | None = None,
) -> Prepared:
    """What a call heard, without secrets, hashed and packed. Touches no database: call it on any thread."""
    start, end = days or (None, None)
    public = open_fields(heard.fields)
    redactor = Redactor.of(heard.credential, public)
    sizes: Digests = {}
    secrets = heard.credential.secrets
    asked = Asked(
        posts=tuple(posts),
        cursor=None if cursor is None else redactor.text(cursor),
        since=heard.since,
        start=start,
        end=end,
        secrets=tuple(sorted(secrets)),
        fields={name: secrets[name].reveal() for name in sorted(public & set(secrets))},
        scopes=heard.credential.scopes,
    )
    parts = tuple(_part(answer, redactor, sizes) for answer in heard.answers)
    return Prepared(asked_at=heard.asked_at, asked=asked, parts=parts, sizes=sizes)


def about(fetch: Prepared, posts: Sequence[str]) -> Prepared:
    """The same fetch, as far as it is about those posts."""
    return msgspec.structs.replace(fetch, asked=msgspec.structs.replace(fetch.asked, posts=tuple(posts)))


def _part(answer: Answer, redactor: Redactor, sizes: Digests) -> Part:
    url = redactor.url(answer.url)
    if gives_tokens(urlsplit(answer.url).path):
        return Part(digest=None, missing="token", method=answer.method, url=url, status=answer.status)
    kept = [
        (name.lower(), redactor.text(value))
        for name, value in answer.headers
        if name.lower() in _HEADERS or name.lower().startswith(_RATES)
    ]
    part = _packed(redactor.body(answer.body), sizes)
    return msgspec.structs.replace(
        part,
        method=answer.method,
        url=url,
        sent=sent_digest(redactor, answer.sent),
        status=answer.status,
        headers=msgspec.json.encode(kept).decode(),
    )


def sent_digest(redactor: Redactor, sent: bytes) -> bytes | None:
    """What tells a request's body from another one; None for an empty one."""
    return hashlib.sha256(redactor.body(sent)).digest() if sent else None


def came(body: bytes, settings: Settings, asked_at: datetime, asked: Asked | None = None) -> Prepared:
    """A body that came to us, without this installation's own keys, hashed and packed."""
    sizes: Digests = {}
    own = Redactor({"api_key": settings.api_key, "secret_key": settings.secret_key})
    part = _packed(own.body(body), sizes)
    return Prepared(asked_at=asked_at, asked=asked or Asked(), parts=(part,), sizes=sizes)


def _file_asked(name: str, context: FileContext, format_name: str) -> Asked:
    """What it takes to read an imported file again."""
    return Asked(
        file=name,
        format=format_name,
        observed_at=context.observed_at,
        default_platform=context.platform,
        time_zone=None if context.time_zone is None else context.time_zone.key,
    )


def file_kept(
    file: Path, context: FileContext, format_name: str, settings: Settings, asked_at: datetime
) -> Prepared:
    """A file that is imported, with what it takes to read it again.

    Of one that is too large the hash is kept; a pipe is read once, and by the import.
    """
    asked = _file_asked(file.name, context, format_name)
    if not file.is_file():
        lost = Part(digest=None, missing="stream")
        return Prepared(asked_at=asked_at, asked=asked, parts=(lost,), sizes={})
    size = file.stat().st_size
    with file.open("rb") as whole:
        if size <= MAX_BYTES:
            return came(whole.read(), settings, asked_at, asked)
        digest = hashlib.file_digest(whole, "sha256").digest()
    part = Part(digest=digest, dropped="size")
    return Prepared(asked_at=asked_at, asked=asked, parts=(part,), sizes={digest: size})


def upload_kept(
    body: bytes, name: str, context: FileContext, format_name: str, settings: Settings, asked_at: datetime
) -> Prepared:
    """A file that was sent to us and is imported, with what it takes to read it again."""
    return came(body, settings, asked_at, _file_asked(name, context, format_name))


def _packed(body: bytes, sizes: Digests) -> Part:
    digest = hashlib.sha256(body).digest()
    sizes[digest] = len(body)
    if len(body) > MAX_BYTES:
        return Part(digest=digest, dropped="size")
    return Part(digest=digest, body=zlib.compress(body, LEVEL))


def unpacked(body: bytes) -> bytes:
    """A stored body as it was."""
    return zlib.decompress(body)


def keep(
    tx: Tx,
    organization_id: int,
    run_id: int,
    operation: Operation,
    fetch: Prepared | None,
    *,
    account_id: int | None = None,
    platform: str = "",
) -> int | None:
    """Write a fetch in the transaction of what it brought; returns its id, None when nothing is kept."""
    if fetch is None:
        return None
    values = {
        "run_id": run_id,
        "account_id": account_id,
        "platform": platform,
        "operation": operation,
        "records": 0 if operation == "import" else None,
        "asked_at": fetch.asked_at,
        "recorded_at": tx.now,
    }
    key = archive.add_fetch(tx.connection, tx.scope, organization_id, values, fetch.asked)
    archive.add_parts(
        tx.connection, tx.scope, organization_id, key, platform, fetch.parts, fetch.sizes, tx.now
    )
    return key
