"""Values at checkpoints."""

import math
from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.domain.ages import HOUR, TICKS, interval_at, next_read
from afterpost.domain.equal_age import (
    CHECKPOINTS,
    NEAR,
    WIDEST,
    Checkpoint,
    Early,
    Publication,
    Series,
    a_day_old,
    by_instant,
    checkpoint,
    engagements_of,
    exposure_of,
    publication_of,
)
from afterpost.domain.readings import Value
from afterpost.domain.windows import day_number
from packages.core.tests.house import NOW, at, day

BORN = NOW - timedelta(days=60)
PUBLISHED = Publication(BORN)
MINUTE = timedelta(minutes=1)


def early(age: float, *asked: str, **values: Value) -> Early:
    """A reading at an age in hours, of what is asked for and of what it tells."""
    return Early(BORN + age * HOUR, values, frozenset({*asked, *values}))


def read(*readings: tuple[float, int]) -> Series:
    """Likes read at ages in hours, in any order."""
    return engagements_of(by_instant([early(age, likes=value) for age, value in sorted(readings)]))


def seen(age: str, value: int, hours: float) -> Checkpoint:
    """A value that was read when the post was so many hours old."""
    return Checkpoint(age=age, value=value, observed_age_seconds=round(3_600 * hours))


@pytest.mark.parametrize(
    ("age", "readings", "expected"),
    [
        ("24h", [(24, 100)], seen("24h", 100, 24)),
        # Near enough: a tenth of the age, an hour at most, before or after; and the answer says how near.
        ("1h", [(1.1, 7)], seen("1h", 7, 1.1)),
        ("1h", [(0.9, 7)], seen("1h", 7, 0.9)),
        ("1h", [(1.11, 7)], Checkpoint(age="1h", missing="not_observed")),
        ("28d", [(28 * 24 + 1, 7)], seen("28d", 7, 673)),
        ("28d", [(28 * 24 + 1.01, 7)], Checkpoint(age="28d", missing="not_observed")),
        # The nearest, of two as near the earlier.
        ("24h", [(23.5, 1), (24.4, 2)], seen("24h", 2, 24.4)),
        ("24h", [(23.5, 1), (24.5, 2)], seen("24h", 1, 23.5)),
        # Between two readings, by their distance; rounded half up.
        ("24h", [(12, 100), (36, 200)], Checkpoint(age="24h", value=150, interpolated=True)),
        ("24h", [(20, 100), (30, 200)], Checkpoint(age="24h", value=140, interpolated=True)),
        ("24h", [(12, 100), (36, 201)], Checkpoint(age="24h", value=151, interpolated=True)),
        ("24h", [(12, 201), (36, 100)], Checkpoint(age="24h", value=151, interpolated=True)),
        ("24h", [(12, 5), (36, 5)], Checkpoint(age="24h", value=5, interpolated=True)),
        # A gap wider than the age is none that a line is drawn over.
        ("24h", [(11.9, 100), (36, 200)], Checkpoint(age="24h", missing="not_observed")),
        ("72h", [(11.9, 100), (80, 200)], Checkpoint(age="72h", value=188, interpolated=True)),
        # Only the readings next to it count.
        ("24h", [(1, 0), (20, 100), (30, 200), (99, 0)], Checkpoint(age="24h", value=140, interpolated=True)),
        # One side alone says nothing, and publication is no reading.
        ("24h", [(20, 100)], Checkpoint(age="24h", missing="not_observed")),
        ("24h", [(26, 100)], Checkpoint(age="24h", missing="not_observed")),
        ("1h", [(1.5, 100)], Checkpoint(age="1h", missing="not_observed")),
        ("24h", [], Checkpoint(age="24h", missing="not_observed")),
        # Read before it was published, a premiere.
        ("6h", [(-1, 10), (7, 90)], Checkpoint(age="6h", missing="not_observed")),
        ("6h", [(-0.5, 10), (5.5, 90)], seen("6h", 90, 5.5)),
    ],
)
def test_a_checkpoint_by_hand(age: str, readings: list[tuple[float, int]], expected: Checkpoint) -> None:
    assert checkpoint(read(*readings), PUBLISHED, NOW, age) == expected


