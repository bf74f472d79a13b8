"""The age ladder."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpost.domain.ages import DAY, HOUR, due_inside, interval_at, next_read
from packages.core.tests.house import NOW, vector

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("age", "every"),
    [
        (timedelta(days=-1), HOUR),
        (timedelta(0), HOUR),
        (DAY - MINUTE, HOUR),
        (DAY, 6 * HOUR),
        (7 * DAY - MINUTE, 6 * HOUR),
        (7 * DAY, DAY),
        (30 * DAY - MINUTE, DAY),
        (30 * DAY, 7 * DAY),
        (4_000 * DAY, 7 * DAY),
    ],
)
def test_the_interval_depends_on_the_age(age: timedelta, every: timedelta) -> None:
    assert interval_at(age) == every


@pytest.mark.parametrize("key", ["GV-109", "GV-110", "GV-111"])
def test_the_originals_ladder_comes_out(key: str) -> None:
    days = vector(key)["input"]["ageDays"]
    delay = {"24h": DAY, "7d": 7 * DAY, "1h": HOUR}[vector(key)["expected"]["delay"]]
    published = None if days is None else NOW - timedelta(days=days)
    waited = next_read("a post", published, NOW) - NOW
    assert delay <= waited <= delay * 1.1


@given(st.text(), st.integers(0, 400 * 24 * 60))
def test_the_jitter_is_at_most_a_tenth_and_never_negative(key: str, minutes: int) -> None:
    every = interval_at(minutes * MINUTE)
    waited = next_read(key, NOW - minutes * MINUTE, NOW) - NOW
    assert every <= waited <= every * 1.1


def test_the_jitter_is_the_same_for_the_same_post_and_instant_alone() -> None:
    assert next_read("a", NOW, NOW) == next_read("a", NOW, NOW)
    posts = {next_read(str(n), NOW, NOW) for n in range(50)}
    assert len(posts) == 50
    instants = {next_read("a", None, NOW + n * MINUTE) - n * MINUTE for n in range(50)}
    assert len(instants) == 50


def reads(published_at: datetime, until: datetime) -> list[datetime]:
    """Every read of a post, one after another, without jitter."""
    found, at = [], published_at
    while at < until:
        at += interval_at(at - published_at)
        found.append(at)
    return found


@settings(derandomize=True, deadline=None)
@given(st.integers(0, 120 * 24 * 12), st.integers(0, 26 * 12) | st.integers(0, 20 * 24 * 12))
def test_a_read_is_due_inside_exactly_where_the_ladder_has_one(begin: int, length: int) -> None:
    """Windows of any length: a day may have 23 hours, or none."""
    published = NOW - 50 * DAY
    begins = published - 5 * DAY + begin * 5 * MINUTE
    ends = begins + length * 5 * MINUTE
    expected = any(begins <= at < ends for at in reads(published, ends))
    assert due_inside(published, begins, ends) == expected


def test_a_post_of_the_windows_last_hour_is_first_read_after_it() -> None:
    begins, ends = NOW - DAY, NOW
    assert due_inside(NOW - HOUR - MINUTE, begins, ends)
    assert not due_inside(NOW - HOUR, begins, ends)
    assert not due_inside(NOW, begins, ends)


def test_a_day_of_23_hours_may_hold_no_daily_read() -> None:
    """In Berlin 29 March 2026 has 23 hours: read at 22:30 UTC each day, a post is read before and after."""
    begins = datetime.fromisoformat("2026-03-28T23:00+00:00")
    published = datetime.fromisoformat("2026-03-10T22:30+00:00")
    assert not due_inside(published, begins, begins + 23 * HOUR)
    assert due_inside(published, begins, begins + 24 * HOUR)


def test_a_day_that_did_not_happen_holds_no_read() -> None:
    assert not due_inside(NOW - 2 * DAY, NOW, NOW)


def test_an_old_post_is_due_on_one_day_of_seven() -> None:
    published = NOW - 100 * DAY
    due = [due_inside(published, NOW + n * DAY, NOW + (n + 1) * DAY) for n in range(14)]
    assert due.count(True) == 2
    assert due[:7] == due[7:]
