"""Days, windows and what "complete" means. Today is incomplete; it lives here once.

Instants are aware UTC datetimes; days are calendar days in the organisation's IANA zone. Storage keeps a
day as an integer, the number of days since 1970-01-01, so that day arithmetic is the same on every
database (`day_number`, `day_date`).
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from msgspec import Struct

from afterpost.domain.errors import InvalidInput, InvalidWindow

EPOCH = date(1970, 1, 1).toordinal()
MAX_DAYS = 1_096
"""The longest window, in days: three years and a leap day."""
DEFAULT_DAYS = 7
FIRST_DAY = date(1990, 1, 1)
"""No post is older; an earlier start is a typing mistake."""


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - EPOCH


def day_date(number: int) -> date:
    """The date of a day number."""
    return date.fromordinal(number + EPOCH)


@cache
def _zone_names() -> frozenset[str]:
    # Looking them up walks the whole tz database.
    return frozenset(available_timezones())


@cache
def zone_of(name: str) -> ZoneInfo:
    """The IANA zone of that name; InvalidInput names it when there is none."""
    if name not in _zone_names():
        raise InvalidInput(
            f"There is no time zone {name!r}.", hint="Use an IANA name such as Europe/Berlin or UTC."
        )
    return ZoneInfo(name)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day of an instant in a zone."""
    return instant.astimezone(zone).date()


def local_day_number(instant: datetime, zone: ZoneInfo) -> int:
    """`day_number` of the instant's calendar day in a zone."""
    return instant.astimezone(zone).toordinal() - EPOCH


@cache
def skipped_days(zone: ZoneInfo) -> frozenset[int]:
    """The day numbers that a zone never had, from `FIRST_DAY` on: it went over the date line (Apia had no
    30 December 2011). Nearly no zone has one."""
    found: set[int] = set()
    for year in range(FIRST_DAY.year, _NO_MORE):
        begins, ends = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
        # What is skipped stays skipped, so that a year that begins and ends alike needs no look.
        if _offset(ends, zone) - _offset(begins, zone) > timedelta(hours=12):
            days = [local_day_number(begins + timedelta(days=n), zone) for n in range(367)]
            found.update(set(range(days[0], days[-1] + 1)).difference(days))
    return frozenset(found)


_NO_MORE = 2_100
"""No rule of the tz database skips a day in its last years."""


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The instant (UTC) a local day begins. Where midnight does not exist, the first valid instant."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


class Window(Struct, frozen=True):
    """Whole days from `start` to `end`, both inclusive, in `zone`; one day is valid."""

    start: date
    end: date
    zone: str = "UTC"
    clamped: bool = False

    @property
    def days(self) -> int:
        """How many days the window holds."""
        return (self.end - self.start).days + 1

    def previous(self) -> "Window":
        """The window of the same length that ends the day before this one starts."""
        length = timedelta(days=self.days)
        return Window(self.start - length, self.start - timedelta(days=1), self.zone)

    def begins_at(self) -> datetime:
        """First instant of the window (UTC)."""
        return day_start(self.start, ZoneInfo(self.zone))

    def ends_at(self) -> datetime:
        """First instant after the window (UTC)."""
        return day_start(self.end + timedelta(days=1), ZoneInfo(self.zone))

    def __iter__(self) -> Iterator[date]:
        return (self.start + timedelta(days=n) for n in range(self.days))


def resolve_window(
    now: datetime, zone: str, start: date | None = None, end: date | None = None, days: int = DEFAULT_DAYS
) -> Window:
    """The complete days a question is about.

    Default: the 7 days (`days`) that end yesterday. An `end` of today or later becomes yesterday and is
    marked `clamped`. A missing `start` makes a window of that many days; a missing `end` is yesterday. Raises
    InvalidWindow when reversed or longer than `MAX_DAYS`.
    """
    yesterday = local_day(now, zone_of(zone)) - timedelta(days=1)
    asked = end if end is not None else yesterday
    last = min(asked, yesterday)
    # `max` first: there are dates that nothing can be taken from.
    first = start or max(FIRST_DAY, max(FIRST_DAY, last) - timedelta(days=days - 1))
    if first < FIRST_DAY:
        raise InvalidWindow(f"The window starts {first}, before {FIRST_DAY}; no post is that old.")
    if first > last:
        why = f"; {asked} is not over yet, complete days end {yesterday}" if asked > yesterday else ""
        raise InvalidWindow(
            f"The window starts {first}, after its end {last}{why}.",
            hint="Give a start_date on or before end_date, and not later than yesterday.",
        )
    window = Window(first, last, zone, clamped=asked > yesterday)
    if window.days > MAX_DAYS:
        raise InvalidWindow(f"The window holds {window.days} days; the limit is {MAX_DAYS}.")
    return window
