"""Events waiting for their observers: written with the facts, taken out by row."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from afterpost.domain.events import Event
from afterpost.domain.scope import Scope
from afterpost.storage.scoping import within
from afterpost.storage.tables import deliveries, outbox

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Event).decode


def add(
    connection: sa.Connection, scope: Scope, events: Sequence[Event], now: datetime, observers: Sequence[str]
) -> None:
    """Store events and one delivery for each observer. Without observers nothing is kept."""
    if not observers:
        return
    for event in events:
        if scope.organizations is not None and event.organization_id not in scope.organizations:
            raise ValueError("an event of an organisation outside the transaction's scope")
        key = connection.execute(
            sa.insert(outbox).values(
                organization_id=event.organization_id, body=_encode(event).decode(), occurred_at=now
            )
        ).inserted_primary_key
        assert key is not None
        connection.execute(
            sa.insert(deliveries), [{"observer": observer, "event_id": key[0]} for observer in observers]
        )


def claim(connection: sa.Connection, scope: Scope, observer: str, limit: int) -> list[tuple[int, Event]]:
    """The oldest events this observer has still to receive: (event id, event).

    They stay locked until commit, so that two processes never hand over the same ones at once.
    """
    rows = connection.execute(
        sa.select(outbox.c.id, outbox.c.body)
        .join(deliveries, deliveries.c.event_id == outbox.c.id)
        .where(deliveries.c.observer == observer, *within(scope, outbox))
        .order_by(outbox.c.id)
        .limit(limit)
        .with_for_update(of=deliveries)
    )
    return [(row.id, _decode(row.body)) for row in rows]


def delivered(connection: sa.Connection, scope: Scope, observer: str, event_ids: Sequence[int]) -> None:
    """Take events out for this observer; an event nobody waits for any more leaves the outbox."""
    mine = sa.select(outbox.c.id).where(outbox.c.id.in_(event_ids), *within(scope, outbox))
    connection.execute(
        sa.delete(deliveries).where(deliveries.c.observer == observer, deliveries.c.event_id.in_(mine))
    )
    waited_for = sa.select(deliveries.c.event_id)
    connection.execute(
        sa.delete(outbox).where(
            outbox.c.id.in_(event_ids), outbox.c.id.not_in(waited_for), *within(scope, outbox)
        )
    )


def failed(connection: sa.Connection, scope: Scope, observer: str, event_ids: Sequence[int]) -> None:
    """Count a failed attempt; the events stay."""
    mine = sa.select(outbox.c.id).where(outbox.c.id.in_(event_ids), *within(scope, outbox))
    connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.observer == observer, deliveries.c.event_id.in_(mine))
        .values(attempts=deliveries.c.attempts + 1)
    )
