"""The one way to write, and the one way to read facts, today's or those of an earlier instant.

Plugins' units of work join every transaction.
"""

import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa

from afterpost.domain.errors import AfterpostError, PolicyUnavailable
from afterpost.domain.events import Event
from afterpost.domain.scope import Actor, Scope
from afterpost.sdk.transaction import UnitOfWork
from afterpost.storage import outbox, versions
from afterpost.storage.dialect import take_turn
from afterpost.storage.engine import Database
from afterpost.storage.faults import fault_of, told
from afterpost.storage.past import known_by

log = logging.getLogger("afterpost.transaction")


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


class Looking:
    """A transaction that only reads, as units of work see it: nobody acts."""

    actor = None

    def __init__(self, connection: sa.Connection, scope: Scope, now: datetime) -> None:
        self.connection = connection
        self.scope = scope
        self.now = now


class Transactions:
    """Opens transactions on one database. What plugins join them with is told once, when they were asked."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database = database
        self._clock = clock
        self._as_of: datetime | None = None
        self._units: tuple[tuple[str, UnitOfWork], ...] = ()
        self._observers: tuple[str, ...] = ()

    def joined_by(self, units: Mapping[str, UnitOfWork], observers: Sequence[str]) -> None:
        """From now on `units` (label of the plugin -> its part) join, and events go to `observers`."""
        self._units = tuple(units.items())
        self._observers = tuple(observers)

    def on(self, database: Database) -> "Transactions":
        """The same for another database."""
        other = Transactions(database, self._clock)
        other.joined_by(dict(self._units), self._observers)
        return other

    def as_of(self, instant: datetime) -> "Transactions":
        """The same, reading what was known at an instant that is over; nothing can be written there."""
        other = self.on(self.database)
        other._as_of = instant
        return other

    @contextmanager
    def read(self, scope: Scope) -> Iterator[sa.Connection]:
        """A read-only connection in one consistent snapshot of the data."""

        def join(connection: sa.Connection) -> None:
            looking = Looking(connection, scope, self._clock())
            for label, unit in self._units:
                with _closed(label, "begin"):
                    plain(unit.begin(looking))

        if self._as_of is not None:
            with told(), known_by(self.database, scope, self._as_of, join) as connection:
                yield connection
            return
        with self.database.read() as connection:
            join(connection)
            yield connection

    @contextmanager
    def write(self, scope: Scope, actor: Actor) -> Iterator[Tx]:
        """Begin, hand out a Tx, write its events to the outbox, commit; any exception undoes all of it."""
        if self._as_of is not None:
            raise ValueError("what was known at an instant can't be changed afterwards")
        with self.database.write() as connection:
            take_turn(connection)
            tx = Tx(connection, scope, actor, self._clock())
            for label, unit in self._units:
                with _closed(label, "begin"):
                    plain(unit.begin(tx))
            yield tx
            outbox.add(connection, scope, tx.events, tx.now, self._observers)
            facts = tuple(tx.events)
            for label, unit in self._units:
                with _closed(label, "before_commit"):
                    plain(unit.before_commit(tx, facts))
            versions.move(connection, scope)


def plain(answer: object) -> None:
    """An answer is a sign of work that was never done: a coroutine that nobody awaits."""
    if answer is not None:
        if isinstance(answer, Coroutine):
            answer.close()
        raise TypeError(f"it answered with {type(answer).__name__} and has to be plain")


@contextmanager
def _closed(label: str, where: str) -> Iterator[None]:
    """A unit of work that fails takes the act with it, and is named."""
    try:
        yield
    except (AfterpostError, KeyboardInterrupt):
        raise
    except BaseException as error:  # a plugin may try to exit
        if (fault := fault_of(error)) is not None:
            raise fault from error  # the database's fault, and not the plugin's
        log.exception("%s failed in %s", label, where)
        raise PolicyUnavailable(
            f"{label} failed in {where} ({type(error).__name__}), so nothing was done.",
            hint="The log says more.",
        ) from error
