"""Dates and instants as files write them: an hour without its zone is never guessed, and a day has none."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from afterpost.builtin.imports.cells import CellError, shown

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r"(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_MONTH_DAY_YEAR = re.compile(r"(?:[A-Za-z]{3,9},? )?([A-Za-z]{3,9})\.? ([0-9]{1,2}),? ([0-9]{4})")
_DAY_MONTH_YEAR = re.compile(r"(?:[A-Za-z]{3,9},? )?([0-9]{1,2}) ([A-Za-z]{3,9})\.? ([0-9]{4})")
_AMERICAN = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_FIRST_YEAR, _LAST_YEAR = 1970, 2199


class Published(NamedTuple):
    """A publication as precisely as the file tells it: an instant, only a day, or neither; and a remark."""

    at: datetime | None = None
    on: date | None = None
    note: str = ""


def instant(cell: str) -> datetime:
    """An ISO 8601 instant with offset, `2026-03-01T18:30:00Z` or `…+02:00`, as aware UTC."""
    written = cell.strip()
    match = _INSTANT.fullmatch(written)
    if match is None:
        raise CellError(f"{shown(cell)} is no instant like 2026-03-01T18:30:00Z")
    if match["offset"] is None:
        raise CellError(f"{shown(cell)} lacks its offset from UTC; write 2026-03-01T18:30:00Z or …+02:00")
    try:
        value = datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError):
        raise CellError(f"{shown(cell)} is on no calendar") from None
    _check_year(value.year, cell)
    return value


def day(cell: str) -> date:
    """A calendar day, `2026-03-01`, or what a spreadsheet makes of one, `2026-03-01 00:00:00`."""
    written = cell.strip()
    if not _DAY.fullmatch(written) and not _INSTANT.fullmatch(written):
        raise CellError(f"{shown(cell)} is no day like 2026-03-01")
    year, month, number = (int(part) for part in written[:10].split("-"))
    return calendar_day(year, month, number, cell)


def english_day(cell: str) -> date:
    """A day in English words: `Sep 30, 2023`, `30 Sep 2023`, `Tue, Jul 14, 2026`; or `2023-09-30`."""
    written = cell.strip()
    if match := _MONTH_DAY_YEAR.fullmatch(written):
        name, number, year = match.groups()
    elif match := _DAY_MONTH_YEAR.fullmatch(written):
        number, name, year = match.groups()
    else:
        return day(cell)
    # By hand, since strptime reads month names in the language of the machine.
    month = next((n for n, full in enumerate(_MONTHS, 1) if full.startswith(name.lower())), 0)
    return calendar_day(int(year), month, int(number), cell)


def american_day(cell: str) -> date:
    """A day with its month first, `07/14/2026`."""
    match = _AMERICAN.fullmatch(cell.strip())
    if match is None:
        raise CellError(f"{shown(cell)} is no day like 07/14/2026")
    month, number, year = (int(part) for part in match.groups())
    return calendar_day(year, month, number, cell)


def american_publication(cell: str, zone: ZoneInfo) -> Published:
    """`07/14/2026 18:30` by the clocks of a zone; the same written with an ISO date; or a day alone."""
    on, _, clock = cell.strip().partition(" ")
    if not _AMERICAN.fullmatch(on):
        if not _INSTANT.fullmatch(cell.strip()):
            raise CellError(f"{shown(cell)} is no moment like 07/14/2026 18:30")
        return publication(cell, zone=zone)
    if not clock.strip():
        return Published(on=american_day(on))
    match = _CLOCK.fullmatch(clock.strip())
    if match is None:
        raise CellError(f"{shown(cell)} is no moment like 07/14/2026 18:30")
    local = datetime.combine(american_day(on), time(int(match[1]), int(match[2])))
    return Published(at=_moment(local, zone, cell))


def _moment(local: datetime, zone: ZoneInfo, cell: str) -> datetime:
    """A local time as aware UTC.

    Of an hour that the clocks showed twice the first is meant; one that they never showed is refused, for
    then the zone is wrong.
    """
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != local:
        raise CellError(
            f"{shown(cell)} is an hour that the clocks of {zone.key} left out; is the zone right?"
        )
    return moment


def calendar_day(year: int, month: int, number: int, cell: str) -> date:
    """The day of these numbers; `cell` is what the message quotes when there is none."""
    try:
        value = date(year, month, number)
    except ValueError:
        raise CellError(f"{shown(cell)} is on no calendar") from None
    _check_year(year, cell)
    return value


def publication(
    cell: str, *, zone: ZoneInfo | None = None, read_day: Callable[[str], date] = day
) -> Published:
    """When a post was published: an instant, or a day as `read_day` reads it.

    An hour without its offset is one of `zone`; where nobody says which that is, the day alone is kept.
    """
    written = cell.strip()
    match = _INSTANT.fullmatch(written)
    if match is None:
        return Published(on=day(cell) if _DAY.fullmatch(written) else read_day(cell))
    if match["offset"] is not None:
        return Published(at=instant(cell))
    on = day(cell)
    try:
        local = datetime.fromisoformat(written)
    except ValueError:
        raise CellError(f"{shown(cell)} is on no calendar") from None
    if local.time() == time(0):  # a spreadsheet's way to write a day
        return Published(on=on)
    if zone is not None:
        return Published(at=_moment(local, zone, cell))
    return Published(on=on, note=f"{shown(cell)} lacks its offset from UTC, so its day alone is kept")


def _check_year(year: int, cell: str) -> None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise CellError(f"{shown(cell)} lies outside {_FIRST_YEAR} to {_LAST_YEAR}")
