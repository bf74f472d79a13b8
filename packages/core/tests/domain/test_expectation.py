"""Expectations and scores, against SciPy and by hand."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import trim_mean

from afterpost.domain.expectation import LAST, PEERS, Expectation, Peer, Pool, expectation, middle_mean, score
from packages.core.tests.house import NOW


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=130))
def test_the_middle_mean_is_scipys_trimmed_mean(values: list[int]) -> None:
    assert middle_mean(values) == pytest.approx(float(trim_mean(values, 0.25)), rel=1e-12)


def test_the_middle_mean_by_hand() -> None:
    assert middle_mean([]) is None
    assert middle_mean([7]) == 7
    assert middle_mean([1, 2, 900]) == 301  # of three, a quarter is less than one
    assert middle_mean([900, 1, 2, 4]) == 3
    assert middle_mean([0, 0, 5, 6, 7, 8, 900, 900, 900]) == pytest.approx((5 + 6 + 7 + 8 + 900) / 5)


def test_the_account_speaks_first_then_the_platform_then_nobody() -> None:
    own, others = list(range(8)), [100] * 20
    assert expectation(own, others) == Expectation(expected=3.5, posts=8, pool="account")
    assert expectation(own[:7], others) == Expectation(expected=100, posts=20, pool="platform")
    assert expectation(own[:7], others[:7]) is None


def daily(*values: int | None) -> Pool:
    """A pool with a post a day; the first is post 0."""
    return Pool(Peer(NOW + timedelta(days=n), n, value) for n, value in enumerate(values))


def test_the_last_hundred_with_a_value_count_among_the_last_two_hundred() -> None:
    later = NOW + timedelta(days=10_000)
    assert daily(*[1] * 50, *[3] * LAST).before(later, 0) == [3] * LAST
    # Posts without a value stand among the two hundred that are looked at, and not among the hundred.
    assert daily(*[3] * LAST, *[None] * 60).before(later, 0) == [3] * LAST
    assert daily(*[3] * LAST, *[None] * (PEERS - 40)).before(later, 0) == [3] * 40
    assert daily(*[3] * LAST, *[None] * PEERS).before(later, 0) == []


def test_a_post_never_expects_itself_nor_what_came_later() -> None:
    pool = daily(*range(10))
    assert pool.before(NOW + timedelta(days=4), 4) == [0, 1, 2, 3]
    # Of one instant, the post with the smaller id is the earlier one.
    together = Pool(Peer(NOW, n, n) for n in (3, 1, 2))
    assert [together.before(NOW, n) for n in (1, 2, 3, 4)] == [[], [1], [1, 2], [1, 2, 3]]


@pytest.mark.parametrize("seed", range(6))
def test_a_pool_is_what_counting_one_by_one_says(seed: int) -> None:
    rng = Random(seed)
    peers = [
        Peer(
            NOW + timedelta(hours=rng.randrange(60)), n, None if rng.random() < 0.4 else rng.randrange(1_000)
        )
        for n in range(400)
    ]
    rng.shuffle(peers)
    pool = Pool(peers)
    for peer in peers:
        earlier = sorted(each[:2] for each in peers if each[:2] < peer[:2])[-PEERS:]
        values = {each[:2]: each.value for each in peers}
        known = [value for key in earlier if (value := values[key]) is not None]
        assert pool.before(peer.published_at, peer.post_id) == known[-LAST:]


def test_a_score_is_actual_over_expected() -> None:
    expected = Expectation(expected=50.0, posts=9, pool="account")
    assert score(75, expected) == 1.5
    assert score(0, expected) == 0
    assert score(None, expected) is None
    assert score(75, None) is None
    assert score(75, Expectation(expected=0.0, posts=9, pool="account")) is None
