"""Billing and operator reports: named tables with a meaning for each column."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.domain.windows import Window

Cell = str | int | float | None


class Reads(Protocol):
    """The read-only questions a plugin may ask, always within a scope."""

    async def organizations(self, scope: Scope) -> Mapping[str, int]:
        """Slug -> id of each organisation, oldest first."""

    async def collection_usage(self, scope: Scope, window: Window) -> Sequence[Mapping[str, Cell]]:
        """Per day and platform: how many posts were stored, unchanged, skipped and failed."""


class Column(Struct, frozen=True):
    """One column: its key in the rows and what it means, with the unit."""

    name: str
    meaning: str


class BillingReport(ABC):
    """A report over a window: columns and rows."""

    id: str
    title: str
    columns: Sequence[Column]

    @abstractmethod
    async def run(self, reads: Reads, scope: Scope, window: Window) -> Sequence[Mapping[str, Cell]]:
        """The rows, each with exactly the declared columns."""
