"""Limits: no window ever holds more than the amount, and a wait ends when there is room."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpost.domain.budgets import SLICES, booking, room_at
from afterpost.domain.errors import InvalidInput
from afterpost.domain.spend import Price, Spend, newest_by_list
from packages.core.tests.house import NOW

SECOND = timedelta(seconds=1)


@settings(derandomize=True, deadline=None)
@given(
    st.integers(1, 600),
    st.integers(1, 50),
    st.lists(st.tuples(st.integers(0, 120), st.integers(1, 20)), max_size=60),
)
def test_no_rolling_window_holds_more_than_the_limit(
    seconds: int, amount: int, wishes: list[tuple[int, int]]
) -> None:
    spent: list[tuple[datetime, int]] = []
    made: list[tuple[datetime, int]] = []
    now = NOW
    for pause, wanted in wishes:
        now += pause * SECOND
        room = room_at(spent, wanted, amount, now)
        if room is None:
            assert wanted > amount
        elif room == now:
            spent.append((booking(seconds, "rolling", now).ends_at, wanted))
            made.append((now, wanted))
        else:
            # Said too early it would be refused again; the instant itself is enough.
            assert room_at(spent, wanted, amount, room) == room
            assert room_at(spent, wanted, amount, room - timedelta.resolution) != room - timedelta.resolution
    for start, _ in made:
        inside = sum(n for at, n in made if start <= at < start + seconds * SECOND)
        assert inside <= amount


def test_a_rolling_limit_is_given_back_a_tenth_late_at_most() -> None:
    booked = booking(60, "rolling", NOW)
    assert NOW + 60 * SECOND < booked.ends_at <= NOW + 60 * SECOND * (1 + 1 / SLICES)


@pytest.mark.parametrize(
    ("resets", "begins", "ends"),
    [
        ("midnight UTC", "2026-11-22 00:00", "2026-11-23 00:00"),
        ("midnight America/Los_Angeles", "2026-11-22 08:00", "2026-11-23 08:00"),
        ("month UTC", "2026-11-01 00:00", "2026-12-01 00:00"),
        ("month America/Los_Angeles", "2026-11-01 07:00", "2026-12-01 08:00"),
    ],
)
def test_a_limit_that_resets_is_booked_whole(resets: str, begins: str, ends: str) -> None:
    booked = booking(86_400, resets, NOW)
    wanted = [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (begins, ends)]
    assert [booked.begins_at, booked.ends_at] == wanted


@pytest.mark.parametrize("resets", ["weekly UTC", "midnight Nowhere/City", ""])
def test_a_reset_that_nobody_knows_is_refused(resets: str) -> None:
    with pytest.raises(InvalidInput):
        booking(60, resets, NOW)


OWNED = Price(Spend(requests=1), Spend(money=1_000), 100)
BY_ID = Price(Spend(requests=1), Spend(money=5_000), 100)
FREE = Price(Spend(requests=1), Spend(), 50)


@pytest.mark.parametrize(
    ("due", "listing", "fetching", "newest"),
    [
        # Listing costs a fifth: worth it while at least every fifth post is due.
        ([True] * 10, OWNED, BY_ID, 10),
        ([True, *[False] * 3, True], OWNED, BY_ID, 5),
        ([True, *[False] * 20, True], OWNED, BY_ID, 1),
        ([*[False] * 9, True], OWNED, BY_ID, 0),
        # Where nothing is billed, calls decide; the same number of them is no reason.
        ([True] * 100, FREE, FREE, 0),
        ([], OWNED, BY_ID, 0),
    ],
)
def test_the_cheapest_way_to_read(due: list[bool], listing: Price, fetching: Price, newest: int) -> None:
    assert newest_by_list(due, listing, fetching) == newest
