"""Retention: how long facts are kept."""

from abc import ABC, abstractmethod
from datetime import date, datetime
from typing import Literal

DataClass = Literal["observations", "snapshots", "performance", "runs", "outbox"]


class RetentionPolicy(ABC):
    """Says until when data is kept. Silence, errors and None all mean: keep."""

    @abstractmethod
    async def keep_from(self, data: DataClass, organization_id: int, now: datetime) -> date | None:
        """The first day of that data that must be kept; None keeps everything."""

    @abstractmethod
    def describe(self) -> str:
        """One sentence for people, shown by `doctor`."""