@pytest.mark.parametrize("told", [(3, 9, 5), (9, 5, 3), (5, 3, 9)])
def test_of_one_instant_what_was_told_last_counts(told: Sequence[int]) -> None:
    once = by_instant([early(24, likes=value) for value in told])
    assert checkpoint(engagements_of(once), PUBLISHED, NOW, "24h").value == told[-1]
    after = by_instant([early(12, likes=0), *(early(36, likes=value) for value in told)])
    assert checkpoint(engagements_of(after), PUBLISHED, NOW, "24h").value == math.floor(told[-1] / 2 + 0.5)


def test_of_one_instant_what_the_last_telling_lacks_stays() -> None:
    (one,) = by_instant([early(24, likes=9, views=50), early(24, "comments", likes=7)])
    assert (one.values, one.asked) == ({"likes": 7, "views": 50}, frozenset({"likes", "views", "comments"}))


@pytest.mark.parametrize(
    ("asked", "later"),
    [
        # Asked for and not told, or not spoken of at all where it was before.
        (("likes", "comments"), {"comments": 60}),
        ((), {"comments": 60}),
        (("likes", "comments"), {}),
    ],
)
def test_a_part_that_a_reading_hides_leaves_no_sum_there(asked: Sequence[str], later: dict[str, int]) -> None:
    series = engagements_of([early(24, likes=1_000, comments=50), early(72, *asked, **later)])
    assert checkpoint(series, PUBLISHED, NOW, "24h") == seen("24h", 1_050, 24)
    assert checkpoint(series, PUBLISHED, NOW, "72h") == Checkpoint(age="72h", missing="not_reported")


def test_a_line_has_two_ends_of_the_same_parts() -> None:
    hidden = [early(20, likes=10, comments=1), early(30, "likes", comments=2)]
    assert checkpoint(engagements_of(hidden), PUBLISHED, NOW, "24h").missing == "not_reported"
    joined = [early(20, likes=10), early(30, likes=20, comments=2)]  # comments are offered from then on
    assert checkpoint(engagements_of(joined), PUBLISHED, NOW, "24h").missing == "not_reported"
    assert (
        checkpoint(engagements_of([*joined, early(72, likes=30, comments=3)]), PUBLISHED, NOW, "72h").value
        == 33
    )


def test_a_reading_that_says_nothing_of_engagements_hides_none() -> None:
    series = engagements_of([early(23.5, likes=10), early(24, views=900), early(24.4, likes=12)])
    assert checkpoint(series, PUBLISHED, NOW, "24h") == seen("24h", 12, 24.4)
    silent = [early(20, likes=10), early(72, views=900)]
    assert checkpoint(engagements_of(silent), PUBLISHED, NOW, "72h").missing == "not_reported"
    assert checkpoint(engagements_of(silent), PUBLISHED, NOW, "28d").missing == "not_observed"


def test_impressions_never_stand_in_for_views() -> None:
    series = exposure_of(
        [
            early(24, views=1_000, impressions=1_500),
            early(72, "views", impressions=9_000),
            early(168, views=3_000),
        ]
    )
    assert series.name == "views"
    assert [checkpoint(series, PUBLISHED, NOW, age).value for age in ("24h", "72h", "7d")] == [
        1_000,
        None,
        3_000,
    ]
    assert checkpoint(series, PUBLISHED, NOW, "72h").missing == "not_reported"
    unasked = exposure_of([early(24, views=1_000), early(72, impressions=9_000)])
    assert checkpoint(unasked, PUBLISHED, NOW, "72h").missing == "not_reported"
    alone = exposure_of([early(24, "views", impressions=1_500)])
    assert (alone.name, checkpoint(alone, PUBLISHED, NOW, "24h").value) == ("impressions", 1_500)
    assert exposure_of([early(24, likes=1)]).name is None


def test_a_post_is_too_young_until_the_very_age() -> None:
    series, then = read((23.9, 5)), BORN + 24 * HOUR
    assert checkpoint(series, PUBLISHED, then - MINUTE, "24h").missing == "too_young"
    assert checkpoint(series, PUBLISHED, then, "24h") == seen("24h", 5, 23.9)


