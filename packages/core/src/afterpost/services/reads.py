"""The read-only questions plugins may ask, always within a scope."""

from collections.abc import Mapping, Sequence

from afterpost.domain.scope import Scope
from afterpost.domain.windows import Window
from afterpost.sdk.report import Cell
from afterpost.storage import usage
from afterpost.storage.transaction import Transactions


class CoreReads:
    """`sdk.Reads` over this installation's database."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def collection_usage(self, scope: Scope, window: Window) -> Sequence[Mapping[str, Cell]]:
        """Per day and platform: how many posts were stored, unchanged, skipped and failed."""

        def read() -> Sequence[Mapping[str, Cell]]:
            with self._transactions.read(scope) as connection:
                return usage.by_day_and_platform(connection, scope, window)

        return await self._transactions.database.reading(read)
