"""As of when a question is answered: the core as it stood then, handed to any service that reads."""

from datetime import date, datetime, timedelta

from afterpost.domain.errors import InvalidAsOf
from afterpost.domain.scope import Scope
from afterpost.domain.windows import FIRST_DAY, day_start, local_day, zone_of
from afterpost.services.core import Core
from afterpost.services.organization import organization_of


def as_of(core: Core, scope: Scope, when: date | datetime | None) -> Core:
    """The core as it stood at an aware instant, or at the end of a day in the organisation's zone.

    None is now, and the core itself. Raises InvalidAsOf for what is not over yet, or before any post can be.
    """
    if when is None:
        return core
    if isinstance(when, datetime):
        if when.year < FIRST_DAY.year:
            raise InvalidAsOf(f"as_of is {when.isoformat()}; nothing was recorded before {FIRST_DAY.year}.")
        return core.as_of(when)
    zone = zone_of(organization_of(core, scope).time_zone)
    if when >= local_day(core.now(), zone):
        raise InvalidAsOf(
            f"as_of is {when}, a day that is not over yet in {zone.key}.",
            hint="Give an earlier day, or an instant; leave it out to be answered with what is known now.",
        )
    if when < FIRST_DAY:
        raise InvalidAsOf(f"as_of is {when}; nothing was recorded before {FIRST_DAY.year}.")
    return core.as_of(day_start(when + timedelta(days=1), zone))
