"""When a post was published, as far as its readings tell. The opening rule depends on the earliest one."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from afterpost.domain.snapshots import First
from afterpost.domain.windows import local_day_number


class Told(NamedTuple):
    """What one reading tells of the publication: its instant, its content digest, the time it gave."""

    at: datetime
    digest: bytes
    published_at: datetime | None


def first_of(told: Iterable[Told], zone: ZoneInfo) -> First:
    """The earliest of those readings; of two at one instant the greater digest counts, as within a day."""
    # The greater digest first: sorted by instant alone the first one of an instant wins.
    first = min(sorted(told, key=lambda one: one.digest, reverse=True), key=lambda one: one.at)
    day = None if first.published_at is None else local_day_number(first.published_at, zone)
    return First(first.at, first.published_at, day)


def publication(known: datetime | None, first: First, told: Iterable[Told]) -> datetime | None:
    """The post's publication after a batch of readings: as its earliest reading (`first`) gave it, else as
    it was `known`, else as the earliest reading of the batch that gives one (`told`)."""
    if first.published_at is not None or known is not None:
        return first.published_at or known
    given = [(one.at, one.published_at) for one in told if one.published_at is not None]
    return min(given)[1] if given else None
