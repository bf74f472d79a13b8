"""What is taken out of responses before posts are compared."""

import math
from datetime import datetime, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import median_abs_deviation

from afterpost.domain.background import AROUND, OUTLYING, OWN, STRETCH, Dated, strata, without_background
from packages.core.tests.house import NOW


def posts_of(responses: list[float], series: str = "acc", every: float = 1.0) -> list[Dated]:
    """One after another, `every` so many days."""
    return [Dated(series, NOW + timedelta(days=every * n), value) for n, value in enumerate(responses)]


def cleaned(posts: list[Dated], *, by_weekday: bool = False) -> list[float]:
    days = [post.published_at.weekday() for post in posts] if by_weekday else None
    return without_background(posts, strata(posts), days)


def correlation(one: list[float], another: list[float]) -> float:
    return float(np.corrcoef(one, another)[0, 1])


# --- strata ---


@pytest.mark.parametrize(("count", "stretches"), [(1, 1), (74, 1), (76, 2), (500, 10)])
def test_stretches_hold_about_fifty_posts_in_a_row(count: int, stretches: int) -> None:
    found = strata(posts_of([0.0] * count))
    assert found == sorted(found)
    sizes = [found.count(stratum) for stratum in dict.fromkeys(found)]
    assert len(sizes) == stretches
    assert max(sizes) - min(sizes) <= 1
    assert STRETCH == 50


def test_series_are_never_compared_with_each_other() -> None:
    found = strata([*posts_of([0.0] * 60, "a"), *posts_of([0.0] * 300, "b")])
    assert {series for series, _ in found[:60]} == {"a"}
    assert {series for series, _ in found[60:]} == {"b"}


def test_posts_of_one_instant_share_a_stretch() -> None:
    assert len(set(strata([Dated("a", NOW, float(n)) for n in range(400)]))) == 1


# --- outliers ---


def test_a_viral_post_counts_as_three_standard_deviations() -> None:
    rng = Random(3)
    responses = [rng.gauss(0, 1) for _ in range(49)] + [30.0]
    found = cleaned(posts_of(responses, every=1 / 200))
    middle = float(np.median(responses))
    limit = OUTLYING * float(median_abs_deviation(responses, scale="normal"))
    expected = np.clip(np.array(responses) - middle, -limit, limit)
    # What is left of the weather changes little here.
    assert np.allclose(found, expected - expected.mean(), atol=0.4)
    assert max(found) < 4 < 30


def test_where_most_posts_do_the_same_none_is_an_outlier() -> None:
    found = cleaned(posts_of([0.0] * 20 + [5.0]))
    assert found[-1] == pytest.approx(5.0 * 20 / 21, abs=0.5)


# --- weekdays and weather ---


@pytest.mark.parametrize("size", [OWN, 700])
def test_weekdays_are_taken_out(size: int) -> None:
    rng = Random(5)
    noise = [rng.gauss(0, 0.3) for _ in range(size)]
    posts = posts_of(noise)
    posts = [post._replace(response=post.response + (post.published_at.weekday() > 4)) for post in posts]
    found = cleaned(posts, by_weekday=True)
    days = [post.published_at.weekday() for post in posts]
    for weekday in range(7):
        own = [value for value, day in zip(found, days, strict=True) if day == weekday]
        assert abs(sum(own) / len(own)) < 0.05
    assert correlation(found, noise) > 0.9
    kept = cleaned(posts)
    assert sum(v for v, day in zip(kept, days, strict=True) if day > 4) / size > 0.1


def test_accounts_with_few_posts_share_their_weekdays() -> None:
    """Seven posts on seven weekdays would be nothing but their weekdays."""
    rng = Random(6)
    posts = [
        Dated(f"acc{account}", NOW + timedelta(days=n), rng.gauss(0, 1))
        for account in range(30)
        for n in range(7)
    ]
    found = cleaned(posts, by_weekday=True)
    assert correlation(found, [post.response for post in posts]) > 0.8


def test_luck_that_lasts_is_taken_out_and_independent_posts_stay_as_they_are() -> None:
    rng = Random(7)
    luck, lucks, noise = 0.0, [], [rng.gauss(0, 0.5) for _ in range(1_000)]
    for _ in noise:
        luck = 0.9 * luck + rng.gauss(0, 0.3)
        lucks.append(luck)
    both = cleaned(posts_of([a + b for a, b in zip(lucks, noise, strict=True)]))
    assert (
        correlation(both, noise)
        > 0.8
        > correlation([a + b for a, b in zip(lucks, noise, strict=True)], noise)
    )
    assert abs(correlation(both[1:], both[:-1])) < 0.3
    assert correlation(cleaned(posts_of(noise)), noise) > 0.98
    assert AROUND == 5


# --- properties ---

dated = st.lists(
    st.builds(
        Dated,
        st.sampled_from(["a", "b"]),
        st.integers(0, 40).map(lambda hours: NOW + timedelta(hours=9 * hours)),
        st.sampled_from([0.0, 1.0, -7.25]) | st.floats(-30, 30),
    ),
    max_size=50,
)


@given(dated.flatmap(lambda each: st.tuples(st.just(each), st.permutations(range(len(each))))))
def test_the_order_of_posts_changes_nothing(asked: tuple[list[Dated], list[int]]) -> None:
    posts, order = asked
    found = cleaned(posts, by_weekday=True)
    again = cleaned([posts[n] for n in order], by_weekday=True)
    # Where equal instants have equal posts, the same value may be handed over to either.
    pairs = sorted(zip([posts[n] for n in order], again, strict=True))
    assert pairs == sorted(zip(posts, found, strict=True))


@given(dated)
def test_what_is_left_is_finite_and_there_for_each_post(posts: list[Dated]) -> None:
    found = cleaned(posts, by_weekday=True)
    assert len(found) == len(posts)
    assert all(math.isfinite(value) for value in found)


def test_an_instant_is_an_instant_in_any_zone() -> None:
    posts = posts_of([0.5, -0.5, 1.0])
    moved = [
        post._replace(published_at=datetime.fromisoformat(post.published_at.isoformat())) for post in posts
    ]
    assert cleaned(moved) == cleaned(posts)
