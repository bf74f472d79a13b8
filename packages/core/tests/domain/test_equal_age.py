"""Values at checkpoints."""

import math
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.domain.ages import HOUR, TICKS, interval_at, next_read
from afterpost.domain.equal_age import CHECKPOINTS, NEAR, WIDEST, Checkpoint, checkpoint, checkpoints
from packages.core.tests.house import NOW

BORN = NOW - timedelta(days=60)
MINUTE = timedelta(minutes=1)


def read(*readings: tuple[float, int]) -> list[tuple[datetime, int]]:
    """Readings at ages in hours."""
    return [(BORN + age * HOUR, value) for age, value in readings]


@pytest.mark.parametrize(
    ("age", "readings", "expected"),
    [
        ("24h", [(24, 100)], Checkpoint(age="24h", value=100)),
        # Near enough: a tenth of the age, an hour at most, before or after.
        ("1h", [(1.1, 7)], Checkpoint(age="1h", value=7)),
        ("1h", [(0.9, 7)], Checkpoint(age="1h", value=7)),
        ("1h", [(1.11, 7)], Checkpoint(age="1h", missing="not_observed")),
        ("28d", [(28 * 24 + 1, 7)], Checkpoint(age="28d", value=7)),
        ("28d", [(28 * 24 + 1.01, 7)], Checkpoint(age="28d", missing="not_observed")),
        # The nearest, of two as near the earlier.
        ("24h", [(23.5, 1), (24.4, 2)], Checkpoint(age="24h", value=2)),
        ("24h", [(23.5, 1), (24.5, 2)], Checkpoint(age="24h", value=1)),
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
        ("24h", [], Checkpoint(age="24h", missing="not_observed")),
        # Read before it was published, a premiere.
        ("6h", [(-1, 10), (7, 90)], Checkpoint(age="6h", missing="not_observed")),
        ("6h", [(-0.5, 10), (5.5, 90)], Checkpoint(age="6h", value=90)),
        # Of one instant the greater value counts.
        ("24h", [(24, 3), (24, 9), (24, 5)], Checkpoint(age="24h", value=9)),
        ("24h", [(12, 0), (36, 3), (36, 10), (36, 5)], Checkpoint(age="24h", value=5, interpolated=True)),
    ],
)
def test_a_checkpoint_by_hand(age: str, readings: list[tuple[float, int]], expected: Checkpoint) -> None:
    assert checkpoint(read(*readings), BORN, NOW, age) == expected
    assert checkpoint(read(*readings[::-1]), BORN, NOW, age) == expected


def test_a_post_is_too_young_until_the_very_age() -> None:
    readings = [(BORN + 23.9 * HOUR, 5)]
    at = BORN + 24 * HOUR
    assert checkpoint(readings, BORN, at - MINUTE, "24h").missing == "too_young"
    assert checkpoint(readings, BORN, at, "24h") == Checkpoint(age="24h", value=5)


def test_every_checkpoint_has_an_answer_youngest_first() -> None:
    found = checkpoints(iter(read((1, 10), (6, 60))), BORN, BORN + 30 * HOUR)
    assert [each.age for each in found] == ["1h", "6h", "24h", "72h", "7d", "28d"]
    assert [each.value for each in found] == [10, 60, None, None, None, None]
    assert [each.missing for each in found] == [None, None, "not_observed", *["too_young"] * 3]


def test_an_age_that_is_no_checkpoint_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        checkpoint([], BORN, NOW, "2h")


@given(st.floats(0, 0.999), st.integers(0, 2**32), st.integers(0, 55))
def test_a_post_read_by_the_ladder_is_read_at_every_checkpoint(begin: float, key: int, late: int) -> None:
    """Whatever the account's ticks, from a first read within the first hour, each read a little late."""
    at, readings = BORN + timedelta(hours=begin), []
    while at < BORN + timedelta(days=40):
        readings.append((at, int((at - BORN) / MINUTE)))
        at = next_read(f"account {key}", BORN, at) + timedelta(seconds=late)
    for each in checkpoints(readings, BORN, NOW):
        assert each.value is not None
        assert not each.interpolated
        off = abs(each.value - CHECKPOINTS[each.age] / MINUTE)
        assert off <= min(60, 0.1 * CHECKPOINTS[each.age] / MINUTE)


@given(
    st.lists(st.tuples(st.integers(-3, 60 * 24), st.integers(0, 10**15)), max_size=12),
    st.sampled_from(sorted(CHECKPOINTS)),
)
def test_a_value_is_read_or_lies_between_two_that_were(readings: list[tuple[int, int]], age: str) -> None:
    known = read(*((float(hours), value) for hours, value in readings))
    found = checkpoint(known, BORN, NOW, age)
    values = [value for _, value in readings]
    if found.interpolated:
        assert found.value is not None
        assert min(values) <= found.value <= max(values)
        at = (BORN + CHECKPOINTS[age]).timestamp()
        near = {instant.timestamp(): value for instant, value in sorted(known)}
        low = max(instant for instant in near if instant <= at)
        high = min(instant for instant in near if instant > at)
        ends = [max(v for i, v in known if i.timestamp() == end) for end in (low, high)]
        exact = float(np.interp(at, [low, high], ends))
        assert math.isclose(found.value, exact, abs_tol=0.6, rel_tol=1e-12)
    elif found.value is not None:
        assert found.value in values
    assert (found.value is None) == (found.missing is not None)


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
