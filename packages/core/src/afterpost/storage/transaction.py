"""The one way to write: a transaction that knows its scope, its actor and the events it commits."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa

from afterpost.domain.events import Event
from afterpost.domain.scope import Actor, Scope
from afterpost.storage import outbox
from afterpost.storage.engine import Database


class Tx:
    """An open transaction: the connection, who acts within which scope, and the instant it records.

    Events given to `emit` reach the outbox in the same commit, or not at all.
    """

    def __init__(self, connection: sa.Connection, scope: Scope, actor: Actor, now: datetime) -> None:
        self.connection = connection
        self.scope = scope
        self.actor = actor
        self.now = now
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        """Commit this event with the transaction."""
        self.events.append(event)


@contextmanager
def transaction(
    database: Database, scope: Scope, actor: Actor, now: datetime, observers: Sequence[str] = ()
) -> Iterator[Tx]:
    """Begin, hand out a Tx, write its events to the outbox, commit; any exception rolls all of it back.

    `observers`: ids of those who are to receive the events.
    """
    with database.writer.connect() as connection, connection.begin():
        tx = Tx(connection, scope, actor, now)
        yield tx
        outbox.add(connection, scope, tx.events, tx.now, observers)
