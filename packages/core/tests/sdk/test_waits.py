"""Every form in which platforms say when to come back becomes one instant, and nonsense becomes None."""

from datetime import UTC, datetime, timedelta

import pytest

from afterpost.sdk import next_midnight, reset_at, retry_after

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """So many seconds from now."""
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("30", at(30)),
        (" 30 ", at(30)),
        ("1.5", at(1.5)),
        ("0", at(1)),
        ("99999999", at(86_400)),
        ("Sun, 22 Nov 2026 12:05:00 GMT", at(300)),
        ("Sun, 22 Nov 2026 11:05:00 GMT", None),
        ("", None),
        (None, None),
        ("-5", None),
        ("soon", None),
        ("1e9", None),
        ("Mon, 31 Feb 2026 12:05:00 GMT", None),
        ("9" * 400, None),
    ],
)
def test_retry_after(text: str | None, wanted: datetime | None) -> None:
    assert retry_after(text, NOW) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (str(int(at(90).timestamp())), at(90)),
        (str(int(at(-90).timestamp())), None),
        ("297.5", at(297.5)),
        ("2026-11-22T12:01:00Z", at(60)),
        ("2026-11-22T13:01:00+01:00", at(60)),
        ("2026-11-22T11:59:59Z", None),
        ("2027-11-22T12:00:00Z", at(86_400)),
        ("0001-01-01T00:00:00+23:00", None),
        ("999999999999", None),
        ("tomorrow", None),
        (None, None),
    ],
)
def test_reset_at(text: str | None, wanted: datetime | None) -> None:
    found = reset_at(text, NOW)
    # A unix time beyond all calendars may be refused or cut; it is never believed.
    assert found == wanted or (text == "999999999999" and found == at(86_400))


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        (datetime(2026, 11, 22, 7, 59, tzinfo=UTC), datetime(2026, 11, 22, 8, tzinfo=UTC)),
        (datetime(2026, 11, 22, 8, 0, tzinfo=UTC), datetime(2026, 11, 23, 8, tzinfo=UTC)),
        # Both days on which the clocks of California change.
        (datetime(2026, 3, 8, 9, 0, tzinfo=UTC), datetime(2026, 3, 9, 7, tzinfo=UTC)),
        (datetime(2026, 11, 1, 7, 30, tzinfo=UTC), datetime(2026, 11, 2, 8, tzinfo=UTC)),
    ],
)
def test_midnight_of_a_zone(now: datetime, wanted: datetime) -> None:
    assert next_midnight("America/Los_Angeles", now) == wanted
