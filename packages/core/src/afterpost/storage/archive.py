"""Raw payloads, what they answered, and the way from a reading to them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.storage.dialect import insert_new
from afterpost.storage.scoping import within
from afterpost.storage.tables import fetch_payloads, fetches, payloads, posts, run_items

Operation = Literal["list_posts", "list_metrics", "metrics", "daily", "account", "import", "ingest", "manual"]
"""`list_metrics`: readings that came with a page of a listing; `daily`: series by day; `account`: the numbers
of an account itself; `manual`: numbers that were typed by hand."""
AT_ONCE = 200


class Asked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked, and under which terms. `posts`: external ids in order (of a listing: those that were
    new); `cursor` and `since`: of a listing; `start` and `end`: of series by day; `secrets`: names of what
    the credential held, `fields` its parts that are no secrets; `file` and so on: of an import."""

    posts: tuple[str, ...] = ()
    cursor: str | None = None
    since: datetime | None = None
    start: date | None = None
    end: date | None = None
    secrets: tuple[str, ...] = ()
    fields: Mapping[str, str] = {}
    scopes: tuple[str, ...] = ()
    file: str = ""
    format: str = ""
    observed_at: datetime | None = None
    default_platform: str | None = None
    time_zone: str | None = None


class Fetch(Struct, frozen=True, kw_only=True):
    """One asking of a network, or one body that came to us. `platform`: who was asked, empty when it came to
    us; `records`: records of a file that are stored."""

    id: int
    organization_id: int
    run_id: int
    account_id: int | None
    platform: str
    operation: Operation
    asked: Asked
    records: int | None
    asked_at: datetime
    recorded_at: datetime


class Part(Struct, frozen=True, kw_only=True):
    """One payload of a fetch as it was heard, in order; `body` as stored (zlib), None when it is not there:
    `missing` or `dropped` says why."""

    digest: bytes | None
    missing: str | None = None
    method: str | None = None
    url: str | None = None
    sent: bytes | None = None
    status: int | None = None
    headers: str | None = None
    body: bytes | None = None
    dropped: str | None = None


class Payload(Struct, frozen=True):
    """A payload as kept: bytes of its body unpacked (`size`) and packed (`stored`)."""

    digest: bytes
    platform: str
    size: int
    stored: int
    first_at: datetime
    last_at: datetime
    dropped: str | None
    dropped_at: datetime | None
    body: bytes | None


_FETCH = [fetches.c[name] for name in Fetch.__struct_fields__]
_PAYLOAD = [payloads.c[name] for name in Payload.__struct_fields__]
_asked = msgspec.json.Decoder(Asked).decode
_encode = msgspec.json.Encoder(order="deterministic").encode


def _fetch(row: Sequence[Any]) -> Fetch:
    values = dict(zip(Fetch.__struct_fields__, row, strict=True))
    return Fetch(**values | {"asked": _asked(values["asked"])})


def add_fetch(
    connection: sa.Connection, scope: Scope, organization_id: int, values: Mapping[str, object], asked: Asked
) -> int:
    """Note a fetch; returns its id."""
    if scope.organizations is not None and organization_id not in scope.organizations:
        raise ValueError("a fetch of an organisation outside the scope")
    row = {**values, "organization_id": organization_id, "asked": _encode(asked).decode()}
    key: int = connection.execute(sa.insert(fetches).values(row).returning(fetches.c.id)).scalar_one()
    return key


def set_records(connection: sa.Connection, scope: Scope, fetch_id: int, records: int) -> None:
    """How many records of an import's file are stored by now."""
    mine = (fetches.c.id == fetch_id, *within(scope, fetches))
    connection.execute(sa.update(fetches).where(*mine).values(records=records))


def add_parts(
    connection: sa.Connection,
    scope: Scope,
    organization_id: int,
    fetch_id: int,
    platform: str,
    parts: Sequence[Part],
    sizes: Mapping[bytes, int],
    now: datetime,
) -> None:
    """Note the payloads of a fetch, and keep each body that is not there yet. `sizes`: digest -> bytes."""
    if not parts:
        return
    if scope.organizations is not None and organization_id not in scope.organizations:
        raise ValueError("a payload of an organisation outside the scope")
    own = {"organization_id": organization_id, "platform": platform}
    names = ("digest", "missing", "method", "url", "sent", "status", "headers")
    connection.execute(
        sa.insert(fetch_payloads),
        [
            {"fetch_id": fetch_id, "position": n, **own, **{name: getattr(part, name) for name in names}}
            for n, part in enumerate(parts)
        ],
    )
    distinct = {part.digest: part for part in parts if part.digest is not None}
    mine = _of(scope, organization_id, platform, list(distinct))
    known = connection.execute(sa.select(payloads.c.digest, payloads.c.dropped).where(*mine)).all()
    there = {row.digest for row in known}
    for digest in sorted(row.digest for row in known if row.dropped and distinct[row.digest].body):
        _put_back(connection, scope, organization_id, platform, digest, distinct[digest].body)
    if there:
        connection.execute(sa.update(payloads).where(*mine).values(last_at=now))
    new = [
        {
            **own,
            "digest": digest,
            "size": sizes[digest],
            "stored": len(part.body or b""),
            "first_at": now,
            "last_at": now,
            "dropped": part.dropped,
            "dropped_at": now if part.dropped else None,
            "body": part.body,
        }
        for digest, part in sorted(distinct.items())
        if digest not in there
    ]
    if new:
        connection.execute(insert_new(connection, payloads), new)