def test_an_age_that_is_no_checkpoint_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        checkpoint(read(), PUBLISHED, NOW, "2h")


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "UTC", "America/New_York", "Pacific/Niue"])
def test_a_post_published_on_a_day_has_no_young_age(zone: str) -> None:
    where = ZoneInfo(zone)
    born = publication_of(None, day_number(day("2026-09-10")), where)
    assert born is not None
    assert born.at.astimezone(where).isoformat()[:16] == "2026-09-10T12:00"
    week, month = (
        Early(born.at + timedelta(days=days), {"likes": days}, frozenset({"likes"})) for days in (7, 28)
    )
    young = Early(born.at + HOUR, {"likes": 1}, frozenset({"likes"}))
    series = engagements_of([young, week, month])
    found = [checkpoint(series, born, NOW, age) for age in CHECKPOINTS]
    assert [each.missing for each in found] == [*["published_as_day"] * 4, None, None]
    assert [each.value for each in found[4:]] == [7, 28]
    # Also while it would be too young for that age.
    assert checkpoint(series, born, born.at, "24h").missing == "published_as_day"
    assert checkpoint(series, born, born.at, "7d").missing == "too_young"


def test_a_day_is_a_day_old_when_the_day_after_it_is_over() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    the_24th = day_number(day("2026-10-24"))  # the clocks are put back on the 25th
    on_a_day = publication_of(None, the_24th, berlin)
    assert on_a_day is not None
    assert a_day_old(on_a_day, berlin) == at("2026-10-25 23:00")
    exact = publication_of(at("2026-10-24 15:00"), the_24th, berlin)
    assert exact == Publication(at("2026-10-24 15:00"))
    assert a_day_old(exact, berlin) == at("2026-10-25 15:00")
    assert publication_of(None, None, berlin) is None


@given(st.floats(0, 0.999), st.integers(0, 2**32), st.integers(0, 55))
def test_a_post_read_by_the_ladder_is_read_at_every_checkpoint(begin: float, key: int, late: int) -> None:
    """Whatever the account's ticks, from a first read within the first hour, each read a little late."""
    when, readings = BORN + timedelta(hours=begin), []
    while when < BORN + timedelta(days=40):
        readings.append(Early(when, {"likes": int((when - BORN) / MINUTE)}, frozenset({"likes"})))
        when = next_read(f"account {key}", BORN, when) + timedelta(seconds=late)
    series = engagements_of(readings)
    for each in (checkpoint(series, PUBLISHED, NOW, age) for age in CHECKPOINTS):
        assert each.value is not None
        assert not each.interpolated
        assert each.observed_age_seconds is not None
        assert each.observed_age_seconds // 60 == each.value
        off = abs(each.value - CHECKPOINTS[each.age] / MINUTE)
        assert off <= min(60, 0.1 * CHECKPOINTS[each.age] / MINUTE)


@given(
    st.dictionaries(st.integers(-3, 60 * 24), st.integers(0, 10**15), max_size=12),
    st.sampled_from(sorted(CHECKPOINTS)),
)
def test_a_value_is_read_or_lies_between_two_that_were(readings: dict[int, int], age: str) -> None:
    found = checkpoint(read(*readings.items()), PUBLISHED, NOW, age)
    if found.interpolated:
        assert found.value is not None
        assert min(readings.values()) <= found.value <= max(readings.values())
        wanted = CHECKPOINTS[age] / HOUR
        low = max(hours for hours in readings if hours <= wanted)
        high = min(hours for hours in readings if hours > wanted)
        exact = float(np.interp(wanted, [low, high], [readings[low], readings[high]]))
        assert math.isclose(found.value, exact, abs_tol=0.6, rel_tol=1e-12)
    elif found.value is not None:
        assert found.observed_age_seconds is not None
        assert readings[round(found.observed_age_seconds / 3_600)] == found.value
    assert (found.value is None) == (found.missing is not None)
    assert (found.observed_age_seconds is None) == (found.value is None or found.interpolated)


def test_what_the_limits_promise_holds() -> None:
    """A line over the widest gap understates growth like any power up to linear by 4 % at most; a near
    reading is a tenth off at most."""
    worst = 0.0
    for power in np.linspace(0.02, 1, 50):
        for low in np.linspace(0, 1, 101):
            high = low + WIDEST
            line = low**power + (high**power - low**power) * (1 - low) / WIDEST
            worst = max(worst, 1 - line)
    assert 0.03 < worst <= 0.04
    for age in CHECKPOINTS.values():
        put_off = TICKS[interval_at(age - MINUTE)]
        assert put_off < min(NEAR * age, HOUR)
    assert all((1 + NEAR) ** power - 1 <= 0.1 + 1e-9 for power in np.linspace(0, 1, 11))
