"""A plugin that joins every transaction, remembers what it saw, and refuses when it is told to."""

from collections.abc import Sequence

from afterpost import hookimpl
from afterpost.sdk import Actor, Event, Scope, Transaction, UnitOfWork


class Witness(UnitOfWork):
    """Keeps (scope, actor) of each beginning and the facts of each commit."""

    def __init__(self) -> None:
        self.begun: list[tuple[Scope, Actor | None]] = []
        self.committed: list[tuple[Event, ...]] = []
        self.objection: BaseException | None = None

    def begin(self, tx: Transaction) -> None:
        """Note who begins."""
        self.begun.append((tx.scope, tx.actor))

    def before_commit(self, tx: Transaction, facts: Sequence[Event]) -> None:
        """Object, or note the facts."""
        if self.objection is not None:
            raise self.objection
        self.committed.append(tuple(facts))


class WitnessPlugin:
    """The plugin, with its unit of work at hand."""

    def __init__(self) -> None:
        self.witness = Witness()

    @hookimpl
    def unit_of_work(self) -> UnitOfWork:
        """The witness."""
        return self.witness