def _of(
    scope: Scope, organization_id: int, platform: str, digests: Sequence[bytes]
) -> list[sa.ColumnElement[bool]]:
    return [
        payloads.c.organization_id == organization_id,
        payloads.c.platform == platform,
        payloads.c.digest.in_(digests),
        *within(scope, payloads),
    ]


def _put_back(
    connection: sa.Connection,
    scope: Scope,
    organization_id: int,
    platform: str,
    digest: bytes,
    body: bytes | None,
) -> None:
    """A payload that was dropped and has come again."""
    values = {"body": body, "stored": len(body or b""), "dropped": None, "dropped_at": None}
    mine = _of(scope, organization_id, platform, [digest])
    connection.execute(sa.update(payloads).where(*mine).values(values))


def digests_of(
    connection: sa.Connection, scope: Scope, post_id: int, run_ids: Sequence[int]
) -> dict[int, list[Part]]:
    """run -> the payloads that the post was read from in it, in order and without their bodies."""
    if not run_ids:
        return {}
    query = (
        sa.select(
            run_items.c.run_id,
            fetch_payloads.c.digest,
            fetch_payloads.c.missing,
            fetch_payloads.c.method,
            fetch_payloads.c.url,
            fetch_payloads.c.status,
            payloads.c.dropped,
        )
        .join(posts, posts.c.id == run_items.c.post_id)
        .join(fetch_payloads, fetch_payloads.c.fetch_id == run_items.c.fetch_id)
        .outerjoin(payloads, _same_payload())
        .where(run_items.c.run_id.in_(run_ids), run_items.c.post_id == post_id, *within(scope, posts))
        .order_by(run_items.c.run_id, fetch_payloads.c.position)
    )
    found: dict[int, list[Part]] = {}
    for run_id, *values in connection.execute(query):
        names = ("digest", "missing", "method", "url", "status", "dropped")
        found.setdefault(run_id, []).append(Part(**dict(zip(names, values, strict=True))))
    return found


def _same_payload() -> sa.ColumnElement[bool]:
    return sa.and_(
        payloads.c.organization_id == fetch_payloads.c.organization_id,
        payloads.c.platform == fetch_payloads.c.platform,
        payloads.c.digest == fetch_payloads.c.digest,
    )


def _seen_whole(scope: Scope) -> list[sa.ColumnElement[bool]]:
    """That a caller may see every post that a fetch was about: a payload can't be shown in parts."""
    conditions = within(scope, fetches)
    if scope.brands is None and scope.accounts is None:
        return conditions
    items = (
        sa.select(sa.func.count())
        .select_from(run_items.join(posts, posts.c.id == run_items.c.post_id))
        .where(run_items.c.run_id == fetches.c.run_id, run_items.c.fetch_id == fetches.c.id)
    )
    every, seen = items.scalar_subquery(), items.where(*within(scope, posts)).scalar_subquery()
    return [*conditions, every > 0, every == seen]


def fetches_of(
    connection: sa.Connection, scope: Scope, digest: bytes, limit: int
) -> list[tuple[Fetch, Part]]:
    """The fetches that a payload answered and that the scope sees whole, youngest first, with its address."""
    names = ("digest", "method", "url", "status")
    query = (
        sa.select(*_FETCH, *(fetch_payloads.c[name] for name in names))
        .join(fetch_payloads, fetch_payloads.c.fetch_id == fetches.c.id)
        .where(fetch_payloads.c.digest == digest, *within(scope, fetch_payloads), *_seen_whole(scope))
        .order_by(fetches.c.id.desc(), fetch_payloads.c.position)
        .limit(limit)
    )
    width = len(_FETCH)
    return [
        (_fetch(row[:width]), Part(**dict(zip(names, row[width:], strict=True))))
        for row in connection.execute(query)
    ]


def payload_of(
    connection: sa.Connection, scope: Scope, organization_id: int, platform: str, digest: bytes
) -> Payload | None:
    """The payload; whoever asks has seen one of its fetches."""
    mine = _of(scope, organization_id, platform, [digest])
    row = connection.execute(sa.select(*_PAYLOAD).where(*mine)).first()
    return Payload(*row) if row else None


def count_fetches(connection: sa.Connection, scope: Scope) -> int:
    """How many fetches there are."""
    query = sa.select(sa.func.count()).select_from(fetches).where(*within(scope, fetches))
    return connection.execute(query).scalar_one()


def every_fetch(connection: sa.Connection, scope: Scope) -> Iterator[tuple[Fetch, list[Part]]]:
    """Every fetch in the order it was recorded, with its payloads and their bodies."""
    after = 0
    while True:
        query = sa.select(*_FETCH).where(fetches.c.id > after, *within(scope, fetches))
        page = [_fetch(row) for row in connection.execute(query.order_by(fetches.c.id).limit(AT_ONCE))]
        if not page:
            return
        for fetch in page:
            yield fetch, _parts(connection, scope, fetch.id)
        after = page[-1].id


def _parts(connection: sa.Connection, scope: Scope, fetch_id: int) -> list[Part]:
    names = ("digest", "missing", "method", "url", "sent", "status", "headers")
    query = (
        sa.select(*(fetch_payloads.c[name] for name in names), payloads.c.body, payloads.c.dropped)
        .select_from(fetch_payloads.outerjoin(payloads, _same_payload()))
        .where(fetch_payloads.c.fetch_id == fetch_id, *within(scope, fetch_payloads))
        .order_by(fetch_payloads.c.position)
    )
    return [
        Part(**dict(zip((*names, "body", "dropped"), row, strict=True))) for row in connection.execute(query)
    ]
