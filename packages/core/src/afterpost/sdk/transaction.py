"""Core's transactions as plugins meet them: joined, given to observers, opened on their own tables."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from afterpost.domain.events import Event
from afterpost.domain.scope import Actor, Scope

if TYPE_CHECKING:
    from sqlalchemy import Connection

T = TypeVar("T")


class Transaction(Protocol):
    """An open transaction: who acts (None: somebody reads), within which scope, and when.

    `connection` is SQLAlchemy's. A plugin reads and writes its own tables through it, never core's, and
    neither commits nor rolls back.
    """

    @property
    def connection(self) -> "Connection":
        """The connection the transaction is open on."""

    @property
    def scope(self) -> Scope:
        """What the transaction may see."""

    @property
    def actor(self) -> Actor | None:
        """Who writes; None when the transaction only reads."""

    @property
    def now(self) -> datetime:
        """The instant it records, aware UTC."""


class UnitOfWork(ABC):
    """Joins every transaction on core's tables. Raising in either method undoes the whole act.

    Both run on the database's threads and wait for nothing but the database.
    """

    @abstractmethod
    def begin(self, tx: Transaction) -> None:
        """First in every transaction, before core's own statements; reading ones (`tx.actor` is None) too."""

    @abstractmethod
    def before_commit(self, tx: Transaction, facts: Sequence[Event]) -> None:
        """Last in every writing one: `facts` are the events it commits, in their order."""


class OwnTables(Protocol):
    """A plugin's way to its own tables, on the threads and with the units of work of core's transactions."""

    async def reading(self, scope: Scope, work: "Callable[[Connection], T]") -> T:
        """Run `work` in a read-only transaction within the scope; returns what it returns."""

    async def writing(self, scope: Scope, actor: Actor, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction that is committed when it returns and undone when it raises."""
