"""Effects of labels and their test: against SciPy, least squares, and every possible order."""

import itertools
import math
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, permutation_test

from afterpost.domain import effects as module
from afterpost.domain.effects import (
    CLEAR,
    EXCEEDED,
    LEANING,
    SHUFFLES,
    Effects,
    Sample,
    effects,
    lift,
    response,
)
from afterpost.domain.ranking import ENOUGH


def log_of(percent: float | None) -> float:
    """A lift as the difference of logs that it is."""
    assert percent is not None
    return math.log1p(percent / 100)


def drawn(
    rng: Random, labels: int, posts: int, *, strata: int = 1, boost: float = 0.0, sd: float = 0.5
) -> list[Sample]:
    """Posts of random strata and labels; label 0 does better by `boost`."""
    return [
        Sample(("acc", rng.randrange(strata)), (label,), rng.gauss(boost if label == 0 else 0.0, sd))
        for label in (rng.randrange(labels) for _ in range(posts))
    ]


# --- the response ---


def test_a_response_is_zero_where_the_expectation_is_met_and_counts_nothing_as_one() -> None:
    assert response(50, 50.0) == 0
    assert response(0, 0.0) == 0
    assert response(-3, -1.0) == 0
    assert response(0, 9.0) == pytest.approx(-math.log(10))
    assert response(9, 0.0) == pytest.approx(math.log(10))
    assert response(200_000, 100_000.0) == pytest.approx(math.log(2), abs=1e-5)
    assert lift(math.log(2)) == pytest.approx(100)
    assert lift(0) == 0


# --- the estimate ---


@pytest.mark.parametrize("seed", range(5))
def test_effects_are_those_of_least_squares_with_a_mean_for_each_stratum(seed: int) -> None:
    rng = Random(seed)
    samples = [
        Sample(("acc", stratum), (rng.randrange(3),), stratum + rng.uniform(-1, 1))  # no outliers in it
        for stratum in range(4)
        for _ in range(30)
    ]
    found = effects(samples, seed=1)
    for label in range(3):
        columns = [[float(sample.labels[0] == label) for sample in samples]]
        columns += [[float(sample.stratum[1] == n) for sample in samples] for n in range(4)]
        y = np.array([sample.response for sample in samples])
        solved, *_ = np.linalg.lstsq(np.array(columns).T, y, rcond=None)
        effect = found.of[label]
        assert log_of(effect.plain_lift) == pytest.approx(float(solved[0]))
        assert effect.posts == sum(sample.labels[0] == label for sample in samples)
        x = np.array(columns[0]) - np.array(columns[1:]).T @ np.array(
            [
                sum(sample.labels[0] == label for sample in samples if sample.stratum[1] == n) / 30
                for n in range(4)
            ]
        )
        assert effect.compared == pytest.approx(float(x @ x))


def test_the_interval_is_that_of_every_possible_order() -> None:
    """Two labels are not shrunk, so the interval's width shows the variance that shuffling really has."""
    samples = [Sample(("a", 0), (n % 2,), value) for n, value in enumerate((0.1, 0.5, -0.3, 0.9, 0.2))]
    samples += [Sample(("b", 0), (int(n > 0),), value) for n, value in enumerate((0.0, 0.4, 0.3))]
    first, second = (
        [each.response for each in samples if each.stratum == key] for key in (("a", 0), ("b", 0))
    )
    sums = [
        sum(np.array(one)[[0, 2, 4]] - np.mean(first)) + another[0] - float(np.mean(second))
        for one in itertools.permutations(first)
        for another in itertools.permutations(second)
    ]
    effect = effects(samples, seed=1).of[0]
    reach = (log_of(effect.high) - log_of(effect.low)) / 2
    expected = float(np.std(sums)) / effect.compared * float(norm.ppf(0.95))
    assert reach == pytest.approx(expected)


# --- the test ---


def difference(x: Sequence[float], y: Sequence[float], axis: int = -1) -> object:
    """The statistic as SciPy wants it."""
    return np.mean(x, axis=axis) - np.mean(y, axis=axis)


@pytest.mark.parametrize("boost", [0.0, 0.25, 0.4])
def test_the_chance_is_that_of_scipys_permutation_test(boost: float) -> None:
    """With two labels, whichever does better, one of them does: the chance is the two-sided one."""
    for seed in range(4):
        samples = drawn(Random(seed), 2, 60, boost=boost, sd=0.6)
        first, second = ([s.response for s in samples if s.labels == (n,)] for n in (0, 1))
        expected = permutation_test(
            (first, second), difference, vectorized=True, n_resamples=4_000, rng=np.random.default_rng(seed)
        ).pvalue
        found = effects(samples, seed=seed)
        assert found.better == found.worse
        assert found.better is not None
        # Three standard errors of so many shuffles, and the resolution of them.
        assert (
            abs(found.better - expected) <= 3 * math.sqrt(expected * (1 - expected) / found.shuffles) + 0.01
        )


def test_shuffling_ends_early_where_chance_does_as_well() -> None:
    ended = [effects(drawn(Random(seed), 6, 200), seed=seed) for seed in range(20)]
    assert all(EXCEEDED <= found.shuffles <= SHUFFLES for found in ended)
    assert sum(found.shuffles < SHUFFLES for found in ended) >= 15
    assert effects(drawn(Random(1), 6, 200, boost=2.0), seed=1).shuffles == SHUFFLES


