"""When to ask again, from the forms in which platforms say it. Pure functions of a text and the time.

None means that the text says nothing that can be true; core then waits as it sees fit.
"""

import re
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime

from afterpost.domain.windows import zone_of

LONGEST_WAIT = timedelta(days=1)
"""A longer one is cut to this: an app that is shut out asks again tomorrow, not next year."""

_SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_A_DATE_IN_SECONDS = 1_000_000_000
"""More seconds than anybody waits: a number this large is a unix time."""


def retry_after(text: str | None, now: datetime) -> datetime | None:
    """The instant of a Retry-After header (RFC 9110): seconds from now, or an HTTP date.

    At least a second after `now`, at most `LONGEST_WAIT`; None for a date that has passed.
    """
    text = (text or "").strip()
    if _SECONDS.fullmatch(text):
        return _bounded(now + timedelta(seconds=min(float(text), LONGEST_WAIT.total_seconds())), now)
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return _after(found, now)


def reset_at(text: str | None, now: datetime) -> datetime | None:
    """The instant of a reset header in any of its forms: unix seconds, seconds left, or ISO 8601.

    Bounded like `retry_after`.
    """
    text = (text or "").strip()
    if _SECONDS.fullmatch(text):
        if float(text) < _A_DATE_IN_SECONDS:
            return retry_after(text, now)
        try:
            return _after(datetime.fromtimestamp(float(text), UTC), now)
        except (ValueError, OverflowError, OSError):
            return None
    try:
        return _after(datetime.fromisoformat(text), now)
    except ValueError:
        return None


def next_midnight(zone: str, now: datetime) -> datetime:
    """The next midnight of an IANA zone, in UTC: when daily quotas start anew."""
    local = zone_of(zone)
    tomorrow = now.astimezone(local).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), local).astimezone(UTC)


def _after(found: datetime, now: datetime) -> datetime | None:
    try:
        instant = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None
    return _bounded(instant, now) if instant > now else None


def _bounded(wanted: datetime, now: datetime) -> datetime:
    return min(max(wanted, now + timedelta(seconds=1)), now + LONGEST_WAIT)
