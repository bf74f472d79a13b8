"""The read-only questions plugins may ask, always within a scope."""

from collections.abc import Mapping, Sequence

from afterpost.domain.scope import Scope
from afterpost.domain.windows import Window
from afterpost.sdk.report import Cell
from afterpost.storage import organizations, usage
from afterpost.storage.transaction import Transactions


class CoreReads:
    """`sdk.Reads` over this installation's database."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def organizations(self, scope: Scope) -> Mapping[str, int]:
        """Slug -> id of each organisation, oldest first."""

        def read() -> Mapping[str, int]:
            with self._transactions.read(scope) as connection:
                return {each.slug: each.id for each in organizations.list_organizations(connection, scope)}

        return await self._transactions.database.reading(read)

    async def collection_usage(self, scope: Scope, window: Window) -> Sequence[Mapping[str, Cell]]:
        """Per day and platform: how many posts were stored, unchanged, skipped and failed."""

        def read() -> Sequence[Mapping[str, Cell]]:
            with self._transactions.read(scope) as connection:
                return usage.by_day_and_platform(connection, scope, window)

        return await self._transactions.database.reading(read)
