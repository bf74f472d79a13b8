"""Expectations and scores, against SciPy and by hand."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import trim_mean

from afterpost.domain.expectation import (
    LAST,
    Expectation,
    Peer,
    expectation,
    expectations,
    middle_mean,
    score,
)
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


def test_only_the_last_hundred_count() -> None:
    assert expectation([10**6] * 50 + [3] * LAST, []) == Expectation(expected=3, posts=100, pool="account")


def slow(peers: Sequence[Peer]) -> list[Expectation | None]:
    """The same, post by post."""
    found = []
    for peer in peers:
        earlier = sorted(each for each in peers if each[:2] < peer[:2])
        known = [each for each in earlier if each.value is not None]
        own = [each.value or 0 for each in known if each.account == peer.account]
        found.append(expectation(own, [each.value or 0 for each in known if each.platform == peer.platform]))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_all_at_once_is_the_same_as_one_by_one(seed: int) -> None:
    rng = Random(seed)
    peers = [
        Peer(
            NOW + timedelta(hours=rng.randrange(40)),
            n,
            (rng.randrange(3), rng.choice(["video", "image"])),
            rng.choice(["net", "net", "other"]),
            None if rng.random() < 0.1 else rng.randrange(1_000),
        )
        for n in range(300)
    ]
    rng.shuffle(peers)
    assert expectations(peers) == slow(peers)
    pools = {each.pool if each else None for each in expectations(peers)}
    assert pools == {"account", "platform", None}


def test_a_post_never_expects_itself_nor_what_came_later() -> None:
    peers = [Peer(NOW + timedelta(hours=n), n, "a", "net", 10) for n in range(20)]
    changed = [*peers[:12], *(peer._replace(value=10**9) for peer in peers[12:])]
    assert expectations(changed)[:13] == expectations(peers)[:13]
    assert expectations(peers)[:8] == [None] * 8


def test_a_score_is_actual_over_expected() -> None:
    expected = Expectation(expected=50.0, posts=9, pool="account")
    assert score(75, expected) == 1.5
    assert score(0, expected) == 0
    assert score(None, expected) is None
    assert score(75, None) is None
    assert score(75, Expectation(expected=0.0, posts=9, pool="account")) is None
