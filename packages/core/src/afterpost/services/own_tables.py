"""A plugin's way to its own tables: `sdk.OwnTables` over this installation's transactions."""

from collections.abc import Callable
from typing import TypeVar

from afterpost.domain.scope import Actor, Scope
from afterpost.sdk.transaction import Transaction
from afterpost.storage.engine import Connection
from afterpost.storage.transaction import Transactions

T = TypeVar("T")


class PluginTables:
    """Runs a plugin's functions inside transactions, on the database's own threads."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def reading(self, scope: Scope, work: Callable[[Connection], T]) -> T:
        """Run `work` in a read-only transaction within the scope."""

        def read() -> T:
            with self._transactions.read(scope) as connection:
                return work(connection)

        return await self._transactions.database.reading(read)

    async def writing(self, scope: Scope, actor: Actor, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction that is committed when it returns and undone when it raises."""

        def write() -> T:
            with self._transactions.write(scope, actor) as tx:
                return work(tx)

        return await self._transactions.database.writing(write)
