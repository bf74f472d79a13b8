"""Instants in requests: with an offset, and within the years that posts can have."""

from datetime import UTC, date, datetime
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


def day(field: str, value: date | None) -> date | None:
    """The day; InvalidInput names the field when no post can have it."""
    if value is not None and not FIRST_DAY.year <= value.year <= LAST_YEAR:
        raise InvalidInput(f"{field} is {value}; it must lie between {FIRST_DAY.year} and {LAST_YEAR}.")
    return value


def either(
    where: str, name: str, at: datetime | None, on: date | None
) -> tuple[datetime | None, date | None]:
    """What a body says of one thing as an instant (`<name>_at`) or as a day (`<name>_on`); InvalidInput where
    it says both. `where`: what the fields stand in, with its dot."""
    if at is not None and on is not None:
        raise InvalidInput(
            f"{where}{name}_at and {where}{name}_on both say it.",
            hint=f"Give {name}_at where the hour is known, {name}_on where only the day is.",
        )
    return instant(f"{where}{name}_at", at), day(f"{where}{name}_on", on)


def day_or_instant(field: str, text: str | None) -> date | datetime | None:
    """A day, or an instant with its offset in UTC; InvalidInput names the field that is neither."""
    if text is None:
        return None
    try:
        if len(text) <= len("2026-03-09"):
            return date.fromisoformat(text)
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"{field} is neither a day nor an instant.", hint=_HINT) from error
    if found.tzinfo is None:
        raise InvalidInput(f"{field} has no offset.", hint=_HINT)
    return instant(field, found)


_HINT = "Give 2026-03-09, or 2026-03-09T18:30:00Z; in a URL the + of an offset is written %2B."
