"""Keeping to a limit: where spending is booked, and when there is room again. Pure arithmetic of instants.

A rolling limit is counted in slices, and a whole slice counts until its last moment is out of the window: no
window of that length ever holds more than the limit, at the price of using up to a tenth less of it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from msgspec import Struct

from afterpost.domain.errors import InvalidInput
from afterpost.domain.windows import zone_of

SLICES = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Booking(Struct, frozen=True):
    """Where something spent now is booked: a period, and until when it counts."""

    begins_at: datetime
    ends_at: datetime


def booking(seconds: int, resets: str, now: datetime) -> Booking:
    """The booking of an instant. `resets`: as in `RateLimit`; InvalidInput for anything else."""
    how, _, zone = resets.partition(" ")
    if how == "rolling":
        width = max(timedelta(seconds=seconds) / SLICES, timedelta.resolution)
        begins = now - (now - _EPOCH) % width
        return Booking(begins, begins + width + timedelta(seconds=seconds))
    local = zone_of(zone)
    today = now.astimezone(local).date()
    if how == "midnight":
        first, after = today, today + timedelta(days=1)
    elif how == "month":
        first = today.replace(day=1)
        after = (first + timedelta(days=32)).replace(day=1)
    else:
        raise InvalidInput(f"{resets!r} is no way in which a limit resets.")
    return Booking(*(datetime.combine(day, time.min, local).astimezone(UTC) for day in (first, after)))


def room_at(
    spent: Iterable[tuple[datetime, int]], wanted: int, amount: int, now: datetime
) -> datetime | None:
    """When so much more fits into a limit of `amount`: `now`, or when enough of `spent` (until when it
    counts, how much) is over. None: it is more than the limit as a whole, so never."""
    if wanted > amount:
        return None
    counting = sorted((ends_at, each) for ends_at, each in spent if ends_at > now)
    used = sum(each for _, each in counting)
    room = now
    for ends_at, each in counting:
        if used + wanted <= amount:
            break
        room, used = ends_at, used - each
    return room
