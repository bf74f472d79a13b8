"""Instants in bodies: with an offset, and within the years that posts can have."""

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

from msgspec import Meta

from afterpost.domain.errors import InvalidInput
from afterpost.domain.windows import FIRST_DAY

Aware: TypeAlias = Annotated[datetime, Meta(tz=True, description="An instant with its offset, or Z")]

LAST_YEAR = 2199
"""Later instants are typing mistakes, and the last years of the calendar have no local time everywhere."""


def instant(field: str, value: datetime | None) -> datetime | None:
    """The instant in UTC; InvalidInput names the field when no post can have it."""
    if value is None:
        return None
    if not FIRST_DAY.year <= value.year <= LAST_YEAR:
        raise InvalidInput(
            f"{field} is {value.isoformat()}; it must lie between {FIRST_DAY.year} and {LAST_YEAR}."
        )
    return value.astimezone(UTC)
