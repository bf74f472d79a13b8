"""How much room raw payloads take, and dropping the oldest; the hash and what it answered stay."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.storage.scoping import within
from afterpost.storage.tables import payloads

_THERE = payloads.c.body.is_not(None)


class Room(Struct, frozen=True):
    """What the payloads of an organisation on one platform come to. `stored`: bytes, packed; `dropped`: how
    many have lost their body, by reason."""

    organization_id: int
    platform: str
    payloads: int
    stored: int
    oldest: datetime | None
    dropped: dict[str, int]


class Old(Struct, frozen=True):
    """A payload whose body may go."""

    digest: bytes
    stored: int
    last_at: datetime


def rooms(connection: sa.Connection, scope: Scope) -> list[Room]:
    """The room that is taken, by organisation and platform."""
    key = (payloads.c.organization_id, payloads.c.platform)
    query = (
        sa.select(
            *key,
            payloads.c.dropped,
            sa.func.count(),
            sa.func.sum(payloads.c.stored),
            sa.type_coerce(sa.func.min(payloads.c.last_at), payloads.c.last_at.type),
        )
        .where(*within(scope, payloads))
        .group_by(*key, payloads.c.dropped)
        .order_by(*key)
    )
    found: dict[tuple[int, str], Room] = {}
    for organization_id, platform, dropped, count, stored, oldest in connection.execute(query):
        room = found.get((organization_id, platform), Room(organization_id, platform, 0, 0, None, {}))
        if dropped is None:
            room = Room(organization_id, platform, count, int(stored), oldest, room.dropped)
        else:
            room = Room(
                *(organization_id, platform, room.payloads, room.stored, room.oldest),
                {**room.dropped, dropped: count},
            )
        found[organization_id, platform] = room
    return list(found.values())


def oldest(
    connection: sa.Connection,
    scope: Scope,
    organization_id: int,
    platform: str,
    limit: int,
    *,
    before: datetime | None = None,
) -> list[Old]:
    """Payloads that have a body, those used longest ago first; only those not used since `before`."""
    query = sa.select(payloads.c.digest, payloads.c.stored, payloads.c.last_at).where(
        payloads.c.organization_id == organization_id,
        payloads.c.platform == platform,
        _THERE,
        *within(scope, payloads),
    )
    if before is not None:
        query = query.where(payloads.c.last_at < before)
    rows = connection.execute(query.order_by(payloads.c.last_at, payloads.c.digest).limit(limit))
    return [Old(*row) for row in rows]


def drop(
    connection: sa.Connection,
    scope: Scope,
    organization_id: int,
    platform: str,
    old: Sequence[Old],
    why: str,
    now: datetime,
) -> int:
    """Drop those bodies, unless one was used again since; returns how many."""
    dropped = 0
    for each in old:
        dropped += connection.execute(
            sa.update(payloads)
            .where(
                payloads.c.organization_id == organization_id,
                payloads.c.platform == platform,
                payloads.c.digest == each.digest,
                payloads.c.last_at == each.last_at,
                *within(scope, payloads),
            )
            .values(body=None, stored=0, dropped=why, dropped_at=now)
        ).rowcount
    return dropped
