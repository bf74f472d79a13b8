"""The read-only questions plugins may ask, always within a scope."""

from collections.abc import Mapping, Sequence

from afterpost.domain.scope import Scope
from afterpost.domain.windows import Window
from afterpost.sdk.report import Cell
from afterpost.storage import usage
from afterpost.storage.engine import Database


class CoreReads:
    """`sdk.Reads` over this installation's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def collection_usage(self, scope: Scope, window: Window) -> Sequence[Mapping[str, Cell]]:
        """Per day and platform: how many posts were stored, unchanged, skipped and failed."""

        def read() -> Sequence[Mapping[str, Cell]]:
            with self._database.read() as connection:
                return usage.by_day_and_platform(connection, scope, window)

        return await self._database.reading(read)