@pytest.mark.parametrize("seed", range(4))
def test_the_normal_limit_agrees_with_shuffling(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = drawn(Random(seed), 12, 1_500, strata=20, boost=0.12)
    shuffled = effects(samples, seed=seed)
    monkeypatch.setattr(module, "SHUFFLED_UP_TO", 0)
    computed = effects(samples, seed=seed)
    assert computed.shuffles == 0
    for label, effect in computed.of.items():
        chance, other = effect.chance, shuffled.of[label].chance
        assert chance is not None
        assert other is not None
        # It adds up what excludes each other, so it is the more careful one, hardly where it matters.
        error = 3 * math.sqrt(max(other * (1 - other), 0.002) / shuffled.shuffles)
        assert chance >= other - error
        if other <= 0.1:
            assert chance <= other + error + 0.01


@given(st.floats(-8, 8), st.integers(1, 40))
def test_the_normal_limit_is_scipys(distance: float, labels: int) -> None:
    expected = min(1.0, labels * float(norm.sf(distance)))
    assert module._beyond(distance, labels) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_the_limit_is_used_above_its_number_of_posts() -> None:
    samples = drawn(Random(5), 4, module.SHUFFLED_UP_TO + 1)
    assert effects(samples, seed=1).shuffles == 0
    assert effects(samples[:-1], seed=1).shuffles > 0


def test_without_an_effect_chances_are_evenly_spread() -> None:
    """What makes a chance a chance: below any level lie as many as the level says, here of 300."""
    chances = [effects(drawn(Random(seed), 5, 80, strata=3), seed=seed).better or 0 for seed in range(300)]
    for level in (0.05, 0.2, 0.5):
        share = sum(chance <= level for chance in chances) / 300
        assert abs(share - level) <= 3 * math.sqrt(level * (1 - level) / 300)


def test_what_does_better_is_found_and_what_does_worse() -> None:
    samples = drawn(Random(2), 5, 300, boost=0.6)
    found = effects(samples, seed=1)
    assert found.of[0].is_better
    assert found.better is not None
    assert found.better <= CLEAR
    worse = effects([sample._replace(response=-sample.response) for sample in samples], seed=1)
    assert worse.of[0].verdict == "clear"
    assert not worse.of[0].is_better
    assert worse.worse is not None
    assert worse.worse <= CLEAR


def test_verdicts_follow_the_chance_and_the_interval() -> None:
    seen = set()
    for seed in range(60):
        for effect in effects(drawn(Random(seed), 6, 150, boost=0.25), seed=seed).of.values():
            assert effect.chance is not None
            assert effect.low is not None
            assert effect.high is not None
            outside = effect.low > 0 or effect.high < 0
            if effect.verdict == "clear":
                assert outside
                assert effect.chance <= CLEAR
            elif effect.verdict == "leaning":
                assert outside
                assert CLEAR < effect.chance <= LEANING
            else:
                assert effect.chance > LEANING or not outside
            seen.add(effect.verdict)
    assert seen == {"clear", "leaning", "not_enough_evidence"}


# --- the edges ---


def silent(found: Effects) -> bool:
    """Nothing is said of anything."""
    return (found.better, found.worse, found.shuffles) == (None, None, 0) and all(
        effect.verdict == "not_enough_evidence" and effect.chance is None for effect in found.of.values()
    )


@pytest.mark.parametrize(
    "samples",
    [
        [],
        [Sample(("a", 0), (1,), 0.5)],
        [Sample(("a", 0), (1,), 0.5), Sample(("a", 0), (2,), 9.5)],
        [Sample(("a", n), (n,), float(n)) for n in range(50)],  # nothing to compare any with
        [Sample(("a", 0), (1,), float(n)) for n in range(50)],  # one label on all
        [Sample(("a", 0), (n % 3,), 0.1) for n in range(50)],  # all do the same
        [Sample(("a", 0), (n,), float(n)) for n in range(50)],  # a label each
    ],
)
def test_nothing_is_said_without_evidence(samples: list[Sample]) -> None:
    found = effects(samples, seed=1)
    assert silent(found)
    assert found.posts == len(samples)
    assert sum(effect.posts for effect in found.of.values()) == len(samples)


def test_a_label_needs_eight_posts_to_be_tested() -> None:
    common = [Sample(("a", 0), (0,), n / 40) for n in range(40)]
    rare = [Sample(("a", 0), (1,), 5.0) for _ in range(ENOUGH)]
    assert effects([*common, *rare[1:]], seed=1).of[1].chance is None
    assert effects([*common, *rare], seed=1).of[1].verdict == "clear"


samples_drawn = st.lists(
    st.builds(
        Sample,
        st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 1)),
        st.tuples(st.integers(0, 3), st.sampled_from(["x", "y"])),
        # No further apart than a lift, which is a percentage, can still tell them.
        st.sampled_from([0.0, 0.1, -2.0, 7.5]) | st.floats(-7, 7),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(samples_drawn.flatmap(lambda each: st.tuples(st.just(each), st.permutations(each))))
def test_the_order_of_posts_changes_nothing(orders: tuple[list[Sample], list[Sample]]) -> None:
    one, another = orders
    assert effects(one, seed=4) == effects(another, seed=4)


@settings(deadline=None)
@given(samples_drawn, st.floats(-5, 5))
def test_what_a_whole_stratum_shares_changes_nothing(samples: list[Sample], shift: float) -> None:
    moved = [
        sample._replace(response=sample.response + shift) if sample.stratum == ("a", 0) else sample
        for sample in samples
    ]
    one, another = effects(samples, seed=4), effects(moved, seed=4)
    for label, effect in one.of.items():
        other = another.of[label]
        assert effect.posts == other.posts
        if effect.plain_lift is not None and other.plain_lift is not None:
            assert log_of(effect.plain_lift) == pytest.approx(log_of(other.plain_lift), abs=1e-6)
