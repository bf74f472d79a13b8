"""The age ladder."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpost.domain.ages import DAY, HOUR, TICKS, interval_at, next_read
from packages.core.tests.house import NOW, vector

MINUTE = timedelta(minutes=1)
CHECKPOINTS = (HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 28 * DAY)
KEYS = st.integers(1, 10_000).map(lambda n: f"account {n}")


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
    # The original counted from the read; the ladder counts from the publication. On a rung both do.
    age = None if days is None else timedelta(days=30 + 7 * ((days - 30) // 7)) if days > 30 else days * DAY
    waited = next_read("an account", None if age is None else NOW - age, NOW) - NOW
    assert delay <= waited < delay + TICKS[delay]


def walk(key: str, published: datetime, until: datetime, late: timedelta) -> list[datetime]:
    """Every read of a post that is always read a little after it was due."""
    found: list[datetime] = []
    at = published
    while True:
        due = next_read(key, published, at)
        if due >= until:
            return found
        at = due + late
        found.append(at)


@settings(derandomize=True, deadline=None)
@given(KEYS, st.integers(0, 10**7), st.integers(0, 120))
def test_every_checkpoint_is_hit_and_no_read_drifts(key: str, second: int, late: int) -> None:
    """However late each read is made, the next one is where it always was."""
    published = NOW - 60 * DAY + timedelta(seconds=second % 86_400, microseconds=second)
    lateness = timedelta(seconds=late)
    read_at = walk(key, published, published + 40 * DAY, lateness)
    assert len(read_at) == 24 + 24 + 23 + 1
    ages = [at - lateness - published for at in read_at]
    for point in CHECKPOINTS:
        first = next(age for age in ages if age >= point)
        every = interval_at(point - timedelta.resolution)
        assert first - point < TICKS[every], point


@settings(derandomize=True)
@given(KEYS, st.integers(0, 400 * 24 * 60))
def test_the_next_read_is_later_and_at_most_an_interval_and_a_tick_away(key: str, age: int) -> None:
    published = NOW - age * MINUTE
    waited = next_read(key, published, NOW) - NOW
    every = interval_at(NOW - published)
    assert timedelta(0) < waited <= every + TICKS[every]


def test_a_late_read_stands_for_the_rungs_it_missed() -> None:
    published = NOW - 5 * HOUR - 30 * MINUTE
    assert next_read("a", published, NOW) < NOW + 30 * MINUTE + TICKS[HOUR]


def test_accounts_lie_apart_and_posts_of_one_account_together() -> None:
    published = NOW - 50 * DAY
    assert len({next_read(f"account {n}", published, NOW) for n in range(50)}) == 50
    # Three hundred old posts, published one an hour, are read at no more than a dozen instants and one.
    ticks = {next_read("account 1", published - n * HOUR, NOW) for n in range(300)}
    assert len(ticks) <= 13


def test_a_post_of_the_windows_last_hour_is_first_read_after_it() -> None:
    assert next_read("a", NOW - HOUR - 11 * MINUTE, NOW - HOUR - 11 * MINUTE) < NOW
    assert next_read("a", NOW - HOUR, NOW - HOUR) >= NOW


def test_an_old_post_is_due_on_one_day_of_seven() -> None:
    published = NOW - 100 * DAY
    days = [(at - NOW) // DAY for at in walk("a", published, NOW + 14 * DAY, timedelta(0)) if at >= NOW]
    assert len(days) == 2
    assert days[1] == days[0] + 7
