"""Shrunk differences: by hand, and on average where the truth is known."""

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from afterpost.domain.shrinkage import LIMIT, NORMAL_90, Pulled, pulled, spread_of

pairs = st.tuples(st.floats(-5, 5), st.floats(0.001, 10))


def test_the_interval_is_the_normal_one() -> None:
    assert pytest.approx(float(norm.ppf(0.95))) == NORMAL_90


def test_the_spread_by_hand() -> None:
    assert spread_of([]) == 0
    assert spread_of([(0.1, 1.0), (-0.1, 1.0)]) == 0  # less than chance alone
    # 9/1 + 4/2 + 0 = 11 of which chance has 3; 8 over 1 + 1/2 + 1/2.
    assert spread_of([(3.0, 1.0), (2.0, 2.0), (0.0, 2.0)]) == pytest.approx(4.0)


def test_a_pull_by_hand() -> None:
    # The sum of squares is 1, less than chance, so no spread: the pull is (4 - 2)/4 of each estimate.
    found = pulled([(1.0, 1.0), (0.0, 1.0), (0.0, 1.0), (0.0, 1.0)])
    assert found[0].estimate == pytest.approx(0.5)
    # 1 - 0.5 of the variance stays, and (2/2)·(0.5·1)² is for doubt about the pull.
    assert found[0].high - found[0].low == pytest.approx(2 * NORMAL_90 * math.sqrt(0.5 + 0.25))
    assert found[1].estimate == 0


def test_the_pull_ends_at_one_standard_error() -> None:
    outlier, *others = pulled([(4.0, 1.0), *[(0.5 * (-1) ** n, 1.0) for n in range(23)]])
    assert outlier.estimate == pytest.approx(4.0 - LIMIT)
    assert outlier.low > 0
    assert all(abs(each.estimate) < 0.5 for each in others)


@pytest.mark.parametrize("few", [[], [(0.7, 0.04)], [(0.7, 0.04), (-3.0, 0.09)]])
def test_fewer_than_three_stay_as_they_are(few: list[tuple[float, float]]) -> None:
    reach = [NORMAL_90 * math.sqrt(variance) for _, variance in few]
    expected = [Pulled(value, value - r, value + r) for (value, _), r in zip(few, reach, strict=True)]
    assert pulled(few) == expected


@given(st.lists(pairs, max_size=30), st.integers(0, 2**32))
def test_what_always_holds(estimates: list[tuple[float, float]], seed: int) -> None:
    found = pulled(estimates)
    for (value, variance), each in zip(estimates, found, strict=True):
        assert abs(each.estimate) <= abs(value)
        assert each.estimate * value >= 0
        assert abs(value - each.estimate) <= LIMIT * math.sqrt(variance) + 1e-9
        assert each.low <= each.estimate <= each.high
        # Shrinking never claims to know less than the estimate alone.
        assert each.high - each.low <= 2 * NORMAL_90 * math.sqrt(variance) + 1e-9
    order = Random(seed).sample(range(len(estimates)), len(estimates))
    again = pulled([estimates[n] for n in order])
    for n, each in zip(order, again, strict=True):
        assert each == pytest.approx(found[n], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("spread", [0.0, 0.1, 0.3, 1.0])
@pytest.mark.parametrize("count", [6, 24])
def test_intervals_hold_the_truth_in_ninety_percent_and_estimates_are_nearer(
    spread: float, count: int
) -> None:
    """Over buckets of unequal evidence; 90 % on average over them, within three points."""
    rng = np.random.default_rng(7)
    held = total = 0
    own = raw = 0.0
    for _ in range(400):
        variances = rng.choice([0.02, 0.05, 0.2], count)
        truth = rng.normal(0, spread, count)
        seen = rng.normal(truth, np.sqrt(variances))
        for t, s, each in zip(truth, seen, pulled(list(zip(seen, variances, strict=True))), strict=True):
            held += each.low <= t <= each.high
            total += 1
            own += (each.estimate - t) ** 2
            raw += (s - t) ** 2
    assert held / total >= 0.87
    assert own < raw
