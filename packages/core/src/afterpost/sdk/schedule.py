"""Scheduling: when is a post read next?"""

from abc import ABC, abstractmethod
from datetime import datetime

from msgspec import Struct


class ScheduledPost(Struct, frozen=True, kw_only=True):
    """What a schedule may look at. Posts of one account are best read together. `published_at`: local noon
    where only the day of the publication is known, for a day has no hour."""

    organization_id: int
    platform: str
    external_id: str
    published_at: datetime | None
    account_id: int | None = None


class CollectionSchedule(ABC):
    """Decides the next read of each post; stored with the post, so that what is due is one query."""

    @abstractmethod
    def next_due(self, post: ScheduledPost, now: datetime) -> datetime | None:
        """The next read after one at `now`; None stops reading the post."""
