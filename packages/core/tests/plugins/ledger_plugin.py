"""A plugin with a table of its own, an observer that writes there, and a policy that reads from there."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import sqlalchemy as sa

from afterpost import hookimpl
from afterpost.sdk import (
    AccessPolicy,
    Action,
    Actor,
    Delivery,
    Migrations,
    Observer,
    OwnTables,
    PluginContext,
    Scope,
    Transaction,
)

entries = sa.Table(
    "ledger_entries",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("event_id", sa.Integer),
    sa.Column("said", sa.Text),
)


def said(connection: sa.Connection) -> list[str]:
    """What stands in the ledger, in order."""
    return list(connection.execute(sa.select(entries.c.said).order_by(entries.c.id)).scalars())


class Bookkeeper(Observer):
    """Writes each event down; stumbles over the events it is told to, after having written them."""

    id = "bookkeeper"

    def __init__(self) -> None:
        self.stumbles_over: set[str] = set()

    def deliver(self, tx: Transaction, deliveries: Sequence[Delivery]) -> None:
        """Write, then stumble."""
        for delivery in deliveries:
            tag = type(delivery.event).__name__
            tx.connection.execute(sa.insert(entries).values(event_id=delivery.event_id, said=tag))
            if tag in self.stumbles_over:
                raise RuntimeError(f"no {tag} today")


class Listed(AccessPolicy):
    """Refuses the actors whose names stand in the ledger."""

    def __init__(self, tables: OwnTables) -> None:
        self.tables = tables

    async def allow(self, actor: Actor, action: Action, scope: Scope) -> bool:
        """Looks the actor up."""
        return str(actor) not in await self.tables.reading(scope, said)


class LedgerPlugin:
    """The plugin, with its observer at hand."""

    def __init__(self) -> None:
        self.bookkeeper = Bookkeeper()
        self.tables: OwnTables | None = None

    @hookimpl
    def register_migrations(self) -> Migrations:
        """One table."""
        return Migrations(str(Path(__file__).parent / "ledger"))

    @hookimpl
    def register_observers(self) -> Iterable[Observer]:
        """The bookkeeper."""
        return [self.bookkeeper]

    @hookimpl
    def access_policy(self, context: PluginContext) -> AccessPolicy:
        """By the ledger."""
        assert context.tables is not None
        self.tables = context.tables
        return Listed(context.tables)
